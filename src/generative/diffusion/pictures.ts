/** Pictures of diffusion: noising and denoising, schedules, inpainting. */

import { joined, rows } from "../../data/arrays.ts";
import { batchAt, showcase } from "../../data/passes.ts";
import type { Picture } from "../../model/contract.ts";
import { chartSvg } from "../../plot/chart.ts";
import { imageFigure } from "../../plot/images.ts";
import { lineChart } from "../../plot/lines.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { imagesOf } from "../examples.ts";
import { paths, row, slerp } from "../latent.ts";
import type { DiffusionContext } from "./config.ts";
import type { DiffusionLooks, Film } from "./looks.ts";
import type { SamplingPlan } from "./samplers.ts";
import { type Images, initialNoise, noiseFor, type Progress } from "./sampling.ts";
import { pixels, toModelRange } from "./scaling.ts";
import type { NoiseSchedule } from "./schedule.ts";

/** Images whose denoising is shown. */
const SHOWN = 8;

/** The mean squared error of pixels or coordinates. */
export function meanError(a: Images, b: Images): number {
  let sum = 0;
  for (const [i, value] of a.data.entries()) sum += (value - b.data[i]!) ** 2;
  return sum / a.data.length;
}

/** About `count` evenly spaced indices from 0 to last, both included. */
const spread = (last: number, count: number): Set<number> =>
  new Set(Array.from({ length: count }, (_, i) => Math.round((i * last) / (count - 1))));

/** The number of columns of a strip, and of frames of an animation. */
const [COLUMNS, FRAMES] = [11, 40];

/** Records the denoising of the first few images: x_t, and the network's estimate x̂₀. */
class ImageFilm implements Film {
  readonly #shown: number;
  readonly #columns: ReadonlySet<number>;
  readonly #frames: ReadonlySet<number>;
  readonly #kept: { t: string; x: Images; x0: Images | undefined; column: boolean; frame: boolean }[] = [];
  readonly #name: string;

  constructor(plan: SamplingPlan, shown: number) {
    const last = plan.steps.length;
    this.#name = plan.name;
    this.#shown = shown;
    this.#columns = spread(last, COLUMNS);
    this.#frames = spread(last, FRAMES);
  }

  begin(x: Images): void {
    this.#keep(0, "noise", x, undefined);
  }

  add({ step, steps, t, x, x0 }: Progress): void {
    this.#keep(step, step === steps ? "image" : `t < ${t}`, x, x0);
  }

  #keep(step: number, t: string, x: Images, x0: Images | undefined): void {
    const [column, frame] = [this.#columns.has(step), this.#frames.has(step)];
    if (!column && !frame) return;
    const few = (images: Images): Images => pixels(rows(images, 0, this.#shown));
    this.#kept.push({ t, x: few(x), x0: x0 && few(x0), column, frame });
  }

  /** Each image in two rows: x_t above the network's estimate of the finished image. */
  async pictures(): Promise<Picture[]> {
    const columns = this.#kept.filter(({ column }) => column);
    const across = (i: number, pick: (k: (typeof columns)[number]) => Images): Images =>
      joined(columns.map((k) => rows(pick(k), i, i + 1)));
    const figure = Array.from({ length: Math.min(this.#shown, 4) }, (_, i) => [
      { name: "x", images: across(i, ({ x }) => x) },
      { name: "x̂₀", images: across(i, ({ x, x0 }) => x0 ?? x) },
    ]);
    const svg = await imageFigure({
      title: "From noise to image",
      subtitle: `${this.#name}; x̂₀ is the network's estimate of the finished image`,
      rows: figure.flat(),
      columns: columns.map(({ t }) => t),
      size: 56,
    });
    return [{ name: "denoising", svg }];
  }

  animation(): Picture {
    const frames = this.#kept.filter(({ frame }) => frame).map(({ x }) => x);
    return { name: "denoising", frames, columns: Math.min(this.#shown, 8) };
  }
}

/** Test images with more and more noise: q(x_t | x₀) (Ho et al. 2020, eq. 4). */
async function noisingStrip(
  schedule: NoiseSchedule,
  context: Pick<DiffusionContext, "data" | "key">,
  count = 4,
): Promise<Picture> {
  const { key } = context;
  const { test } = await imagesOf(context, "a picture of noising");
  const { x: images } = await batchAt(test, await showcase(test, count));
  const x0 = toModelRange(images);
  const noise = noiseFor(key.split("noising"), images.shape.slice(1), count);
  const times = [-1, ...spread(schedule.T - 1, COLUMNS - 1)];
  const noisy = times.map((t) => {
    const { signal, noise: level } = schedule.level(t);
    return ndarray(
      x0.data.map((v, i) => signal * v + level * noise.data[i]!),
      x0.shape,
    );
  });
  const svg = await imageFigure({
    title: "From image to noise",
    subtitle: `${schedule.name} schedule, T = ${schedule.T}; t above the columns`,
    rows: Array.from({ length: count }, (_, i) => ({
      images: pixels(joined(noisy.map((x) => rows(x, i, i + 1)))),
    })),
    columns: times.map((t) => (t < 0 ? "image" : String(t))),
    size: 56,
  });
  return { name: "noising", svg };
}

export const QUANTITIES = {
  "signal-level": {
    title: "Signal level",
    y: "√ᾱ",
    of: (s: NoiseSchedule, t: number) => s.level(t).signal,
    scale: "linear",
  },
  snr: {
    title: "Signal-to-noise ratio",
    y: "ᾱ / (1 − ᾱ)",
    of: (s: NoiseSchedule, t: number) => s.snr(t),
    scale: "log",
  },
  "posterior-variance": {
    title: "Variance of the posterior q(x_{t−1} | x_t, x₀)",
    y: "β̃",
    // At t = 0 the posterior is a point.
    of: (s: NoiseSchedule, t: number) => s.posterior(Math.max(t, 1)).variance,
    scale: "log",
  },
} as const;

/** Points per curve: schedules are smooth. */
const POINTS = 200;

/** A quantity of schedules over time, one line each. */
export async function schedulePicture(
  schedules: readonly NoiseSchedule[],
  quantity: keyof typeof QUANTITIES = "snr",
): Promise<Picture> {
  const { title, y, of, scale } = QUANTITIES[quantity];
  const lines = schedules.map((schedule) => {
    const times = [...spread(schedule.T - 1, Math.min(POINTS, schedule.T))];
    return {
      name: schedule.name,
      x: times.map((t) => t / schedule.T),
      y: times.map((t) => of(schedule, t)),
    };
  });
  const subtitle = schedules.map(({ name, T }) => `${name} (T = ${T})`).join(", ");
  const chart = lineChart({ title, subtitle, x: "t / T", y }, lines, { yScale: scale });
  return { name: quantity, svg: await chartSvg(chart) };
}

const HIDDEN = 0.5;

export async function inpainting(images: Images, mask: Images, made: Images): Promise<Picture> {
  const size = sizeOf(images.shape.slice(2));
  const channels = images.shape[1]!;
  const shown = ndarray(
    images.data.map((v, i) => {
      const pixel = Math.floor(i / (size * channels)) * size + (i % size);
      return mask.data[pixel] === 1 ? v : HIDDEN;
    }),
    images.shape,
  );
  const svg = await imageFigure({
    title: "Inpainting",
    rows: [
      { name: "image", images },
      { name: "given", images: shown },
      { name: "inpainted", images: pixels(made) },
    ],
  });
  return { name: "inpainting", svg };
}

/** Images, the noise they are encoded to, and the images decoded from it. */
async function encoding(images: Images, noise: Images, back: Images): Promise<Picture> {
  const grey = noise.data.map((v) => Math.min(1, Math.max(0, 0.5 + v / 6)));
  const noiseShown = ndarray(grey, noise.shape);
  const svg = await imageFigure({
    title: "Image → noise → image",
    rows: [
      { name: "image", images },
      { name: "noise", images: noiseShown },
      { name: "back", images: back },
    ],
  });
  return { name: "encoding", svg };
}

/** Rows of η, columns of S; every cell starts from the same noises. */
async function stepsFigure(
  cells: readonly (readonly Images[])[],
  steps: readonly number[],
  etas: readonly (number | "sigma-hat")[],
): Promise<Picture> {
  const each = cells[0]![0]!.shape[0]!;
  const svg = await imageFigure({
    title: "Randomness and number of steps",
    subtitle: "every cell from the same noise",
    rows: cells.map((row, i) => ({
      name: etas[i] === "sigma-hat" ? "σ̂" : `η = ${etas[i]}`,
      images: pixels(joined(row)),
    })),
    columns: steps.flatMap((S) => Array.from({ length: each }, (_, i) => (i === 0 ? `S = ${S}` : ""))),
    size: 56,
  });
  return { name: "eta-and-steps", svg };
}

/** Interpolations between noises: pairs, and images of a row. */
const [PAIRS, BETWEEN] = [8, 11];

/** Grids and strips of images. */
export const imageLooks: DiffusionLooks = {
  usual: { sample: 64, reconstruct: 10 },
  preview: 40,
  batch: 64,
  perCell: 2,
  samples: async (_, x, { columns } = {}) => ({
    pictures: [{ name: "samples", images: pixels(x), ...(columns !== undefined && { columns }) }],
  }),
  film: (_, plan, count) => new ImageFilm(plan, Math.min(count, SHOWN)),
  /** Rows of interpolations between pairs of noises, by slerp (Song et al. 2021, section 5.3). */
  noises: ({ key }, model) => {
    const noise = initialNoise(model, key.split("interpolate"), 2 * PAIRS);
    const codes = ndarray(noise.data, [2 * PAIRS, sizeOf(model.shape)]);
    const ends = Array.from({ length: PAIRS }, (_, i) => [row(codes, i), row(codes, i + PAIRS)] as const);
    return {
      x: ndarray(paths(ends, BETWEEN, slerp).data, [PAIRS * BETWEEN, ...model.shape]),
      groups: PAIRS,
      show: async (decoded) => ({ name: "interpolations", images: pixels(decoded), columns: BETWEEN }),
    };
  },
  steps: (_, cells, steps, etas) => stepsFigure(cells, steps, etas),
  network: async () => [],
  encoding: async (_, x, noise, back) => [await encoding(pixels(x), noise, pixels(back))],
  noising: async (context, schedule) => [await noisingStrip(schedule, context)],
};
