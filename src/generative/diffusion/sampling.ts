/**
 * Runs plans: one compiled step, fed with each step's weights, serves every sampler, trajectory and η. The noise of
 * image i has its own key, so that it does not depend on the batches.
 */
import type { Compiled } from "../../engine/compile.ts";
import { UserError } from "../../errors.ts";
import { type NdArray, ndarray, zeros } from "../../tensor/ndarray.ts";
import { scanRows, sub } from "../../tensor/ops.ts";
import { hostNormal, type Key } from "../../tensor/random.ts";
import { sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ALONE, type Communicator } from "../../train/parallel/communicator.ts";
import { type DiffusionModel, type EstimateOptions, estimate, labelsFor, requireGuidable } from "./model.ts";
import { noised } from "./prediction.ts";
import { type SamplingPlan, update, type Weights } from "./samplers.ts";

export type Images = NdArray<"float32">;

/** `compile` with an engine, and with the weights frozen, averaged or live: the caller's choice. */
export type Compile = <A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  name?: string,
) => Compiled<A, R>;

/** Keep an image where the mask is 1, and generate the rest. */
export interface Inpainting {
  /** [N, ...shape] in [−1, 1]. */
  readonly known: Images;
  /** 1 keeps, 0 generates; of the images' shape, or one that broadcasts to it: [H, W], [N, 1, H, W]. */
  readonly mask: Images;
}

/** How x̂₀ and ε̂ are clipped before the update; `clipX0` is the plan's when left out. */
type Clipping = Pick<EstimateOptions, "clipX0" | "useClippedModelOutput">;

export interface RunOptions extends Clipping {
  /** The start of the plan: noise [N, ...shape], or images in [−1, 1] for an encoding plan. */
  readonly x: Images;
  readonly key: Key;
  /** Index of the first image, for its noise. */
  readonly first?: number | undefined;
  /** The class of all images or of each one; undefined: unconditional, where the model can be. */
  readonly label?: number | readonly number[] | undefined;
  /** Scale of classifier-free guidance, of all images or of each one; 1 (none) when left out. */
  readonly guidance?: number | readonly number[] | undefined;
  readonly inpaint?: Inpainting | undefined;
}

/** The state of sampling after a step. */
export interface Progress {
  /** 1 … steps */
  readonly step: number;
  readonly steps: number;
  /** The time that the step started from. */
  readonly t: number;
  /** x after the step [N, ...shape]. */
  readonly x: Images;
  /** The network's estimate of the finished image (progressive generation, Ho et al. 2020, section 4.3). */
  readonly x0: Images;
  /** Its estimate of the noise that x had before the step. */
  readonly epsilon: Images;
}

/** The noise of images first … first + count − 1: each a pure function of the key and its index. */
export function noiseFor(
  key: Key,
  shape: readonly number[],
  count: number,
  first = 0,
  ...path: (string | number)[]
): Images {
  const size = sizeOf(shape);
  const data = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const own = path.reduce((k: Key, part) => k.split(part), key.split(first + i));
    data.set(hostNormal(own, size), i * size);
  }
  return ndarray(data, [count, ...shape]);
}

/** x_T of images first … first + count − 1. */
export const initialNoise = (
  model: Pick<DiffusionModel, "shape">,
  key: Key,
  count: number,
  first = 0,
): Images => noiseFor(key, model.shape, count, first, "initial");

/** Type aliases, not interfaces: `compile`'s types accept only those. */
type LevelPair = { readonly signal: Tensor; readonly noise: Tensor };

type StepFeeds = {
  readonly x: Tensor;
  readonly previous: Tensor;
  readonly noise: Tensor;
  readonly t: Tensor;
  readonly level: LevelPair;
  readonly weights: { readonly [K in keyof Weights]: Tensor };
  readonly labels: Tensor | undefined;
  readonly guidance: Tensor | undefined;
  readonly clipX0: boolean;
  readonly useClippedModelOutput: boolean;
  readonly kept: Kept | undefined;
};

type Kept = {
  readonly known: Tensor;
  readonly mask: Tensor;
  readonly noise: Tensor;
  readonly level: LevelPair;
};

/** Where the mask is 1, the known image at this level of noise (Lugmayr et al. 2022, RePaint, eq. 8). */
function keep(x: Tensor, { known, mask, noise, level }: Kept): Tensor {
  return noised(known, noise, level)
    .mul(mask)
    .add(x.mul(sub(1, mask)));
}

export class Sampler {
  readonly model: DiffusionModel;
  readonly #step: Compiled<[StepFeeds], { x: Tensor; x0: Tensor; epsilon: Tensor }>;

  constructor(model: DiffusionModel, compile: Compile) {
    this.model = model;
    this.#step = compile(({ x, previous, noise, t, level, weights, kept, ...how }: StepFeeds) => {
      const { x0, epsilon } = estimate(model, x, t, level, how);
      const next = update({ x, x0, epsilon, previous, noise }, weights);
      return { x: kept ? keep(next, kept) : next, x0, epsilon };
    }, "sampling step");
  }

  /** Run a plan on a batch, step by step. */
  async *run(plan: SamplingPlan, options: RunOptions): AsyncGenerator<Progress, void, undefined> {
    const { model } = this;
    const { key, first = 0, label, guidance = 1, inpaint } = options;
    const { clipX0 = plan.clipX0, useClippedModelOutput = true } = options;
    let { x } = options;
    const count = requireImages(model, x);
    if (inpaint) requireInpainting(inpaint, x);
    const none = zeros(x.shape, "float32");
    const draw = (wanted: boolean, what: string, t: number): Images =>
      wanted ? noiseFor(key, model.shape, count, first, what, t) : none;
    const fixed = {
      labels: labelsFor(model, label, count),
      guidance: scalesFor(model, guidance, count),
      clipX0,
      useClippedModelOutput,
    };
    let previous = none;
    for (const [i, { t, level, next, weights }] of plan.steps.entries()) {
      const kept = inpaint && { ...inpaint, noise: draw(next.noise > 0, "known", t), level: next };
      const noise = draw(weights.noise !== 0, "step", t);
      const out = await this.#step({ x, previous, noise, t, level, weights, kept, ...fixed });
      x = out.x as Images;
      previous = out.x0 as Images;
      yield { step: i + 1, steps: plan.steps.length, t, x, x0: previous, epsilon: out.epsilon as Images };
    }
  }

  /** Run a plan on a batch, and return x after the last step. */
  async last(plan: SamplingPlan, options: RunOptions): Promise<Images> {
    let { x } = options;
    for await (const progress of this.run(plan, options)) x = progress.x;
    return x;
  }

  /** Draw `count` images [count, ...shape] in [−1, 1], in batches. Image i does not depend on the batches. */
  async sample(
    plan: SamplingPlan,
    options: Omit<RunOptions, "x" | "first" | "inpaint"> & SampleOptions,
  ): Promise<Images> {
    const { count, progress, label, ranks = ALONE, ...rest } = options;
    const batchSize = Math.min(options.batchSize ?? 64, Math.ceil(count / ranks.size));
    const size = sizeOf(this.model.shape);
    const data = new Float32Array(count * size);
    for (let first = 0; first < count; first += batchSize) {
      if ((first / batchSize) % ranks.size !== ranks.rank) continue;
      const n = Math.min(batchSize, count - first);
      const x = initialNoise(this.model, options.key, n, first);
      const some = Array.isArray(label) ? (label as number[]).slice(first, first + n) : label;
      for await (const now of this.run(plan, { ...rest, x, first, label: some })) {
        if (now.step === now.steps) data.set(now.x.data, first * size);
        progress?.(first * now.steps + n * now.step, count * now.steps);
      }
    }
    // The images of other ranks are zeros here.
    await ranks.sum(data);
    return ndarray(data, [count, ...this.model.shape]);
  }

  dispose(): Promise<void> {
    return this.#step.dispose();
  }
}

export interface SampleOptions {
  readonly count: number;
  readonly batchSize?: number;
  /** The processes that draw a part of the batches each. All of them get all images. */
  readonly ranks?: Communicator | undefined;
  /** Called with the image steps done, and their total. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

export interface TraceOptions extends Clipping {
  readonly labels?: Tensor | undefined;
  readonly guidance?: number | undefined;
  /** z of step i, for plans that draw noise. */
  readonly noise?: ((i: number) => Tensor) | undefined;
}

/** A whole plan as one function of tensors, from noise [N, ...shape] to x: one loop, as in an exported file. */
export function traceSampler(
  model: DiffusionModel,
  plan: SamplingPlan,
  x: Tensor,
  options: TraceOptions = {},
): Tensor {
  const { labels, guidance = 1, noise } = options;
  const { clipX0 = plan.clipX0, useClippedModelOutput } = options;
  requireGuidable(model, guidance);
  const draws = plan.steps.some(({ weights }) => weights.noise !== 0);
  if (draws && !noise)
    throw new UserError(
      `${plan.name} draws noise at its steps: pass \`noise\`, or use a deterministic sampler (ddim with eta 0)`,
    );
  const remembers = plan.steps.some(({ weights }) => weights.previous !== 0);
  const start: Readonly<Record<string, Tensor>> = remembers ? { x, previous: x.mul(0) } : { x };
  const rows = plan.steps.map((step, i) => ({ ...step, z: draws ? noise?.(i) : undefined }));
  const end = scanRows(start, rows, ({ x, previous }, { t, level, weights, z }) => {
    const found = estimate(model, x!, t, level, { labels, guidance, clipX0, useClippedModelOutput });
    const next = update({ x: x!, ...found, previous, noise: z }, weights);
    return remembers ? { x: next, previous: found.x0 } : { x: next };
  });
  return end.x!;
}

function requireImages({ shape }: DiffusionModel, x: Images): number {
  const [count, ...rest] = x.shape;
  if (count === undefined || !sameShape(rest, shape))
    throw new UserError(
      `this model makes images ${showShape(shape)}: a batch is [N, ${shape.join(", ")}], not ${showShape(x.shape)}`,
    );
  return count;
}

/** Guidance as the step takes it: one scale for all images, or [N, 1, …], one for each; undefined where none is guided. */
function scalesFor(
  model: DiffusionModel,
  guidance: number | readonly number[],
  count: number,
): number | Images | undefined {
  const scales = typeof guidance === "number" ? [guidance] : guidance;
  for (const scale of scales) requireGuidable(model, scale);
  if (scales.every((scale) => scale === 1)) return undefined;
  if (typeof guidance === "number") return guidance;
  if (scales.length !== count)
    throw new UserError(
      `${scales.length} guidance scales were given for ${count} images: give one scale, or one for each`,
    );
  return ndarray(Float32Array.from(scales), [count, ...model.shape.map(() => 1)]);
}

function requireInpainting({ known, mask }: Inpainting, x: Images): void {
  if (!sameShape(known.shape, x.shape))
    throw new UserError(
      `the images to complete are ${showShape(known.shape)}, but the batch is ${showShape(x.shape)}: they must have the same shape`,
    );
  const lead = x.shape.length - mask.shape.length;
  if (lead < 0 || mask.shape.some((d, i) => d !== 1 && d !== x.shape[lead + i]))
    throw new UserError(
      `the mask is ${showShape(mask.shape)}, but the images are ${showShape(x.shape)}: give a mask of ${showShape(x.shape.slice(-2))}, 1 where the image is kept`,
    );
}
