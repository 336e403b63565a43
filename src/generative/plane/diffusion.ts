/** Pictures of diffusion in the plane: trajectories from noise, the score, the plane of noises decoded. */
import { joined, rows } from "../../data/arrays.ts";
import { batchAt } from "../../data/passes.ts";
import { UserError } from "../../errors.ts";
import type { Picture } from "../../model/contract.ts";
import type { ChartSpec } from "../../plot/chart.ts";
import { type Labels, sideBySide } from "../../plot/parts.ts";
import { type PlaneLayer, type Points, planeChart, type Square, squareAround } from "../../plot/plane.ts";
import { PALETTE } from "../../plot/theme.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import type { Key } from "../../tensor/random.ts";
import type { DiffusionContext } from "../diffusion/config.ts";
import type { DiffusionLooks, Film } from "../diffusion/looks.ts";
import { nullLabel } from "../diffusion/model.ts";
import type { SamplingPlan } from "../diffusion/samplers.ts";
import { type Images, noiseFor, type Sampler } from "../diffusion/sampling.ts";
import type { Level, NoiseSchedule } from "../diffusion/schedule.ts";
import { dataOf } from "../examples.ts";
import { behind, field, gridLines, gridOf, POINTS, scatter, scattered, sceneOf, svg } from "./scatter.ts";

/** Points whose whole way is shown, and points of a panel. */
const [WAYS, PANEL_POINTS] = [150, 1000];
/** The side of a panel. */
const SIDE = 200;
/** Arrows of a field each way. */
const ARROWS = 19;
/** The plane of noises that is decoded: ± this many standard deviations; lines each way, and points of a line. */
const [REACH, GRID] = [2.5, [17, 60]] as const;

/** Where N(0, I) and the data lie. */
const NOISE: Points = ndarray(Float32Array.of(-2.6, -2.6, 2.6, 2.6), [2, 2]);

const planar = ({ spec }: DiffusionContext): boolean => spec.kind === "points" && spec.dimensions === 2;

/** The square of the data, and one that noise fits in, too. */
function squares(context: DiffusionContext, points: Points): { data: Square; all: Square } {
  const data = sceneOf(context.spec)?.square ?? squareAround([points], { share: 0.995 });
  const corners = ndarray(Float32Array.of(data.x[0], data.y[0], data.x[1], data.y[1]), [2, 2]);
  return { data, all: squareAround([corners, NOISE], { margin: 0 }) };
}

/** @throws UserError for points of other dimensions. */
function requirePlane(context: DiffusionContext, what: string): void {
  if (!planar(context))
    throw new UserError(
      `${what} is drawn in the plane, but the points of ${context.spec.name} are not of two dimensions`,
    );
}

const ground = (context: DiffusionContext): readonly PlaneLayer[] => sceneOf(context.spec)?.layers ?? [];

/** Levels of noise at which the plane is shown: the shape is lost and found between them. */
const LEVELS = [1, 0.9, 0.7, 0.4, 0.15, 0];

/** For each level the place in `noise` that is nearest to it, each once. */
const nearest = (noise: readonly number[], levels: readonly number[] = LEVELS): number[] => [
  ...new Set(
    levels.map((level) =>
      noise.reduce((best, v, i) => (Math.abs(v - level) < Math.abs(noise[best]! - level) ? i : best), 0),
    ),
  ),
];

/** One row of scatters. */
const panels = (title: string, charts: readonly ChartSpec[]): ChartSpec => sideBySide(title, charts, 3);

const panel = (title: string, square: Square, layers: readonly PlaneLayer[]): ChartSpec =>
  planeChart({ title, x: "", y: "" }, square, layers, { size: SIDE });

export class PlaneFilm implements Film {
  readonly #context: DiffusionContext;
  readonly #plan: SamplingPlan;
  readonly #columns: ReadonlySet<number>;
  readonly #ways: Points[] = [];
  readonly #kept: { title: string; x: Points }[] = [];

  constructor(context: DiffusionContext, plan: SamplingPlan) {
    this.#context = context;
    this.#plan = plan;
    // Of x before the first step, and after each.
    this.#columns = new Set(nearest([1, ...plan.steps.map(({ next }) => next.noise)]));
  }

  begin(x: Images): void {
    this.#keep(0, "noise", x);
  }

  add({ step, steps, t, x }: Parameters<Film["add"]>[0]): void {
    this.#keep(step, step === steps ? "samples" : `t < ${t}`, x);
  }

  #keep(step: number, title: string, x: Images): void {
    this.#ways.push(rows(x, 0, Math.min(WAYS, x.shape[0]!)));
    if (this.#columns.has(step))
      this.#kept.push({ title, x: rows(x, 0, Math.min(PANEL_POINTS, x.shape[0]!)) });
  }

  /** The way of the first points, from noise (orange) to where they end (black). */
  chart(labels: Labels, size?: number): ChartSpec {
    const last = this.#ways.at(-1)!;
    const { all } = squares(this.#context, last);
    const curves = Array.from({ length: last.shape[0]! }, (_, i) =>
      joined(this.#ways.map((x) => rows(x, i, i + 1))),
    );
    return planeChart(
      labels,
      all,
      [
        ...ground(this.#context),
        { kind: "curves", curves, color: PALETTE[0], opacity: 0.35 },
        { kind: "points", points: this.#ways[0]!, color: PALETTE[1], size: 12, opacity: 0.8 },
        { kind: "points", points: last, color: PALETTE[6], size: 12, opacity: 0.8 },
      ],
      size === undefined ? {} : { size },
    );
  }

  async pictures(): Promise<Picture[]> {
    if (!planar(this.#context)) return [];
    const { all } = squares(this.#context, this.#kept.at(-1)!.x);
    const layers = ground(this.#context);
    const { name, steps } = this.#plan;
    const ways = this.chart({ title: "From noise to points", subtitle: `${name}, ${steps.length} steps` });
    const seen = this.#kept.map(({ title, x }) =>
      panel(title, all, [...layers, { kind: "points", points: x, size: 4 }]),
    );
    return [
      await svg("trajectories", ways),
      await svg("denoising", panels(`From noise to points: ${this.#plan.name}`, seen)),
    ];
  }

  animation(): Picture {
    throw new Error("an animation is one of images (see requireImages)");
  }
}

/** x̂₀ at one time: a step of a plan that goes nowhere. */
async function guess(
  sampler: Sampler,
  x: Points,
  t: number,
  level: Level,
  key: Key,
  label: number | undefined,
): Promise<Points> {
  const weights = { x: 0, x0: 0, epsilon: 0, previous: 0, noise: 0 };
  const plan = { name: "prediction", clipX0: false, steps: [{ t, level, next: level, weights }] };
  let x0 = x;
  for await (const now of sampler.run(plan, { x, key, label })) ({ x0 } = now);
  return x0;
}

/** Levels of noise at which the score is shown. */
const SCORES = [0.1, 0.2, 0.35, 0.6, 0.85, 1];

/** The noise of each time of a schedule. */
const noiseOf = (schedule: NoiseSchedule): number[] => [...schedule.table((s, t) => s.level(t).noise)];

async function scores(
  context: DiffusionContext,
  sampler: Sampler,
  label: number | undefined,
): Promise<Picture[]> {
  if (!planar(context)) return [];
  const { model } = sampler;
  const { schedule, classes } = model;
  const shown = label ?? (classes > 0 && nullLabel(model) === undefined ? 0 : undefined);
  const x0 = await testPoints(context, PANEL_POINTS);
  const charts: ChartSpec[] = [];
  for (const t of nearest(noiseOf(schedule), SCORES))
    charts.push(await scoreChart(sampler, x0, t, { key: context.key, label: shown }));
  return [await svg("score", panels("The score ∇ log p(x) at six times, each scaled", charts))];
}

/**
 * The score ∇ log p(x_t) = −ε̂ / √(1 − ᾱ_t) (Song and Ermon 2019; Ho et al. 2020, section 3.2) on a grid, over points x₀ with
 * as much noise.
 */
export async function scoreChart(
  sampler: Sampler,
  x0: Points,
  t: number,
  { key, label, title, size = SIDE }: { key: Key; label?: number | undefined; title?: string; size?: number },
): Promise<ChartSpec> {
  const { schedule, shape } = sampler.model;
  const noise = noiseFor(key.split("noising"), shape, x0.shape[0]!);
  const level = schedule.level(t);
  const noisy = ndarray(
    x0.data.map((v, i) => level.signal * v + level.noise * noise.data[i]!),
    x0.shape,
  );
  const square = squareAround([noisy], { share: 0.99, margin: 0.12 });
  const at = gridOf(square, ARROWS);
  const found = await guess(sampler, at, t, level, key, label);
  const score = ndarray(
    at.data.map((v, i) => -(v - level.signal * found.data[i]!) / level.noise ** 2),
    at.shape,
  );
  const longest = (1.5 * (square.x[1] - square.x[0])) / ARROWS;
  return planeChart(
    { title: title ?? `t = ${t}, noise ${level.noise.toFixed(2)}`, x: "", y: "" },
    square,
    [behind(noisy), field(at, score, longest)],
    { size },
  );
}

async function testPoints(context: DiffusionContext, count: number): Promise<Points> {
  const { test } = await dataOf(context, "a picture of test points");
  const n = Math.min(count, test.length);
  return (
    await batchAt(
      test,
      Int32Array.from({ length: n }, (_, i) => i),
    )
  ).x;
}

export const planeLooks: DiffusionLooks = {
  usual: { sample: POINTS, reconstruct: 500 },
  preview: POINTS,
  batch: POINTS,
  perCell: 500,
  samples: (context, x, { mixture } = {}) => scattered(x, context.spec, mixture),
  film: (context, plan) => new PlaneFilm(context, plan),
  noises: (context) => {
    requirePlane(context, "the plane of noises");
    const lines = gridLines(() => [0, 1], REACH, GRID);
    return {
      x: joined(lines),
      groups: 1,
      show: async (decoded) => {
        const curves = lines.map((_, i) => rows(decoded, i * GRID[1], (i + 1) * GRID[1]));
        const { data } = squares(context, decoded);
        const labels = {
          title: "The plane of noises, decoded",
          subtitle: `a grid within ${REACH} standard deviations`,
        };
        return svg(
          "interpolations",
          planeChart(labels, data, [...ground(context), { kind: "curves", curves, opacity: 0.7 }]),
        );
      },
    };
  },
  steps: async (context, cells, steps, etas) => {
    requirePlane(context, "a grid of η and S");
    const charts = cells.flatMap((row, i) =>
      row.map((x, j) => {
        const title = `${etas[i] === "sigma-hat" ? "σ̂" : `η = ${etas[i]}`}, S = ${steps[j]}`;
        const scene = sceneOf(context.spec);
        return scatter({ title, x: "", y: "" }, x, scene, 150);
      }),
    );
    return svg(
      "eta-and-steps",
      sideBySide("Randomness and number of steps, every cell from the same noise", charts, steps.length),
    );
  },
  network: scores,
  encoding: async (context, x, noise, back) => {
    if (!planar(context)) return [];
    const { data, all } = squares(context, x);
    const charts = [
      panel("points", data, [{ kind: "points", points: x }]),
      panel("their noise", all, [{ kind: "points", points: noise }]),
      panel("and back", data, [behind(x), { kind: "arrows", from: x, to: back, head: 10 }]),
    ];
    return [await svg("encoding", panels("Points → noise → points", charts))];
  },
  noising: async (context, schedule) => {
    if (!planar(context)) return [];
    const x0 = await testPoints(context, PANEL_POINTS);
    const noise = noiseFor(context.key.split("noising"), x0.shape.slice(1), x0.shape[0]!);
    const { all } = squares(context, x0);
    const charts = [-1, ...nearest(noiseOf(schedule), LEVELS.slice(0, -1)).reverse()].map((t) => {
      const { signal, noise: level } = schedule.level(t);
      const x = ndarray(
        x0.data.map((v, i) => signal * v + level * noise.data[i]!),
        x0.shape,
      );
      return panel(t < 0 ? "points" : `t = ${t}`, all, [{ kind: "points", points: x, size: 4 }]);
    });
    return [
      await svg(
        "noising",
        panels(`From points to noise: ${schedule.name} schedule, T = ${schedule.T}`, charts),
      ),
    ];
  },
};
