import * as init from "../../nn/init.ts";
import { Buffer, Module, Parameter } from "../../nn/module.ts";
import { filled, ndarray, zeros } from "../../tensor/ndarray.ts";
import { add, asTensor, clamp, mul, reshape, rsqrt, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type MomentsState, RunningMoments } from "../wrappers/running.ts";
import { categorical, type Distribution, gaussian, multiCategorical } from "./distributions.ts";
import type { Actions } from "./features.ts";
import { Mlp, type MlpOptions } from "./network.ts";
import type { Part } from "./parts.ts";
import type { Says, Spaces } from "./policy.ts";

/**
 * Observations with mean 0 and variance 1, clipped to ±10. The moments are weights of the network, so whoever has the
 * network has them; only `Moments` changes them.
 */
export class Standardize extends Module {
  readonly mean: Buffer;
  readonly variance: Buffer;

  constructor({ features: { shape } }: Spaces) {
    super();
    this.mean = new Buffer(shape, (s) => zeros(s, "float32"));
    this.variance = new Buffer(shape, (s) => filled(s, 1, "float32"));
  }

  forward(x: Tensor): Tensor {
    return clamp(mul(sub(x, this.mean), rsqrt(add(this.variance, 1e-8))), -10, 10);
  }
}

/** The running moments behind a `Standardize`, in double precision. */
export class Moments implements Part {
  readonly #moments: RunningMoments;
  readonly #layer: Standardize;

  constructor(layer: Standardize) {
    this.#layer = layer;
    this.#moments = new RunningMoments(layer.mean.size);
  }

  /** Takes in rows of observations, but for those whose `valid` is 0. */
  update(observations: Float32Array, valid: Uint8Array): void {
    const skip = valid.map((v) => 1 - v);
    this.#moments.updateRows(observations, valid.length, skip);
    const { shape } = this.#layer.mean;
    this.#layer.mean.set(ndarray(Float32Array.from(this.#moments.mean), shape));
    this.#layer.variance.set(ndarray(Float32Array.from(this.#moments.variance), shape));
  }

  save(): unknown {
    const { mean, variance, count } = this.#moments.state();
    return { mean: Float64Array.from(mean), variance: Float64Array.from(variance), count };
  }
  load(saved: unknown): void {
    this.#moments.restore(saved as MomentsState);
  }
}

export interface ActorCriticOptions extends Pick<MlpOptions, "hidden" | "activation"> {
  readonly normalizeObservation?: boolean;
  /** Where there is no critic, the policy alone. */
  readonly critic?: boolean;
}

/** Numbers that a policy says of one state: logits of every choice, or means. */
function outputsOf(actions: Actions): number {
  if (actions.kind === "discrete") return actions.n;
  return actions.kind === "multi" ? actions.nvec.reduce((sum, n) => sum + n, 0) : actions.size;
}

/**
 * A policy and a value function, two networks apart: orthogonal first weights, gain √2 in hidden layers, 0.01 for the
 * policy, so that it begins nearly uniform, and 1 for values. Continuous actions are normal, with a log σ for each that
 * does not depend on the state.
 */
export class ActorCritic extends Module {
  readonly observations: Standardize | undefined;
  readonly actor: Mlp;
  readonly critic: Mlp | undefined;
  readonly log_std: Parameter | undefined;
  readonly #actions: Actions;

  constructor(
    spaces: Spaces,
    { hidden, activation, normalizeObservation, critic = true }: ActorCriticOptions,
  ) {
    super();
    const { shape } = spaces.features;
    const { actions } = spaces;
    const out = outputsOf(actions);
    this.#actions = actions;
    const gains = (last: number) => ({ hidden: Math.SQRT2, last });
    this.observations = normalizeObservation ? new Standardize(spaces) : undefined;
    this.actor = new Mlp(shape, out, { hidden, activation, gains: gains(0.01) });
    this.critic = critic ? new Mlp(shape, 1, { hidden, activation, gains: gains(1) }) : undefined;
    this.log_std = actions.kind === "continuous" ? new Parameter([out], init.zeros) : undefined;
  }

  /** π(· | x) of x [B, ...shape]; mask [B, n] of 0 and 1 where not all actions are available. */
  policy(x: Tensor, mask?: Tensor): Distribution {
    const out = this.actor.forward(this.observations?.forward(x) ?? x);
    if (this.log_std) return gaussian(out, asTensor(this.log_std));
    return this.#actions.kind === "multi"
      ? multiCategorical(out, this.#actions.nvec)
      : categorical(out, mask);
  }

  /** What acting needs: logits or means [B, k], values [B], and of continuous actions log σ [k]. */
  heads(x: Tensor): { out: Tensor; values: Tensor; logStd?: Tensor } {
    const seen = this.observations?.forward(x) ?? x;
    const heads = { out: this.actor.forward(seen), values: this.value(x) };
    return this.log_std ? { ...heads, logStd: asTensor(this.log_std) } : heads;
  }

  /** V(x), [B]; 0 without a critic. */
  value(x: Tensor): Tensor {
    const n = x.shape[0]!;
    if (!this.critic) return mul(reshape(x, [n, -1]).sum({ axes: 1 }), 0);
    return reshape(this.critic.forward(this.observations?.forward(x) ?? x), [n]);
  }
}

/** What of an action policy goes to the environment without exploring. */
export const likeliest =
  (network: ActorCritic) =>
  (x: Tensor, mask: Tensor | undefined): Tensor =>
    network.policy(x, mask).mode();

/** The policy in numbers, and V where there is a critic. */
export const saidBy =
  (network: ActorCritic): Says =>
  (x, mask) => ({
    ...network.policy(x, mask).numbers(),
    ...(network.critic && { value: network.value(x) }),
  });
