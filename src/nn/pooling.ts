import { UserError } from "../errors.ts";
import { avgPool1d, avgPool2d, flatten, maxPool1d, maxPool2d, type OneOrTwo, type Operand, type Pool1dOptions, type PoolOptions } from "../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

const pair = (v: OneOrTwo): readonly number[] => (typeof v === "number" ? [v, v] : v);

/** Reduces each window to one number. */
class Pool<K extends OneOrTwo, O extends PoolOptions> extends Module {
  readonly #pool: (x: Operand, kernel: K, options: O) => Tensor;
  readonly #kernel: K;
  readonly #options: O;

  constructor(layer: string, pool: (x: Operand, kernel: K, options: O) => Tensor, kernel: K, options: O) {
    super();
    const [sizes, paddings] = [pair(kernel), pair(options.padding ?? 0)];
    // With more, a window could lie entirely in the padding (the same limit as in PyTorch).
    if (paddings.some((p, i) => !(p >= 0 && 2 * p <= sizes[i]!)))
      throw new UserError(
        `${layer}: padding ${paddings.join(", ")} must be at most half the kernel, ${sizes.join(", ")}`,
      );
    this.#pool = pool;
    this.#kernel = kernel;
    this.#options = options;
  }

  forward(x: Operand): Tensor {
    return this.#pool(x, this.#kernel, this.#options);
  }
}

/** The maximum of each window of x [N, C, L], at `stride` (the window's length when left out). */
export class MaxPool1d extends Pool<number, Pool1dOptions> {
  constructor(kernelSize: number, options: Pool1dOptions = {}) {
    super("MaxPool1d", maxPool1d, kernelSize, options);
  }
}

/** The mean of each window of x [N, C, L]; padding counts as zeros, as in PyTorch. */
export class AvgPool1d extends Pool<number, Pool1dOptions> {
  constructor(kernelSize: number, options: Pool1dOptions = {}) {
    super("AvgPool1d", avgPool1d, kernelSize, options);
  }
}

/** The maximum of each window of x [N, C, H, W], at `stride` (the window's size when left out). */
export class MaxPool2d extends Pool<OneOrTwo, PoolOptions> {
  constructor(kernelSize: OneOrTwo, options: PoolOptions = {}) {
    super("MaxPool2d", maxPool2d, kernelSize, options);
  }
}

/** The mean of each window of x [N, C, H, W]; padding counts as zeros, as in PyTorch. */
export class AvgPool2d extends Pool<OneOrTwo, PoolOptions> {
  constructor(kernelSize: OneOrTwo, options: PoolOptions = {}) {
    super("AvgPool2d", avgPool2d, kernelSize, options);
  }
}

/** Flattens axes `startDim` to `endDim` into one; all but the batch when left out. */
export class Flatten extends Module {
  readonly #start: number;
  readonly #end: number;

  constructor(startDim = 1, endDim = -1) {
    super();
    this.#start = startDim;
    this.#end = endDim;
  }

  forward(x: Operand): Tensor {
    return flatten(x, this.#start, this.#end);
  }
}
