import { UserError } from "../../errors.ts";
import type { Env, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Box, type BoxArray, type BoxDType } from "../spaces.ts";
import { Wrapper } from "./wrapper.ts";

/** The last `size` observations as one array, shape [size, …], the newest last. */
export class FrameStack<A, D extends BoxDType> extends Wrapper<BoxArray<D>, A> {
  readonly name = "FrameStack";
  private readonly space: Box<D>;
  private readonly size: number;
  private readonly padding: "reset" | "zero";
  private frames: BoxArray<D>[] = [];

  /** @param padding what stands for the time before the episode: its first observation, or zeros */
  constructor(
    env: Env<BoxArray<D>, A>,
    size: number,
    { padding = "reset" }: { padding?: "reset" | "zero" } = {},
  ) {
    super(env);
    if (!Number.isInteger(size) || size < 1) {
      throw new UserError(`FrameStack: size must be a whole number ≥ 1, not ${size}`);
    }
    const inner = env.observationSpace as unknown;
    if (!(inner instanceof Box)) {
      throw new UserError(`FrameStack needs observations from a Box; ${env.id} has ${String(inner)}`);
    }
    const repeat = (bound: Float64Array): number[] => Array.from({ length: size }, () => [...bound]).flat();
    const low = repeat(inner.low);
    const high = repeat(inner.high);
    const zeros = padding === "zero";
    this.space = new Box(
      zeros ? low.map((x) => Math.min(x, 0)) : low,
      zeros ? high.map((x) => Math.max(x, 0)) : high,
      [size, ...inner.shape],
      inner.dtype as D,
    );
    this.size = size;
    this.padding = padding;
  }

  override get observationSpace(): Box<D> {
    return this.space;
  }

  private stacked(): BoxArray<D> {
    const first = this.frames[0]!;
    const Stack = first.constructor as new (n: number) => BoxArray<D>;
    const all = new Stack(first.length * this.size);
    for (const [i, frame] of this.frames.entries()) all.set(frame, i * first.length);
    return all;
  }

  reset(how?: ResetArguments): ResetResult<BoxArray<D>> {
    const result = this.env.reset(how);
    const first = result.observation;
    const before = this.padding === "reset" ? first : (first.slice().fill(0) as BoxArray<D>);
    this.frames = Array.from({ length: this.size }, (_, i) => (i === this.size - 1 ? first : before));
    return { ...result, observation: this.stacked() };
  }

  step(action: A): StepResult<BoxArray<D>> {
    const result = this.env.step(action);
    this.frames = [...this.frames.slice(1), result.observation];
    return { ...result, observation: this.stacked() };
  }
}
