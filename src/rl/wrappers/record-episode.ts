import type { EnvSource } from "../adopt.ts";
import type { ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Wrapper } from "./wrapper.ts";

/** A recorded episode; step t leads from observations[t] by actions[t] to observations[t + 1]. */
export interface EpisodeRecord<O, A> {
  readonly episode: number;
  readonly observations: O[];
  readonly actions: A[];
  readonly rewards: number[];
  /** The text of render() for each observation. */
  readonly frames: string[];
  terminated: boolean;
  truncated: boolean;
}

/** Episodes 0, 1, 8, 27, … and then every thousandth: more at the beginning, when much changes. */
export function cubicSchedule(episode: number): boolean {
  return episode < 1000 ? Number.isInteger(Math.cbrt(episode)) : episode % 1000 === 0;
}

interface RecordOptions<O, A> {
  /** Which episodes (counted from 0) to record. */
  readonly trigger?: (episode: number) => boolean;
  readonly frames?: boolean;
  /** Called at the end of a recorded episode, and on close() for one that was cut short. */
  readonly onEpisode?: (record: EpisodeRecord<O, A>) => void;
}

/** Records episodes as data, to be inspected, replayed or learned from. RecordVideo records their pictures. */
export class RecordEpisode<O, A> extends Wrapper<O, A> {
  readonly name = "RecordEpisode";
  readonly records: EpisodeRecord<O, A>[] = [];
  readonly #options: RecordOptions<O, A>;
  #current: EpisodeRecord<O, A> | undefined;
  #episode = -1;

  constructor(env: EnvSource<O, A>, options: RecordOptions<O, A> = {}) {
    super(env);
    this.#options = options;
  }

  #finish(): void {
    const record = this.#current;
    if (record === undefined) return;
    this.#current = undefined;
    this.records.push(record);
    this.#options.onEpisode?.(record);
  }

  #look(record: EpisodeRecord<O, A>, observation: O): void {
    record.observations.push(observation);
    if (this.#options.frames !== false) record.frames.push(this.env.render());
  }

  reset(how?: ResetArguments): ResetResult<O> {
    this.#finish();
    const result = this.env.reset(how);
    this.#episode += 1;
    if ((this.#options.trigger ?? cubicSchedule)(this.#episode)) {
      this.#current = {
        episode: this.#episode,
        observations: [],
        actions: [],
        rewards: [],
        frames: [],
        terminated: false,
        truncated: false,
      };
      this.#look(this.#current, result.observation);
    }
    return result;
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    const record = this.#current;
    if (record !== undefined) {
      record.actions.push(action);
      record.rewards.push(result.reward);
      record.terminated = result.terminated;
      record.truncated = result.truncated;
      this.#look(record, result.observation);
      if (result.terminated || result.truncated) this.#finish();
    }
    return result;
  }

  override close(): void {
    this.#finish();
    super.close();
  }
}
