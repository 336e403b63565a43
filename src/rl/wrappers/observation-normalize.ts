import { UserError } from "../../errors.ts";
import type { Env, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Box, type BoxArray } from "../spaces.ts";
import { RunningMoments } from "./running.ts";
import { Wrapper } from "./wrapper.ts";

/** Observations with mean 0 and variance 1, by their running moments (Gymnasium's NormalizeObservation). */
export class ObservationNormalize<A> extends Wrapper<Float32Array, A, BoxArray> {
  readonly name = "ObservationNormalize";
  readonly moments: RunningMoments;
  /** Set to false to use the moments without changing them (evaluation). */
  updating = true;
  private readonly space: Box;
  private readonly epsilon: number;

  constructor(env: Env<BoxArray, A>, { epsilon = 1e-8 }: { epsilon?: number } = {}) {
    super(env);
    const space = env.observationSpace as unknown;
    if (!(space instanceof Box)) {
      throw new UserError(
        `ObservationNormalize needs observations from a Box; ${env.id} has ${String(space)}`,
      );
    }
    this.moments = new RunningMoments(space.low.length);
    this.space = new Box(-Infinity, Infinity, space.shape);
    this.epsilon = epsilon;
  }

  override get observationSpace(): Box {
    return this.space;
  }

  private normalize(x: ArrayLike<number>): Float32Array {
    const { moments } = this;
    if (this.updating) moments.update(x);
    return Float32Array.from(
      x,
      (v, i) => (v - moments.mean[i]!) / Math.sqrt(moments.variance[i]! + this.epsilon),
    );
  }

  reset(how?: ResetArguments): ResetResult<Float32Array> {
    const result = this.env.reset(how);
    return { ...result, observation: this.normalize(result.observation) };
  }

  step(action: A): StepResult<Float32Array> {
    const result = this.env.step(action);
    return { ...result, observation: this.normalize(result.observation) };
  }
}
