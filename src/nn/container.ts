import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/** A module whose forward takes one tensor and gives one. */
export interface Layer extends Module {
  forward(x: Tensor, key?: Key): Tensor;
}

/** A step of a Sequential: a layer, or a function such as `relu` (without state, but counted in the names). */
export type Step = Layer | ((x: Tensor) => Tensor);

/** Steps one after another; state is named by position ("0.weight"). In a training pass step i gets key.split(i). */
export class Sequential extends Module {
  readonly steps: readonly Step[];

  constructor(...steps: readonly Step[]) {
    super();
    this.steps = steps;
  }

  override children(): Iterable<readonly [string, unknown]> {
    return this.steps.map((step, i) => [String(i), step] as const);
  }

  forward(x: Tensor, key?: Key): Tensor {
    return this.steps.reduce(
      (h: Tensor, step, i) => (step instanceof Module ? step.forward(h, key?.split(i)) : step(h)),
      x,
    );
  }
}
