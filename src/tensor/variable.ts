import type { DType } from "./dtype.ts";
import type { NdArray } from "./ndarray.ts";
import { type Shape, sameShape, showShape } from "./shape.ts";

/**
 * A value carried from call to call: a parameter, an optimizer moment, a running statistic. The engine that
 * last ran a program over it holds the current value; `value` is what the host last gave it.
 */
export class Variable {
  /** Used in messages and state dicts; modules set it to the field path. */
  name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Counts `set` calls, so that an engine knows when its copy is stale. */
  version = 0;
  #value: NdArray | undefined;

  constructor(shape: Shape, options: { name?: string; dtype?: DType; value?: NdArray } = {}) {
    this.shape = shape;
    this.dtype = options.dtype ?? "float32";
    this.name = options.name ?? "unnamed";
    if (options.value) this.set(options.value);
  }

  /** The value the host last set; engines may have moved on from it (read through `engine.read`). */
  get value(): NdArray | undefined {
    return this.#value;
  }

  /** Give it a new value; every engine takes it over before its next run. */
  set(value: NdArray): void {
    if (!sameShape(value.shape, this.shape) || value.dtype !== this.dtype)
      throw new TypeError(
        `${this.name} holds ${this.dtype}${showShape(this.shape)}; it was given ${value.dtype}${showShape(value.shape)}`,
      );
    this.#value = value;
    this.version++;
  }

  get size(): number {
    return this.shape.reduce((n, d) => n * d, 1);
  }
}
