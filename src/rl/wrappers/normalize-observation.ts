import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import type { EnvSnapshot } from "../env.ts";
import { Box, type BoxArray } from "../spaces.ts";
import { type MomentsState, RunningMoments } from "./running.ts";
import { ObservationWrapper } from "./wrapper.ts";

/** Normalises observations to mean 0 and variance 1 by their running moments (Gymnasium's NormalizeObservation). */
export class NormalizeObservation<A> extends ObservationWrapper<Float32Array, A, BoxArray> {
  readonly name = "NormalizeObservation";
  readonly moments: RunningMoments;
  /** Set to false to use the moments without changing them: for evaluation, and once training is over. */
  updateRunningMean = true;
  readonly #space: Box;
  readonly #epsilon: number;

  constructor(env: EnvSource<BoxArray, A>, { epsilon = 1e-8 }: { epsilon?: number } = {}) {
    super(env);
    const space = env.observationSpace as unknown;
    if (!(space instanceof Box)) {
      throw new UserError(
        `NormalizeObservation needs observations from a Box; ${this.id} has ${String(space)}`,
      );
    }
    this.moments = new RunningMoments(space.low.length);
    this.#space = new Box(-Infinity, Infinity, space.shape);
    this.#epsilon = epsilon;
  }

  override get observationSpace(): Box {
    return this.#space;
  }

  observation(x: ArrayLike<number>): Float32Array {
    const { moments } = this;
    if (this.updateRunningMean) moments.update(x);
    return Float32Array.from(
      x,
      (v, i) => (v - moments.mean[i]!) / Math.sqrt(moments.variance[i]! + this.#epsilon),
    );
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), moments: this.moments.state() };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.moments.restore(snapshot.moments as MomentsState);
  }
}
