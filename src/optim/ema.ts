import { UserError } from "../errors.ts";
import type { Parameter } from "../nn/module.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { add, asTensor, div, minimum, mul, type Operand, sub } from "../tensor/ops.ts";
import { sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assign } from "../tensor/trace.ts";
import type { Variable } from "../tensor/variable.ts";
import { Packing } from "./packing.ts";

/**
 * Exponential moving averages of parameters (Polyak and Juditsky, 1992): s ← s + (1−d)(w − s), from the values
 * the parameters have when this is made. Buffers are not averaged: evaluate with the module's own.
 */
export class Ema {
  readonly decay: number;
  readonly #packing: Packing<Parameter>;
  readonly #shadows: readonly Variable[];

  constructor(parameters: readonly Parameter[], decay: number) {
    if (!(decay >= 0 && decay < 1)) throw new UserError(`the EMA decay is from 0 to below 1, not ${decay}`);
    this.decay = decay;
    this.#packing = new Packing(parameters);
    this.#shadows = this.#packing.zeros();
    this.write((p) => {
      if (!p.value)
        throw new Error(`${p.name} has no value yet: initialise the module before its EMA is made`);
      return p.value;
    });
  }

  /**
   * Follow the parameters; called while a training step is traced, after the optimizer. With `step` (0, 1, …)
   * the average warms up: d = min(decay, (1 + step) / (10 + step)), as in TensorFlow's and diffusers' EMA.
   */
  update(step?: Operand): void {
    const keep = step === undefined ? this.decay : minimum(div(add(step, 1), add(step, 10)), this.decay);
    const follow = sub(1, keep);
    this.#packing.pack(this.#packing.variables).forEach((now, g) => {
      const shadow = this.#shadows[g]!;
      assign(shadow, add(shadow, mul(sub(now, shadow), follow)));
    });
  }

  /** The averages in the place of the parameters, for `substitute` in a traced function. */
  values(): ReadonlyMap<Parameter, Tensor> {
    return this.#packing.unpack(this.#shadows.map((shadow) => asTensor(shadow)));
  }

  /** The averages as arrays, from wherever they are. */
  async read(): Promise<Map<Parameter, NdArray<"float32">>> {
    const out = new Map<Parameter, NdArray<"float32">>();
    for (const [g, { members }] of this.#packing.groups.entries()) {
      const shadow = this.#shadows[g]!;
      const flat = (await shadow.read()).data as Float32Array;
      let at = 0;
      for (const p of members) out.set(p, ndarray(flat.subarray(at, (at += p.size)), p.shape));
    }
    return out;
  }

  /** Set the averages. A value that does not fit its parameter is refused before anything changes. */
  write(averageOf: (parameter: Parameter) => NdArray | undefined): void {
    const packed = this.#packing.groups.map(({ members, shape }) => {
      const data = new Float32Array(sizeOf(shape));
      let at = 0;
      for (const p of members) {
        const value = averageOf(p);
        if (value?.dtype !== "float32" || !sameShape(value.shape, p.shape))
          throw new UserError(
            `the average of ${p.name} is ${value ? value.dtype + showShape(value.shape) : "missing"}, expected float32${showShape(p.shape)}`,
          );
        data.set(value.data as Float32Array, at);
        at += p.size;
      }
      return ndarray(data, shape);
    });
    this.#packing.groups.forEach(({ name }, g) => {
      this.#shadows[g]!.name = `ema.${name}`;
      this.#shadows[g]!.set(packed[g]!);
    });
  }
}
