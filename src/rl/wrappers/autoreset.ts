import type { EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Wrapper } from "./wrapper.ts";

/**
 * After the end of an episode the next step resets, ignores its action and gives reward 0 (Gymnasium's Autoreset, as
 * vectors do under NEXT_STEP). That step is not a transition.
 */
export class Autoreset<O, A> extends Wrapper<O, A> {
  readonly name = "Autoreset";
  #over = false;

  reset(how?: ResetArguments): ResetResult<O> {
    this.#over = false;
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    const result = this.#over
      ? { ...this.env.reset(), reward: 0, terminated: false, truncated: false }
      : this.env.step(action);
    this.#over = result.terminated || result.truncated;
    return result;
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), over: this.#over };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.#over = snapshot.over === true;
  }
}
