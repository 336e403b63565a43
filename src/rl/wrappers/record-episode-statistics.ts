import type { EnvSource } from "../adopt.ts";
import type { EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Wrapper } from "./wrapper.ts";

/**
 * Adds return r, length l and seconds t of an episode to the info of its last step, as `info.episode`, and keeps
 * those of the last episodes (Gymnasium's RecordEpisodeStatistics).
 */
export class RecordEpisodeStatistics<O, A> extends Wrapper<O, A> {
  readonly name = "RecordEpisodeStatistics";
  /** Returns, lengths and seconds of the last episodes, the newest last. */
  readonly returnQueue: number[] = [];
  readonly lengthQueue: number[] = [];
  readonly timeQueue: number[] = [];
  episodeCount = 0;
  readonly #bufferLength: number;
  #r = 0;
  #l = 0;
  #began = 0;

  constructor(env: EnvSource<O, A>, { bufferLength = 100 }: { bufferLength?: number } = {}) {
    super(env);
    this.#bufferLength = bufferLength;
  }

  reset(how?: ResetArguments): ResetResult<O> {
    this.#r = 0;
    this.#l = 0;
    this.#began = performance.now();
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    this.#r += result.reward;
    this.#l += 1;
    if (!result.terminated && !result.truncated) return result;
    const [r, l, t] = [this.#r, this.#l, (performance.now() - this.#began) / 1000];
    this.episodeCount += 1;
    this.#keep(this.returnQueue, r);
    this.#keep(this.lengthQueue, l);
    this.#keep(this.timeQueue, t);
    return { ...result, info: { ...result.info, episode: { r, l, t } } };
  }

  #keep(queue: number[], x: number): void {
    queue.push(x);
    if (queue.length > this.#bufferLength) queue.shift();
  }

  override snapshot(): EnvSnapshot {
    const queues = [this.returnQueue, this.lengthQueue, this.timeQueue].map((queue) => [...queue]);
    const seconds = (performance.now() - this.#began) / 1000;
    return { ...super.snapshot(), r: this.#r, l: this.#l, seconds, queues, episodeCount: this.episodeCount };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    const saved = snapshot as {
      r: number;
      l: number;
      seconds: number;
      queues: number[][];
      episodeCount: number;
    };
    this.#r = saved.r;
    this.#l = saved.l;
    this.#began = performance.now() - saved.seconds * 1000;
    this.episodeCount = saved.episodeCount;
    for (const [i, queue] of [this.returnQueue, this.lengthQueue, this.timeQueue].entries()) {
      queue.splice(0, queue.length, ...saved.queues[i]!);
    }
  }
}
