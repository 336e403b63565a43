import { Module } from "../../nn/module.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { add, concat, mul, reshape, stopGradient, sub, unsqueeze } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Batch } from "../../train/task.ts";
import type { Rng } from "../random.ts";
import type { Rows } from "../rows.ts";
import { type Actions, requireBounded } from "./features.ts";
import { Mlp } from "./network.ts";
import type { Part } from "./parts.ts";
import type { Spaces } from "./policy.ts";

export type Bounded = Extract<Actions, { kind: "continuous" }>;

/** [low, high] → [−1, 1]: what `rescale` undoes. */
export function unscale(a: Tensor, { low, high }: Bounded): Tensor {
  const middle = Float32Array.from(low, (l, j) => (high[j]! + l) / 2);
  const inverse = Float32Array.from(low, (l, j) => 2 / (high[j]! - l));
  return mul(sub(a, ndarray(middle)), ndarray(inverse));
}

/** Rows of numbers in [−1, 1] as actions. */
export function rescaleRows(from: ArrayLike<number>, { low, high, size }: Bounded, out: Rows): void {
  for (let k = 0; k < out.length; k++) {
    const [l, h] = [low[k % size]!, high[k % size]!];
    out[k] = l + ((Math.min(Math.max(from[k]!, -1), 1) + 1) / 2) * (h - l);
  }
}

export interface ContinuousOptions {
  readonly hidden: readonly number[];
}

/** An actor [B, …] → [B, size · outputs] and critics (s, a) → Q, a in [−1, 1], all networks apart. */
export class ContinuousNetworks extends Module {
  readonly actor: Mlp;
  readonly critics: Critics;

  constructor(
    spaces: Spaces,
    algorithm: string,
    how: ContinuousOptions & { critics: number; outputs: number },
  ) {
    super();
    const { size } = requireBounded(spaces.actions, spaces.id, algorithm);
    const shape = [spaces.features.size];
    const options = { hidden: how.hidden, activation: "relu" } as const;
    this.actor = new Mlp(shape, size * how.outputs, options);
    this.critics = new Critics(how.critics, shape[0]! + size, options);
  }

  act(x: Tensor): Tensor {
    return this.actor.forward(reshape(x, [x.shape[0]!, -1]));
  }
}

/** Values of states and actions, by several networks that do not share anything. */
export class Critics extends Module {
  readonly networks: Mlp[];

  constructor(n: number, inputs: number, options: ConstructorParameters<typeof Mlp>[2]) {
    super();
    this.networks = Array.from({ length: n }, () => new Mlp([inputs], 1, options));
  }

  /** Q of each, [B, 1]. */
  values(x: Tensor, action: Tensor): Tensor[] {
    const both = concat([reshape(x, [x.shape[0]!, -1]), action], 1);
    return this.networks.map((network) => network.forward(both));
  }
}

/** Noise that is added to actions in [−1, 1] to explore. */
export interface Noise extends Part {
  add(actions: Float32Array): void;
}

/** Independent from step to step. */
export const normalNoise = (sigma: number, rng: Rng): Noise => ({
  add: (actions) => {
    for (let k = 0; k < actions.length; k++) actions[k]! += rng.normal(0, sigma);
  },
  save: () => null,
  load: () => undefined,
});

/** Ornstein and Uhlenbeck's, which pushes for a while in one direction: x ← x − θ x dt + σ √dt ξ with θ 0.15, dt 0.01. */
export function wanderingNoise(sigma: number, rng: Rng, size: number): Noise {
  const x = new Float64Array(size);
  return {
    add: (actions) => {
      for (let k = 0; k < size; k++) {
        x[k] = x[k]! - 0.15 * x[k]! * 0.01 + sigma * 0.1 * rng.normal();
        actions[k]! += x[k]!;
      }
    },
    save: () => x,
    load: (saved) => x.set(saved as Float64Array),
  };
}

/** R + γᵏ Q′, [B, 1] of values [B, 1]: what critics learn, and no gradient goes through it. */
export const target = ({ rewards, discounts }: Batch, values: Tensor): Tensor =>
  stopGradient(add(unsqueeze(rewards as Tensor, 1), mul(unsqueeze(discounts as Tensor, 1), values)));
