import type { EnvSource } from "../adopt.ts";
import type { EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { type MomentsState, RunningMoments } from "./running.ts";
import { Wrapper } from "./wrapper.ts";

/**
 * Divides rewards by the running standard deviation of their discounted sum (Gymnasium's NormalizeReward). The
 * mean is kept: subtracting it could change which policy is optimal.
 */
export class NormalizeReward<O, A> extends Wrapper<O, A> {
  readonly name = "NormalizeReward";
  readonly moments = new RunningMoments(1);
  /** Set to false to use the moments without changing them: for evaluation, and once training is over. */
  updateRunningMean = true;
  #discounted = 0;
  readonly #gamma: number;
  readonly #epsilon: number;

  constructor(
    env: EnvSource<O, A>,
    { gamma = 0.99, epsilon = 1e-8 }: { gamma?: number; epsilon?: number } = {},
  ) {
    super(env);
    this.#gamma = gamma;
    this.#epsilon = epsilon;
  }

  reset(how?: ResetArguments): ResetResult<O> {
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    this.#discounted = (result.terminated ? 0 : this.#discounted * this.#gamma) + result.reward;
    if (this.updateRunningMean) this.moments.update([this.#discounted]);
    return { ...result, reward: result.reward / Math.sqrt(this.moments.variance[0]! + this.#epsilon) };
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), moments: this.moments.state(), discounted: this.#discounted };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.moments.restore(snapshot.moments as MomentsState);
    this.#discounted = snapshot.discounted as number;
  }
}
