import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import { RewardWrapper } from "./wrapper.ts";

/** Replaces rewards by f(reward) (Gymnasium's TransformReward). */
export class TransformReward<O, A> extends RewardWrapper<O, A> {
  readonly name = "TransformReward";
  readonly #f: (reward: number) => number;

  constructor(env: EnvSource<O, A>, f: (reward: number) => number) {
    super(env);
    this.#f = f;
  }

  reward(reward: number): number {
    return this.#f(reward);
  }
}

/** Clips rewards to [minReward, maxReward] (Gymnasium's ClipReward). */
export class ClipReward<O, A> extends RewardWrapper<O, A> {
  readonly name = "ClipReward";
  readonly #min: number;
  readonly #max: number;

  constructor(env: EnvSource<O, A>, minReward = -Infinity, maxReward = Infinity) {
    super(env);
    if (!(minReward <= maxReward)) {
      throw new UserError(`ClipReward: minReward must be ≤ maxReward, not ${minReward} and ${maxReward}`);
    }
    this.#min = minReward;
    this.#max = maxReward;
  }

  reward(reward: number): number {
    return Math.min(Math.max(reward, this.#min), this.#max);
  }
}
