/**
 * All our samplers are one update rule, and differ in its weights:
 *
 *   x_s = x·x_t + x0·x̂₀ + epsilon·ε̂ + previous·x̂₀(of the step before) + noise·z,   z ~ N(0, 1)
 *
 * A sampler is then a function from a noise schedule and a trajectory to weights, in float64; first and last steps
 * that differ lie in these numbers and in no branch.
 */
import { add, mul, type Operand } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Level } from "./schedule.ts";

/** What each part of the update counts. */
export interface Weights<N = number> {
  readonly x: N;
  readonly x0: N;
  readonly epsilon: N;
  readonly previous: N;
  readonly noise: N;
}

/** One step: the time that the network is told, the levels of noise before and after it, and the weights. */
export interface PlannedStep {
  readonly t: number;
  /** How x_t is read: what turns the network's word into x̂₀ and ε̂. */
  readonly level: Level;
  /** How noisy x is after the step. */
  readonly next: Level;
  readonly weights: Weights;
}

/** A sampler's whole run. */
export interface Plan {
  /** For people: "ddim, η = 0". */
  readonly name: string;
  readonly steps: readonly PlannedStep[];
  /** Whether x̂₀ should be held to the range of images unless the caller says otherwise. */
  readonly clip: boolean;
}

export const NOTHING: Weights = { x: 0, x0: 0, epsilon: 0, previous: 0, noise: 0 };

export interface Parts<N = Operand> {
  readonly x: N;
  readonly x0: N;
  readonly epsilon: N;
  readonly previous?: N | undefined;
  readonly noise?: N | undefined;
}

/** The update rule above. Parts that are absent, or whose weight is the number 0, are left out of the graph. */
export function update(parts: Parts, weights: Weights<Operand>): Tensor {
  const terms = (Object.keys(NOTHING) as (keyof Weights)[]).flatMap((name) => {
    const [part, weight] = [parts[name], weights[name]];
    return part === undefined || weight === 0 ? [] : [mul(part, weight)];
  });
  return terms.reduce((sum, term) => add(sum, term));
}
