/** The commands of a trained diffusion model, whatever its network. */
import { z } from "zod";
import { joined } from "../../data/arrays.ts";
import { batchAt, showcase } from "../../data/passes.ts";
import { UserError } from "../../errors.ts";
import { command, type Output, type Picture } from "../../model/contract.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { imagesOf } from "../coders.ts";
import { paths, row, slerp } from "../latent.ts";
import { type DiffusionContext, diffusionOf } from "./config.ts";
import { draw, Evaluate, evaluate, testLoss } from "./evaluation.ts";
import { exports } from "./exports.ts";
import * as pictures from "./pictures.ts";
import {
  BATCH,
  classNumbers,
  count,
  DRAWING,
  drawnHow,
  planOf,
  SAMPLER,
  samplerOf,
} from "./sampler-options.ts";
import { ddim, ddimEncode, type SamplingPlan } from "./samplers.ts";
import { type Images, initialNoise, type Sampler } from "./sampling.ts";
import { trajectory } from "./trajectory.ts";

const Sample = z.strictObject({
  count: z.int().min(1).max(10_000).default(64).describe("images to draw"),
  ...DRAWING,
  class: z.string().optional().describe("draw only this class (default: each class in turn)"),
  interpolate: z
    .boolean()
    .default(false)
    .describe("also draw interpolations between noises (slerp; with ddim)"),
  grid: z
    .boolean()
    .default(false)
    .describe("also draw a grid of η and numbers of steps, from the same noise"),
  gif: z.boolean().default(false).describe("also write the denoising from noise to image as an animated GIF"),
});
type SampleOptions = z.output<typeof Sample>;

async function sample(context: DiffusionContext, options: SampleOptions): Promise<Output> {
  const model = diffusionOf(context);
  const { plan, path } = planOf(model.schedule, options);
  const { count: n, guidance, clipX0, useClippedModelOutput } = options;
  const how = { key: context.key, guidance, clipX0, useClippedModelOutput };
  const labels = classNumbers(context, model, n, options.class);
  const sampler = samplerOf(context, model);
  const film = new pictures.Film(plan, Math.min(n, pictures.SHOWN));
  const began = performance.now();
  const made: Images[] = [];
  for (let first = 0; first < n; first += BATCH) {
    const size = Math.min(BATCH, n - first);
    const x = initialNoise(model, context.key, size, first);
    const label = labels?.slice(first, first + size);
    if (first === 0) film.begin(x);
    for await (const now of sampler.run(plan, { ...how, x, first, label })) {
      if (first === 0) film.add(now);
      if (now.step === now.steps) made.push(now.x);
      context.progress(first * now.steps + size * now.step, n * now.steps, "sampling");
    }
  }
  const seconds = (performance.now() - began) / 1000;
  const columns = labels && options.class === undefined ? { columns: model.classes } : {};
  const drawn: Picture[] = [{ name: "samples", images: pictures.pixels(joined(made)), ...columns }];
  drawn.push(await film.strip());
  if (options.gif) drawn.push(film.animation());
  if (options.interpolate) drawn.push(await interpolations(context, sampler, plan, options));
  if (options.grid) drawn.push(await stepsGrid(context, sampler, options));
  return {
    pictures: drawn,
    text: [
      drawnHow(plan, path, guidance),
      `${n} images in ${seconds.toFixed(1)} s, ${((1000 * seconds) / n).toFixed(0)} ms per image`,
    ],
    numbers: { images: n, steps: plan.steps.length, seconds, millisecondsAnImage: (1000 * seconds) / n },
  };
}

/** Rows of interpolations between pairs of noises, by slerp (Song et al. 2021, section 5.3). */
async function interpolations(
  context: DiffusionContext,
  sampler: Sampler,
  plan: SamplingPlan,
  { class: name, guidance }: SampleOptions,
): Promise<Picture> {
  if (plan.steps.some(({ weights }) => weights.noise !== 0))
    throw new UserError(
      `${plan.name} adds noise at its steps, so one noise gives many images: option \`interpolate\` needs ddim with option \`eta\` 0, or dpm-solver`,
    );
  const { model } = sampler;
  const [pairs, between] = [8, 11];
  const noise = initialNoise(model, context.key.split("interpolate"), 2 * pairs);
  const codes = ndarray(noise.data, [2 * pairs, sizeOf(model.shape)]);
  const ends = Array.from({ length: pairs }, (_, i) => [row(codes, i), row(codes, i + pairs)] as const);
  const x = ndarray(paths(ends, between, slerp).data, [pairs * between, ...model.shape]);
  const label = classNumbers(context, model, pairs, name)?.flatMap((c) => Array<number>(between).fill(c));
  const images = await runWhole(context, sampler, plan, x, { label, guidance }, "interpolating");
  return { name: "interpolations", images: pictures.pixels(images), columns: between };
}

/** A whole batch through a plan, with progress. */
async function runWhole(
  context: DiffusionContext,
  sampler: Sampler,
  plan: SamplingPlan,
  x: Images,
  { label, guidance }: { label?: number[] | undefined; guidance?: number },
  what: string,
): Promise<Images> {
  let last = x;
  for await (const now of sampler.run(plan, { x, key: context.key, label, guidance })) {
    last = now.x;
    context.progress(now.step, now.steps, what);
  }
  return last;
}

/** A grid with rows of η and columns of S, every cell from the same noises. */
export async function stepsGrid(
  context: DiffusionContext,
  sampler: Sampler,
  options: { class?: string | undefined; guidance: number; spacing: "linear" | "quadratic" },
  steps: readonly number[] = [5, 10, 20, 50, 100],
  etas: readonly (number | "sigma-hat")[] = [0, 0.2, 0.5, 1, "sigma-hat"],
): Promise<Picture> {
  const { model } = sampler;
  const { T } = model.schedule;
  const each = 2;
  const possible = steps.filter((S) => S <= T);
  const x = initialNoise(model, context.key, each);
  const label = classNumbers(context, model, each, options.class);
  const cells: Images[][] = [];
  for (const eta of etas) {
    const row: Images[] = [];
    for (const S of possible) {
      const plan = ddim(model.schedule, trajectory({ T, S, spacing: options.spacing }), { eta });
      const how = { label, guidance: options.guidance };
      row.push(await runWhole(context, sampler, plan, x, how, `η = ${eta}, S = ${S}`));
    }
    cells.push(row);
  }
  return pictures.stepsFigure(cells, possible, etas);
}

const Reconstruct = z.strictObject({
  count: z.int().min(1).max(1000).default(10).describe("test images to show"),
  steps: count.default(50).describe("S, steps from image to noise, and as many back"),
  spacing: SAMPLER.spacing,
  convention: SAMPLER.convention,
  mask: z
    .enum(Object.keys(pictures.MASKS) as [pictures.Mask, ...pictures.Mask[]])
    .optional()
    .describe("instead, hide this part of the images and inpaint it (RePaint's conditioning, one pass)"),
  guidance: DRAWING.guidance,
});

/** Image → noise → image with DDIM (Song et al. 2021, section 5.4), or inpainting. */
async function reconstruct(
  context: DiffusionContext,
  options: z.output<typeof Reconstruct>,
): Promise<Output> {
  const model = diffusionOf(context);
  const { schedule } = model;
  const { test } = await imagesOf(context, "reconstruct");
  const { images, labels } = await batchAt(test, await showcase(test, options.count));
  const x = pictures.toModelRange(images);
  const sampler = samplerOf(context, model);
  const label = model.classes > 0 && labels ? [...labels.data] : undefined;
  const { steps: S, spacing, convention, guidance, mask } = options;
  const path = trajectory({ T: schedule.T, S, spacing, convention });
  if (mask !== undefined) {
    const hidden = pictures.MASKS[mask](images.shape);
    const noise = initialNoise(model, context.key, images.shape[0]!);
    const inpaint = { known: x, mask: hidden };
    const plan = ddim(schedule, path, { eta: 1 });
    const made = await sampler.last(plan, { x: noise, key: context.key, label, guidance, inpaint });
    return {
      pictures: [await pictures.inpainting(images, hidden, made)],
      text: [`${plan.name}; ${path.description}`],
    };
  }
  const encode = ddimEncode(schedule, path);
  const noise = await runWhole(context, sampler, encode, x, { label, guidance }, "encoding");
  const back = await runWhole(context, sampler, ddim(schedule, path), noise, { label, guidance }, "decoding");
  const mse = pictures.pixelError(images, pictures.pixels(back));
  return {
    pictures: [await pictures.encoding(images, noise, pictures.pixels(back))],
    numbers: { images: images.shape[0]!, steps: path.steps.length, mse },
    text: [`image → noise → image, ${path.description}`],
  };
}

/** Images, steps and test images of a preview: few, so that it is quick. */
const [LOOK, LOOK_STEPS, LOOK_TEST] = [40, 25, 500];

async function preview(context: DiffusionContext): Promise<Output> {
  const model = diffusionOf(context);
  const { T } = model.schedule;
  const plan = ddim(model.schedule, trajectory({ T, S: Math.min(LOOK_STEPS, T) }));
  const label = classNumbers(context, model, LOOK, undefined);
  const options = { count: LOOK, key: context.key, label };
  const images = await samplerOf(context, model).sample(plan, options);
  return {
    pictures: [{ name: "samples", images: pictures.pixels(images), columns: 10 }],
    numbers: { test_loss: await testLoss(context, model, LOOK_TEST) },
  };
}

/** The preview, commands and exports of every diffusion model, whatever its network. */
export const diffusionCommands = {
  preview,
  draw,
  commands: {
    sample: command(Sample, sample),
    reconstruct: command(Reconstruct, reconstruct),
    evaluate: { ...command(Evaluate, evaluate), parallel: true },
  },
  exports,
};
