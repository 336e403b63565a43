import type { Engine } from "../engine/engine.ts";
import type { Parameter } from "../nn/module.ts";
import { add, asTensor, broadcastTo, constant, mul } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assign } from "../tensor/trace.ts";
import type { Variable } from "../tensor/variable.ts";
import { Packing } from "./packing.ts";

/**
 * The mean of the gradients of several micro-batches, gathered in the engine. Between steps it is empty (zeros), so
 * a checkpoint has nothing of it to keep. Its methods are called while steps are traced.
 */
export class GradientAccumulator {
  readonly #packing: Packing<Parameter>;
  readonly #sums: readonly Variable[];

  constructor(parameters: readonly Parameter[]) {
    this.#packing = new Packing(parameters);
    this.#sums = this.#packing.zeros();
    this.#packing.groups.forEach(({ name }, g) => {
      this.#sums[g]!.name = `gradient.${name}`;
    });
  }

  #with(gradients: readonly Tensor[], share: number): Tensor[] {
    return this.#packing.pack(gradients).map((gradient, g) => add(this.#sums[g]!, mul(gradient, share)));
  }

  /** Put gradients (in the order of the parameters) aside; they count `share` of the mean. */
  add(gradients: readonly Tensor[], share: number): void {
    this.#with(gradients, share).forEach((sum, g) => {
      assign(this.#sums[g]!, sum);
    });
  }

  /** What was put aside and these, as the gradients of one step; empty afterwards. */
  take(gradients: readonly Tensor[], share: number): Tensor[] {
    const means = this.#packing.unpack(this.#with(gradients, share));
    for (const sum of this.#sums) assign(sum, broadcastTo(constant(0), sum.shape));
    return this.#packing.variables.map((p) => asTensor(means.get(p)!));
  }

  /** Free its memory in the engine. */
  release(engine: Engine): void {
    for (const sum of this.#sums) engine.state.release(sum);
  }
}
