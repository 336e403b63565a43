import type { Env, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { RunningMoments } from "./running.ts";
import { Wrapper } from "./wrapper.ts";

/**
 * Rewards divided by the running standard deviation of their discounted sum (Gymnasium's NormalizeReward). The
 * mean stays: subtracting it would change which policy is best.
 */
export class RewardNormalize<O, A> extends Wrapper<O, A> {
  readonly name = "RewardNormalize";
  readonly moments = new RunningMoments(1);
  /** Set to false to use the moments without changing them (evaluation). */
  updating = true;
  private discounted = 0;
  private readonly gamma: number;
  private readonly epsilon: number;

  constructor(env: Env<O, A>, { gamma = 0.99, epsilon = 1e-8 }: { gamma?: number; epsilon?: number } = {}) {
    super(env);
    this.gamma = gamma;
    this.epsilon = epsilon;
  }

  reset(how?: ResetArguments): ResetResult<O> {
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    this.discounted = (result.terminated ? 0 : this.discounted * this.gamma) + result.reward;
    if (this.updating) this.moments.update([this.discounted]);
    return { ...result, reward: result.reward / Math.sqrt(this.moments.variance[0]! + this.epsilon) };
  }
}
