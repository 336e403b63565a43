import { UserError } from "../errors.ts";
import { zeros as hostZeros, ndarray } from "../tensor/ndarray.ts";
import { acrossPeers, add, asTensor, div, mean, mul, type Operand, reshape, sqrt, square, standardize, sub } from "../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Peers } from "../tensor/primitive.ts";
import type { Key } from "../tensor/random.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assign } from "../tensor/trace.ts";
import type { Variable } from "../tensor/variable.ts";
import * as init from "./init.ts";
import { Buffer, Module, Parameter } from "./module.ts";

/** x·weight + bias, where they exist, both reshaped to `shape`. */
function affine(x: Tensor, weight: Variable | undefined, bias: Variable | undefined, shape: Shape): Tensor {
  const scaled = weight ? mul(x, reshape(weight, shape)) : x;
  return bias ? add(scaled, reshape(bias, shape)) : scaled;
}

/** x with its last axes, which must be `tail`, flattened into one. */
function foldTail(layer: string, x: Tensor, tail: Shape): Tensor {
  const lead = x.shape.slice(0, -tail.length);
  if (!sameShape(x.shape.slice(-tail.length), tail))
    throw new UserError(
      `${layer}: normalises the last axes ${showShape(tail)}, but was given ${showShape(x.shape)}`,
    );
  return reshape(x, [...lead, sizeOf(tail)]);
}

export interface LayerNormOptions {
  readonly eps?: number;
  readonly elementwiseAffine?: boolean;
  readonly bias?: boolean;
}

/** Ba et al. (2016): (x − mean) / √(var + eps) · weight + bias over the last axes `normalizedShape`. */
export class LayerNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly #shape: Shape;
  readonly #eps: number;

  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super();
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = options;
    this.#shape = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
    this.#eps = eps;
    this.weight = elementwiseAffine ? new Parameter(this.#shape, init.ones) : undefined;
    this.bias = elementwiseAffine && bias ? new Parameter(this.#shape, init.zeros) : undefined;
  }

  forward(x: Operand): Tensor {
    const t = asTensor(x);
    const y = standardize(foldTail("LayerNorm", t, this.#shape), this.#eps);
    return affine(reshape(y, t.shape), this.weight, this.bias, this.#shape);
  }
}

/** Zhang and Sennrich (2019): x / √(mean(x²) + eps) · weight over the last axes. */
export class RMSNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly #shape: Shape;
  readonly #eps: number;

  /** `eps` is float32's epsilon when left out, as in PyTorch. */
  constructor(normalizedShape: number | Shape, options: Omit<LayerNormOptions, "bias"> = {}) {
    super();
    const { eps = 2 ** -23, elementwiseAffine = true } = options;
    this.#shape = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
    this.#eps = eps;
    this.weight = elementwiseAffine ? new Parameter(this.#shape, init.ones) : undefined;
  }

  forward(x: Operand): Tensor {
    const t = asTensor(x);
    const rows = foldTail("RMSNorm", t, this.#shape);
    const rms = sqrt(add(mean(square(rows), { axes: -1, keepDims: true }), this.#eps));
    return affine(reshape(div(rows, rms), t.shape), this.weight, undefined, this.#shape);
  }
}

export interface NormOptions {
  readonly eps?: number;
  readonly affine?: boolean;
}

/** Wu and He (2018): each of `numGroups` groups of channels of x [N, C, ...] standardised together; weight, bias [C]. */
export class GroupNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly #groups: number;
  readonly #channels: number;
  readonly #eps: number;

  constructor(numGroups: number, numChannels: number, options: NormOptions = {}) {
    super();
    const { eps = 1e-5, affine = true } = options;
    if (numChannels % numGroups !== 0)
      throw new UserError(`GroupNorm: ${numGroups} groups do not divide ${numChannels} channels`);
    this.#groups = numGroups;
    this.#channels = numChannels;
    this.#eps = eps;
    this.weight = affine ? new Parameter([numChannels], init.ones) : undefined;
    this.bias = affine ? new Parameter([numChannels], init.zeros) : undefined;
  }

  forward(x: Operand): Tensor {
    const t = asTensor(x);
    requireChannels("GroupNorm", t, this.#channels);
    const y = standardize(reshape(t, [t.shape[0]!, this.#groups, -1]), this.#eps);
    return affine(reshape(y, t.shape), this.weight, this.bias, perChannel(t));
  }
}

const perChannel = (x: Tensor): Shape => x.shape.map((d, i) => (i === 1 ? d : 1));

function requireChannels(layer: string, x: Tensor, channels: number): void {
  if (x.rank < 2 || x.shape[1] !== channels)
    throw new UserError(`${layer}: takes [N, ${channels}, ...], but was given ${showShape(x.shape)}`);
}

export interface BatchNormOptions extends NormOptions {
  /** Weight of the current batch in the running statistics. */
  readonly momentum?: number;
}

/**
 * Ioffe and Szegedy (2015): each channel of x [N, C, ...] is standardised over the batch in a training pass (with a
 * key), which also updates the running statistics (with the unbiased variance, as in PyTorch), and by the running
 * statistics in evaluation.
 */
class BatchNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly running_mean: Buffer;
  readonly running_var: Buffer;
  readonly num_batches_tracked: Buffer;
  readonly #channels: number;
  readonly #name: string;
  readonly #ranks: readonly number[];
  readonly #eps: number;
  readonly #momentum: number;
  #peers: Peers | undefined;

  constructor(name: string, ranks: readonly number[], numFeatures: number, options: BatchNormOptions) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine = true } = options;
    this.#channels = numFeatures;
    this.#name = name;
    this.#ranks = ranks;
    this.#eps = eps;
    this.#momentum = momentum;
    this.weight = affine ? new Parameter([numFeatures], init.ones) : undefined;
    this.bias = affine ? new Parameter([numFeatures], init.zeros) : undefined;
    this.running_mean = new Buffer([numFeatures], (shape) => hostZeros(shape, "float32"));
    this.running_var = new Buffer([numFeatures], (s) => ndarray(new Float32Array(sizeOf(s)).fill(1), s));
    this.num_batches_tracked = new Buffer([], (shape) => hostZeros(shape, "int64"), "int64");
  }

  /** From the next trace on, training passes standardise over the batch of all these processes together. */
  synchronize(peers: Peers): void {
    this.#peers = peers;
  }

  forward(x: Operand, key?: Key): Tensor {
    const t = asTensor(x);
    const layer = this.#name;
    requireChannels(layer, t, this.#channels);
    if (!this.#ranks.includes(t.rank))
      throw new UserError(
        `${layer}: takes ${this.#ranks.join(" or ")} dimensions, but was given ${showShape(t.shape)}`,
      );
    const channel = perChannel(t);
    const { centred, spread } = key
      ? this.#batch(t)
      : {
          centred: sub(t, reshape(this.running_mean, channel)),
          spread: reshape(this.running_var, channel),
        };
    // One factor per channel, so that the image is traversed once.
    const inverse = div(this.weight ? reshape(this.weight, channel) : 1, sqrt(add(spread, this.#eps)));
    return affine(mul(centred, inverse), undefined, this.bias, channel);
  }

  #batch(x: Tensor): { centred: Tensor; spread: Tensor } {
    const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
    const peers = this.#peers;
    const together = (t: Tensor): Tensor => (peers ? acrossPeers(t, peers) : t);
    const count = (x.size / this.#channels) * (peers?.size ?? 1);
    if (count < 2)
      throw new UserError(
        `${this.#name}: a training pass needs more than one value per channel; ${showShape(x.shape)} has one`,
      );
    const average = together(mean(x, { axes, keepDims: true }));
    const centred = sub(x, average);
    const spread = together(mean(square(centred), { axes, keepDims: true }));
    const follow = (running: Buffer, batch: Tensor): void =>
      assign(running, add(running, mul(sub(reshape(batch, running.shape), running), this.#momentum)));
    follow(this.running_mean, average);
    follow(this.running_var, mul(spread, count / (count - 1)));
    assign(this.num_batches_tracked, add(this.num_batches_tracked, 1));
    return { centred, spread };
  }
}

/** BatchNorm of vectors [N, C] or sequences [N, C, L]. */
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super("BatchNorm1d", [2, 3], numFeatures, options);
  }
}

/** BatchNorm of images [N, C, H, W]. */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super("BatchNorm2d", [4], numFeatures, options);
  }
}

/**
 * Let all batch normalisation in a module take its means over these processes together, as PyTorch's SyncBatchNorm. Returns the
 * number of such layers. To be called before the module is traced.
 */
export function syncBatchNorm(module: Module, peers: Peers): number {
  let count = 0;
  const visit = (value: unknown): void => {
    if (value instanceof BatchNorm) {
      value.synchronize(peers);
      count++;
    } else if (value instanceof Module) for (const [, child] of value.children()) visit(child);
    else if (Array.isArray(value)) value.forEach(visit);
  };
  visit(module);
  return count;
}
