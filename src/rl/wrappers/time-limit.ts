import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import type { EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Wrapper } from "./wrapper.ts";

/** Truncates an episode after `maxEpisodeSteps`. The last step may both terminate and truncate. */
export class TimeLimit<O, A> extends Wrapper<O, A> {
  readonly name = "TimeLimit";
  readonly maxEpisodeSteps: number;
  #elapsed = 0;

  constructor(env: EnvSource<O, A>, maxEpisodeSteps: number) {
    super(env);
    if (!Number.isInteger(maxEpisodeSteps) || maxEpisodeSteps < 1) {
      throw new UserError(`TimeLimit: maxEpisodeSteps must be a whole number ≥ 1, not ${maxEpisodeSteps}`);
    }
    this.maxEpisodeSteps = maxEpisodeSteps;
  }

  reset(how?: ResetArguments): ResetResult<O> {
    this.#elapsed = 0;
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    if (this.#elapsed >= this.maxEpisodeSteps) {
      throw new UserError(
        `${this.id}: step() after the time limit of ${this.maxEpisodeSteps} steps. Call reset() to begin another episode.`,
      );
    }
    const result = this.env.step(action);
    return ++this.#elapsed < this.maxEpisodeSteps ? result : { ...result, truncated: true };
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), elapsed: this.#elapsed };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.#elapsed = snapshot.elapsed as number;
  }
}
