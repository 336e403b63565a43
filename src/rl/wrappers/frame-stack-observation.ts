import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import type { EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Box, type BoxArray, type Space } from "../spaces.ts";
import { Wrapper } from "./wrapper.ts";

/** The last `size` observations as one array, shape [size, …], the newest last (Gymnasium's FrameStackObservation). */
export class FrameStackObservation<O extends BoxArray, A> extends Wrapper<O, A> {
  readonly name = "FrameStackObservation";
  readonly #space: Space<O>;
  readonly #size: number;
  readonly #padding: "reset" | "zero";
  #frames: O[] = [];

  /** @param padding fills the time before the episode with its first observation or with zeros */
  constructor(
    env: EnvSource<O, A>,
    size: number,
    { padding = "reset" }: { padding?: "reset" | "zero" } = {},
  ) {
    super(env);
    if (!Number.isInteger(size) || size < 1) {
      throw new UserError(`FrameStackObservation: size must be a whole number ≥ 1, not ${size}`);
    }
    const inner = env.observationSpace as unknown;
    if (!(inner instanceof Box)) {
      throw new UserError(
        `FrameStackObservation needs observations from a Box; ${this.id} has ${String(inner)}`,
      );
    }
    const repeat = (bound: Float64Array): number[] => Array.from({ length: size }, () => [...bound]).flat();
    const low = repeat(inner.low);
    const high = repeat(inner.high);
    const zeros = padding === "zero";
    this.#space = new Box(
      zeros ? low.map((x) => Math.min(x, 0)) : low,
      zeros ? high.map((x) => Math.max(x, 0)) : high,
      [size, ...inner.shape],
      inner.dtype,
    ) as unknown as Space<O>;
    this.#size = size;
    this.#padding = padding;
  }

  override get observationSpace(): Space<O> {
    return this.#space;
  }

  #stacked(): O {
    const first = this.#frames[0]!;
    const Stack = first.constructor as new (n: number) => O;
    const all = new Stack(first.length * this.#size);
    for (const [i, frame] of this.#frames.entries()) all.set(frame, i * first.length);
    return all;
  }

  reset(how?: ResetArguments): ResetResult<O> {
    const result = this.env.reset(how);
    const first = result.observation;
    const before = this.#padding === "reset" ? first : (first.slice().fill(0) as O);
    this.#frames = Array.from({ length: this.#size }, (_, i) => (i === this.#size - 1 ? first : before));
    return { ...result, observation: this.#stacked() };
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    this.#frames = [...this.#frames.slice(1), result.observation];
    return { ...result, observation: this.#stacked() };
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), frames: [...this.#frames] };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.#frames = [...(snapshot.frames as O[])];
  }
}
