import type { Env, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Wrapper } from "./wrapper.ts";

/**
 * Tells the return r, length l and seconds t of an episode in `info.episode` of its last step, and keeps those of
 * the last episodes (Gymnasium's RecordEpisodeStatistics).
 */
export class EpisodeStatistics<O, A> extends Wrapper<O, A> {
  readonly name = "EpisodeStatistics";
  /** Returns of the last episodes, the newest last. */
  readonly returns: number[] = [];
  readonly lengths: number[] = [];
  episodes = 0;
  private readonly bufferLength: number;
  private r = 0;
  private l = 0;
  private began = 0;

  constructor(env: Env<O, A>, { bufferLength = 100 }: { bufferLength?: number } = {}) {
    super(env);
    this.bufferLength = bufferLength;
  }

  reset(how?: ResetArguments): ResetResult<O> {
    this.r = 0;
    this.l = 0;
    this.began = performance.now();
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    this.r += result.reward;
    this.l += 1;
    if (!result.terminated && !result.truncated) return result;
    this.episodes += 1;
    this.returns.push(this.r);
    this.lengths.push(this.l);
    if (this.returns.length > this.bufferLength) {
      this.returns.shift();
      this.lengths.shift();
    }
    const t = (performance.now() - this.began) / 1000;
    return { ...result, info: { ...result.info, episode: { r: this.r, l: this.l, t } } };
  }
}
