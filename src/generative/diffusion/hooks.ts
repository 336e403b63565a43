/** What can be done with a trained diffusion model, whatever its network. */
import { z } from "zod";
import { lookup, UserError } from "../../errors.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { at, joined, pass, rows, showcase } from "../latent-model.ts";
import { SAMPLES_OPTION, sampleQuality } from "../metrics/quality.ts";
import { type Drawn, type HookContext, hook, type Output, type Picture } from "../model.ts";
import { BoundEvaluator } from "./bound.ts";
import { type DiffusionConfig, diffusionOf } from "./config.ts";
import { ddim, ddimEncode } from "./ddim.ts";
import { ddpm, VARIANCES } from "./ddpm.ts";
import { dpmSolver } from "./dpm-solver.ts";
import { slerp } from "./interpolation.ts";
import { diffusionLoss } from "./losses.ts";
import { type DiffusionModel, toModel } from "./model.ts";
import * as pictures from "./pictures.ts";
import type { Plan } from "./plan.ts";
import { type Images, initialNoise, Sampler } from "./sampler.ts";
import type { NoiseSchedule } from "./schedule.ts";
import { fullTrajectory, type Trajectory, trajectory } from "./trajectory.ts";

export type Context = HookContext<DiffusionConfig>;

const count = z.int().min(1);

/** Which sampler runs, and over which steps. */
export const SAMPLER = {
  sampler: z
    .enum(["ddim", "ddpm", "dpm-solver"])
    .default("ddim")
    .describe("ddim, ddpm (ancestral), or dpm-solver (DPM-Solver++ 2M)"),
  steps: count.optional().describe("S, sampling steps (default: ddim 50, dpm-solver 20, ddpm all T)"),
  eta: z
    .union([z.number(), z.literal("sigma-hat")])
    .default(0)
    .describe("ddim: 0 is deterministic, 1 as random as ddpm; sigma-hat: the larger variance"),
  variance: z
    .enum(Object.keys(VARIANCES) as [keyof typeof VARIANCES])
    .default("fixed-large")
    .describe("ddpm: variance of a step (section 3.2 of the paper)"),
  spacing: z.enum(["linear", "quadratic"]).default("linear").describe("how the S steps are chosen of T"),
  convention: z
    .enum(["paper", "official"])
    .default("paper")
    .describe("steps as the DDIM paper writes them, or as its official code runs them"),
};
export type SamplerOptions = z.output<z.ZodObject<typeof SAMPLER>>;

const STEPS: Readonly<Record<SamplerOptions["sampler"], (T: number) => number>> = {
  ddim: (T) => Math.min(50, T),
  "dpm-solver": (T) => Math.min(20, T),
  ddpm: (T) => T,
};

/** The plan these options ask for, and the steps it takes. */
export function planOf(schedule: NoiseSchedule, options: SamplerOptions): { plan: Plan; path: Trajectory } {
  const { sampler, eta, variance, spacing, convention } = options;
  const { T } = schedule;
  const S = options.steps ?? STEPS[sampler](T);
  const path = S === T ? fullTrajectory(T) : trajectory({ T, S, spacing, convention });
  const plans: Record<SamplerOptions["sampler"], () => Plan> = {
    ddim: () => ddim(schedule, path, { eta }),
    ddpm: () => ddpm(schedule, path, { variance }),
    "dpm-solver": () => dpmSolver(schedule, path),
  };
  return { plan: plans[sampler](), path };
}

const guidanceOption = z
  .number()
  .default(1)
  .describe("scale of classifier-free guidance: 1 is none, more holds closer to the class");

const Sample = z.strictObject({
  count: z.int().min(1).max(10_000).default(64).describe("images to draw"),
  ...SAMPLER,
  class: z.string().optional().describe("draw this class only (default: each class in turn)"),
  guidance: guidanceOption,
  clip: z.boolean().default(true).describe("do not hold x̂₀ to the range of images at each step"),
  interpolate: z.boolean().default(false).describe("also draw what lies between noises (slerp; with ddim)"),
  grid: z.boolean().default(false).describe("also draw η against the number of steps, from the same noise"),
  gif: z.boolean().default(false).describe("also write the way from noise to image as an animated GIF"),
});
type SampleOptions = z.output<typeof Sample>;

const classNumber = ({ data }: Context, name: string): number =>
  lookup("class", Object.fromEntries(data.classes.map((known, i) => [known, i])), name);

/** The class of each of `n` images: the one asked for, or each in turn; none for a model that knows none. */
function labelsOf(
  context: Context,
  model: DiffusionModel,
  n: number,
  name: string | undefined,
): number[] | undefined {
  if (model.classes === 0) {
    if (name !== undefined)
      throw new UserError(
        `class ${name} was asked for, but this ${context.task.name} was trained without classes: leave --class out`,
      );
    return undefined;
  }
  const label = name === undefined ? undefined : classNumber(context, name);
  return Array.from({ length: n }, (_, i) => label ?? i % model.classes);
}

/** A sampler with the run's weights baked in, for as long as the job takes. */
export const samplerOf = (context: Context, model = diffusionOf(context)): Sampler =>
  new Sampler(model, (fn, name) => context.compile(fn, name));

/** Images in the batches that suit a processor. */
const BATCH = 64;

async function sample(context: Context, options: SampleOptions): Promise<Output> {
  const model = diffusionOf(context);
  const { plan, path } = planOf(model.schedule, options);
  const { count: n, guidance, clip } = options;
  const labels = labelsOf(context, model, n, options.class);
  const sampler = samplerOf(context, model);
  const film = new pictures.Film(plan, Math.min(n, pictures.SHOWN));
  const began = performance.now();
  const made: Images[] = [];
  for (let first = 0; first < n; first += BATCH) {
    const size = Math.min(BATCH, n - first);
    const x = initialNoise(model, context.key, size, first);
    const label = labels?.slice(first, first + size);
    if (first === 0) film.begin(x);
    for await (const now of sampler.run(plan, { x, key: context.key, first, label, guidance, clip })) {
      if (first === 0) film.add(now);
      if (now.step === now.steps) made.push(now.x);
      context.progress(first * now.steps + size * now.step, n * now.steps, "sampling");
    }
  }
  const seconds = (performance.now() - began) / 1000;
  const columns = labels && options.class === undefined ? { columns: model.classes } : {};
  const drawn: Picture[] = [{ name: "samples", images: pictures.pixels(joined(made)), ...columns }];
  drawn.push(film.strip());
  if (options.gif) drawn.push(film.animation());
  if (options.interpolate) drawn.push(await interpolations(context, sampler, plan, options));
  if (options.grid) drawn.push(await stepsGrid(context, sampler, options));
  return {
    pictures: drawn,
    text: [
      `${plan.name}; ${path.description}${guidance === 1 ? "" : `; guidance ${guidance}`}`,
      `${n} images in ${seconds.toFixed(1)} s, ${((1000 * seconds) / n).toFixed(0)} ms an image`,
    ],
    numbers: { images: n, steps: plan.steps.length, seconds, millisecondsAnImage: (1000 * seconds) / n },
  };
}

/** Rows of images between pairs of noises, along the sphere (Song et al. 2021, section 5.3). */
async function interpolations(
  context: Context,
  sampler: Sampler,
  plan: Plan,
  { class: name, guidance }: SampleOptions,
): Promise<Picture> {
  if (plan.steps.some(({ weights }) => weights.noise !== 0))
    throw new UserError(
      `${plan.name} adds noise at its steps, so a noise stands for no image: --interpolate needs ddim with --eta 0, or dpm-solver`,
    );
  const { model } = sampler;
  const [pairs, between] = [8, 11];
  const alphas = Array.from({ length: between }, (_, i) => i / (between - 1));
  const noise = initialNoise(model, context.key.split("interpolate"), 2 * pairs);
  const one = (i: number): Images => ndarray(rows(noise, i, i + 1).data, model.shape);
  const paths = joined(Array.from({ length: pairs }, (_, i) => slerp(one(i), one(i + pairs), alphas)));
  const label = labelsOf(context, model, pairs, name)?.flatMap((c) => alphas.map(() => c));
  const images = await runWhole(context, sampler, plan, paths, { label, guidance }, "interpolating");
  return { name: "interpolations", images: pictures.pixels(images), columns: between };
}

/** A whole batch through a plan, with progress. */
async function runWhole(
  context: Context,
  sampler: Sampler,
  plan: Plan,
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

/** The η × S grid of a paper's figure: rows of η, columns of S, each cell one image from the same noise. */
export async function stepsGrid(
  context: Context,
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
  const label = labelsOf(context, model, each, options.class);
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
  steps: count.default(50).describe("S, steps to the noise, and as many back"),
  spacing: SAMPLER.spacing,
  convention: SAMPLER.convention,
  mask: z
    .enum(Object.keys(pictures.MASKS) as [pictures.Mask, ...pictures.Mask[]])
    .optional()
    .describe("instead, hide this part of the images and paint it anew (RePaint's conditioning, one pass)"),
  guidance: guidanceOption,
});

/** Image → noise → image with DDIM (Song et al. 2021, section 5.4), or inpainting. */
async function reconstruct(context: Context, options: z.output<typeof Reconstruct>): Promise<Output> {
  const model = diffusionOf(context);
  const { schedule } = model;
  const { test } = context.data;
  const { images, labels } = await at(test, await showcase(test, options.count));
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
      pictures: [pictures.inpainting(images, hidden, made)],
      text: [`${plan.name}; ${path.description}`],
    };
  }
  const encode = ddimEncode(schedule, path);
  const noise = await runWhole(context, sampler, encode, x, { label, guidance }, "encoding");
  const back = await runWhole(context, sampler, ddim(schedule, path), noise, { label, guidance }, "decoding");
  const mse = pictures.pixelError(images, pictures.pixels(back));
  return {
    pictures: [pictures.encoding(images, noise, pictures.pixels(back))],
    numbers: { images: images.shape[0]!, steps: path.steps.length, mse },
    text: [`image → noise → image, ${path.description}`],
  };
}

const Evaluate = z.strictObject({
  ...SAMPLES_OPTION,
  guidance: guidanceOption,
  boundImages: z.int().min(0).default(64).describe("test images for the variational bound; 0: leave it out"),
  boundTimes: count.default(100).describe("times of the T at which the bound is measured"),
});

/** Images that are drawn to be measured where nobody says how many: drawing takes many steps. */
const MEASURED = 1000;

async function evaluate(
  context: Context,
  { boundImages, boundTimes, samples, guidance }: z.output<typeof Evaluate>,
): Promise<Output> {
  const model = diffusionOf(context);
  const numbers: Record<string, number> = {
    testLoss: await testLoss(context, model, context.data.test.length),
  };
  if (boundImages > 0) {
    const indices = Int32Array.from({ length: Math.min(boundImages, context.data.test.length) }, (_, i) => i);
    const { images, labels } = await at(context.data.test, indices);
    const evaluator = new BoundEvaluator(model, (fn, name) => context.compile(fn, name));
    const bound = await evaluator.evaluate({
      x0: pictures.toModelRange(images),
      labels: model.classes > 0 && labels ? [...labels.data] : undefined,
      key: context.key.split("bound"),
      variance: "fixed-small",
      times: Math.min(boundTimes, model.schedule.T - 1),
      progress: (done, total) => context.progress(done, total, "variational bound"),
    });
    const { total, prior, steps, decoder } = bound;
    Object.assign(numbers, {
      boundImages: images.shape[0]!,
      bitsPerDim: total,
      bitsPrior: prior,
      bitsSteps: steps,
      bitsDecoder: decoder,
    });
  }
  const quality = await sampleQuality(
    context,
    (c: Context, n) => drawGuided(c, n, guidance),
    samples,
    MEASURED,
  );
  return {
    ...quality,
    numbers: { ...numbers, ...quality.numbers },
    pictures: [
      await pictures.schedulePicture([model.schedule]),
      await pictures.noisingStrip(model.schedule, context),
    ],
  };
}

/** The training loss over test images, each at a time and with a noise that follow from the key. */
async function testLoss(context: Context, model: DiffusionModel, limit: number): Promise<number> {
  const program = context.compile(
    (images: Tensor, labels: Tensor | undefined, key: Context["key"]) =>
      diffusionLoss(model, toModel(images), labels, key).loss,
    "test loss",
  );
  let [sum, seen] = [0, 0];
  for await (const { images, labels, start } of pass(context, context.data.test, "test loss", limit)) {
    const own = model.classes > 0 ? labels : undefined;
    const loss = await program(images, own, context.key.split("test").split(start));
    const n = images.shape[0]!;
    sum += n * Number(loss.data[0]);
    seen += n;
  }
  return sum / seen;
}

/** Images as `sample` draws them by default, each class in turn. */
const draw = (context: Context, n: number): Promise<Drawn> => drawGuided(context, n, 1);

async function drawGuided(context: Context, n: number, guidance: number): Promise<Drawn> {
  const model = diffusionOf(context);
  const { plan } = planOf(model.schedule, z.strictObject(SAMPLER).parse({}));
  const label = labelsOf(context, model, n, undefined);
  const made = await samplerOf(context, model).sample(plan, {
    count: n,
    batchSize: BATCH,
    key: context.key,
    label,
    guidance,
    progress: (done, total) => context.progress(done, total, "sampling"),
  });
  const labels: NdArray<"int32"> | undefined = label && ndarray(Int32Array.from(label));
  return { images: pictures.pixels(made), labels };
}

/** Images and times for a look at a run: few and quick. */
const [LOOK, LOOK_STEPS, LOOK_TEST] = [40, 25, 500];

async function preview(context: Context): Promise<Output> {
  const model = diffusionOf(context);
  const { T } = model.schedule;
  const plan = ddim(model.schedule, trajectory({ T, S: Math.min(LOOK_STEPS, T) }));
  const label = labelsOf(context, model, LOOK, undefined);
  const options = { count: LOOK, key: context.key, label };
  const images = await new Sampler(model, (fn, name) => context.compile(fn, name)).sample(plan, options);
  return {
    pictures: [{ name: "samples", images: pictures.pixels(images), columns: 10 }],
    numbers: { test_loss: await testLoss(context, model, LOOK_TEST) },
  };
}

export const diffusionHooks = {
  preview,
  draw,
  sample: hook(Sample, sample),
  reconstruct: hook(Reconstruct, reconstruct),
  evaluate: hook(Evaluate, evaluate),
};
