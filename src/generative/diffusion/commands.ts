/** The commands of a trained diffusion model, whatever its network. */
import { z } from "zod";
import { joined } from "../../data/arrays.ts";
import { batchAt, showcase } from "../../data/passes.ts";
import { UserError } from "../../errors.ts";
import { command, type Output, type Picture } from "../../model/contract.ts";
import { dataOf, fieldOf, requireImages } from "../examples.ts";
import type { Drawn } from "../model.ts";
import { planeLooks } from "../plane/diffusion.ts";
import { type DiffusionContext, diffusionOf } from "./config.ts";
import { draw, Evaluate, evaluate, testLoss } from "./evaluation.ts";
import { exports } from "./exports.ts";
import type { DiffusionLooks } from "./looks.ts";
import { MASKS, type Mask } from "./masks.ts";
import { imageLooks, inpainting, meanError } from "./pictures.ts";
import { classNumbers, count, DRAWING, drawnHow, planOf, SAMPLER, samplerOf } from "./sampler-options.ts";
import { ddim, ddimEncode, type SamplingPlan } from "./samplers.ts";
import { type Images, initialNoise, type Sampler } from "./sampling.ts";
import { scalingOf } from "./scaling.ts";
import { trajectory } from "./trajectory.ts";

/** How its work is shown: as images, or in the plane. */
const looksOf = ({ spec }: DiffusionContext): DiffusionLooks =>
  ({ images: imageLooks, points: planeLooks })[fieldOf(spec, "a diffusion model").name];

const Sample = z.strictObject({
  count: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(
      `examples to draw (default: ${imageLooks.usual.sample} images, or ${planeLooks.usual.sample} points)`,
    ),
  ...DRAWING,
  class: z.string().optional().describe("draw only this class (default: each class in turn)"),
  interpolate: z
    .boolean()
    .default(false)
    .describe(
      "also draw interpolations between noises (slerp; with ddim); for points, a grid of noises decoded",
    ),
  grid: z
    .boolean()
    .default(false)
    .describe("also draw a grid of η and numbers of steps, from the same noise"),
  gif: z
    .boolean()
    .default(false)
    .describe("also write the denoising from noise to image as an animated GIF (images)"),
});
type SampleOptions = z.output<typeof Sample>;

async function sample(context: DiffusionContext, options: SampleOptions): Promise<Output> {
  const { spec } = context;
  if (options.gif) requireImages(spec, "gif", "animates images");
  const model = diffusionOf(context);
  const looks = looksOf(context);
  const { plan, path } = planOf(model.schedule, options);
  const { count: n = looks.usual.sample, guidance, clipX0, useClippedModelOutput } = options;
  const how = { key: context.key, guidance, clipX0, useClippedModelOutput };
  const labels = classNumbers(context, model, n, options.class);
  const sampler = samplerOf(context, model);
  const film = looks.film(context, plan, n);
  const began = performance.now();
  const made: Images[] = [];
  for (let first = 0; first < n; first += looks.batch) {
    const size = Math.min(looks.batch, n - first);
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
  const columns = labels && options.class === undefined ? model.classes : undefined;
  const shown = await looks.samples(context, joined(made), { columns });
  const drawn: Picture[] = [...shown.pictures!, ...(await film.pictures())];
  const one = options.class === undefined ? undefined : labels?.[0];
  drawn.push(...(await looks.network(context, sampler, one)));
  if (options.gif) drawn.push(film.animation());
  if (options.interpolate) drawn.push(await interpolations(context, sampler, plan, options));
  if (options.grid) drawn.push(await stepsGrid(context, sampler, options));
  const each = (1000 * seconds) / n;
  return {
    pictures: drawn,
    text: [
      drawnHow(plan, path, guidance),
      `${n} ${spec.kind} in ${seconds.toFixed(1)} s, ${each < 10 ? each.toPrecision(2) : each.toFixed(0)} ms each`,
    ],
    numbers: {
      [spec.kind]: n,
      steps: plan.steps.length,
      seconds,
      [spec.kind === "images" ? "millisecondsAnImage" : "millisecondsAPoint"]: each,
      ...shown.numbers,
    },
  };
}

/** What a deterministic sampler makes of noises that lie between others. */
async function interpolations(
  context: DiffusionContext,
  sampler: Sampler,
  plan: SamplingPlan,
  { class: name, guidance }: SampleOptions,
): Promise<Picture> {
  if (plan.steps.some(({ weights }) => weights.noise !== 0))
    throw new UserError(
      `${plan.name} adds noise at its steps, so one noise gives many examples: option \`interpolate\` needs ddim with option \`eta\` 0, or dpm-solver`,
    );
  const { model } = sampler;
  const noises = looksOf(context).noises(context, model);
  const { x, groups } = noises;
  const each = x.shape[0]! / groups;
  const label = classNumbers(context, model, groups, name)?.flatMap((c) => Array<number>(each).fill(c));
  return noises.show(await runWhole(context, sampler, plan, x, { label, guidance }, "interpolating"));
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
async function stepsGrid(
  context: DiffusionContext,
  sampler: Sampler,
  options: { class?: string | undefined; guidance: number; spacing: "linear" | "quadratic" },
  steps: readonly number[] = [5, 10, 20, 50, 100],
  etas: readonly (number | "sigma-hat")[] = [0, 0.2, 0.5, 1, "sigma-hat"],
): Promise<Picture> {
  const { model } = sampler;
  const { T } = model.schedule;
  const looks = looksOf(context);
  const { perCell: each } = looks;
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
  return looks.steps(context, cells, possible, etas);
}

const Reconstruct = z.strictObject({
  count: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe(
      `test examples to show (default: ${imageLooks.usual.reconstruct} images, or ${planeLooks.usual.reconstruct} points)`,
    ),
  steps: count.default(50).describe("S, steps from image or point to noise, and as many back"),
  spacing: SAMPLER.spacing,
  convention: SAMPLER.convention,
  mask: z
    .enum(Object.keys(MASKS) as [Mask, ...Mask[]])
    .optional()
    .describe("instead, hide this part of images and inpaint it (RePaint's conditioning, one pass)"),
  guidance: DRAWING.guidance,
});

/** Image (or point) → noise → image with DDIM (Song et al. 2021, section 5.4), or inpainting. */
async function reconstruct(
  context: DiffusionContext,
  options: z.output<typeof Reconstruct>,
): Promise<Output> {
  const model = diffusionOf(context);
  const { schedule } = model;
  const looks = looksOf(context);
  const { intoHost, outOfHost } = scalingOf(model);
  if (options.mask !== undefined) requireImages(context.spec, "mask", "hides a part of images");
  const { test, kind } = await dataOf(context, "reconstruct");
  const { count: n = looks.usual.reconstruct } = options;
  const { x: examples, labels } = await batchAt(test, await showcase(test, n));
  const x = intoHost(examples);
  const sampler = samplerOf(context, model);
  const label = model.classes > 0 && labels ? [...labels.data] : undefined;
  const { steps: S, spacing, convention, guidance, mask } = options;
  const path = trajectory({ T: schedule.T, S, spacing, convention });
  if (mask !== undefined) {
    const hidden = MASKS[mask](x.shape);
    const noise = initialNoise(model, context.key, x.shape[0]!);
    const inpaint = { known: x, mask: hidden };
    const plan = ddim(schedule, path, { eta: 1 });
    const made = await sampler.last(plan, { x: noise, key: context.key, label, guidance, inpaint });
    return {
      pictures: [await inpainting(examples, hidden, made)],
      text: [`${plan.name}; ${path.description}`],
    };
  }
  const encode = ddimEncode(schedule, path);
  const noise = await runWhole(context, sampler, encode, x, { label, guidance }, "encoding");
  const back = await runWhole(context, sampler, ddim(schedule, path), noise, { label, guidance }, "decoding");
  const mse = meanError(examples, outOfHost(back));
  return {
    pictures: await looks.encoding(context, x, noise, back),
    numbers: { [kind]: x.shape[0]!, steps: path.steps.length, mse },
    text: [`${kind} → noise → ${kind}, ${path.description}`],
  };
}

/** Steps and test examples of a preview: few, so that it is quick. */
const [LOOK_STEPS, LOOK_TEST] = [25, 500];

async function preview(context: DiffusionContext): Promise<Output> {
  const model = diffusionOf(context);
  const looks = looksOf(context);
  const { T } = model.schedule;
  const plan = ddim(model.schedule, trajectory({ T, S: Math.min(LOOK_STEPS, T) }));
  const label = classNumbers(context, model, looks.preview, undefined);
  const how = { count: looks.preview, batchSize: looks.batch, key: context.key, label };
  const x = await samplerOf(context, model).sample(plan, how);
  const data = await dataOf(context, "looking at a run");
  const mixture = data.kind === "points" ? data.mixture : undefined;
  const shown = await looks.samples(context, x, { columns: 10, mixture });
  return { ...shown, numbers: { ...shown.numbers, test_loss: await testLoss(context, model, LOOK_TEST) } };
}

/** The preview, commands and exports of every diffusion model, whatever its network. */
export const diffusionCommands = {
  preview,
  draw: (context: DiffusionContext, n: number): Promise<Drawn> => draw(context, n, looksOf(context).batch),
  commands: {
    sample: command(Sample, sample),
    reconstruct: command(Reconstruct, reconstruct),
    evaluate: {
      ...command(Evaluate, (context: DiffusionContext, options) =>
        evaluate(context, options, looksOf(context)),
      ),
      parallel: true,
    },
  },
  exports,
};
