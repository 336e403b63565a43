import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import type { EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Box, type BoxArray } from "../spaces.ts";
import { TimeLimit } from "./time-limit.ts";
import { ObservationWrapper, Wrapper } from "./wrapper.ts";

/**
 * Appends the time step to the observation (Gymnasium's TimeAwareObservation): under a time limit, only this
 * makes the process Markov. Source: F. Pardo et al., "Time limits in reinforcement learning" (2018).
 */
export class TimeAwareObservation<A> extends ObservationWrapper<Float32Array, A, BoxArray> {
  readonly name = "TimeAwareObservation";
  readonly #space: Box;
  /** The divisor of the step count. */
  readonly #unit: number;
  #elapsed = 0;

  /** @param normalizeTime the time as a fraction of the limit, 0 … 1, instead of in steps */
  constructor(env: EnvSource<BoxArray, A>, { normalizeTime = false }: { normalizeTime?: boolean } = {}) {
    super(env);
    const space = env.observationSpace as unknown;
    if (!(space instanceof Box)) {
      throw new UserError(
        `TimeAwareObservation needs observations from a Box; ${this.id} has ${String(space)}. FlattenObservation makes one.`,
      );
    }
    const limit = limitOf(this.env);
    this.#unit = normalizeTime ? limit : 1;
    this.#space = new Box([...space.low, 0], [...space.high, limit / this.#unit]);
  }

  override get observationSpace(): Box {
    return this.#space;
  }

  override reset(how?: ResetArguments): ResetResult<Float32Array> {
    this.#elapsed = 0;
    return super.reset(how);
  }

  override step(action: A): StepResult<Float32Array> {
    this.#elapsed++;
    return super.step(action);
  }

  observation(x: ArrayLike<number>): Float32Array {
    return Float32Array.from({ length: x.length + 1 }, (_, i) =>
      i < x.length ? x[i]! : this.#elapsed / this.#unit,
    );
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), elapsed: this.#elapsed };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.#elapsed = snapshot.elapsed as number;
  }
}

/** The time limit within a stack of wrappers. */
function limitOf(env: unknown): number {
  for (let at = env; at instanceof Wrapper; at = at.env)
    if (at instanceof TimeLimit) return at.maxEpisodeSteps;
  throw new UserError(`TimeAwareObservation: ${String(env)} has no time limit. Put a TimeLimit within it.`);
}
