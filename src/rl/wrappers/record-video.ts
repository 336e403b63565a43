import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import type { ResetArguments, ResetResult, StepResult } from "../env.ts";
import { cubicSchedule } from "./record-episode.ts";
import { Wrapper } from "./wrapper.ts";

/** The pictures of an episode, or of some steps. In Node, `saveVideo` writes them as an animation. */
export interface Video {
  /** The episode in which it begins, counted from 0. */
  readonly episode: number;
  /** The step in which it begins, counted over all episodes. */
  readonly step: number;
  /** SVG texts, one per time step. */
  readonly frames: readonly string[];
}

export interface VideoOptions {
  /** Which episodes (counted from 0) to record. Without any trigger: 0, 1, 8, 27, … and every thousandth. */
  readonly episodeTrigger?: (episode: number) => boolean;
  /** At which steps (counted from 0, over all episodes) to begin recording. */
  readonly stepTrigger?: (step: number) => boolean;
  /** Frames per video, across episodes if need be; 0: to the end of the episode. */
  readonly videoLength?: number;
  /** Called with each complete video, and on close() with an incomplete one. Without it, `videos` keeps all. */
  readonly onVideo?: (video: Video) => void;
}

/** Records pictures of episodes (Gymnasium's RecordVideo). */
export class RecordVideo<O, A> extends Wrapper<O, A> {
  readonly name = "RecordVideo";
  readonly videos: Video[] = [];
  readonly #options: VideoOptions;
  #frames: string[] | undefined;
  #begin: { episode: number; step: number } = { episode: 0, step: 0 };
  #episode = -1;
  #step = 0;

  constructor(env: EnvSource<O, A>, options: VideoOptions = {}) {
    super(env);
    const { videoLength = 0, episodeTrigger, stepTrigger } = options;
    if (!Number.isInteger(videoLength) || videoLength < 0) {
      throw new UserError(`RecordVideo: videoLength must be a whole number ≥ 0, not ${videoLength}`);
    }
    this.#options =
      episodeTrigger === undefined && stepTrigger === undefined
        ? { ...options, episodeTrigger: cubicSchedule }
        : options;
  }

  #look(wanted: boolean): void {
    if (this.#frames === undefined) {
      if (!wanted) return;
      this.#frames = [];
      this.#begin = { episode: this.#episode, step: this.#step };
    }
    this.#frames.push(this.env.renderSvg());
    const { videoLength = 0 } = this.#options;
    if (videoLength > 0 && this.#frames.length >= videoLength) this.#finish();
  }

  #finish(): void {
    const frames = this.#frames;
    if (frames === undefined) return;
    this.#frames = undefined;
    const video = { ...this.#begin, frames };
    if (this.#options.onVideo === undefined) this.videos.push(video);
    else this.#options.onVideo(video);
  }

  reset(how?: ResetArguments): ResetResult<O> {
    const { videoLength = 0, episodeTrigger } = this.#options;
    if (videoLength === 0) this.#finish();
    const result = this.env.reset(how);
    this.#episode++;
    this.#look(episodeTrigger?.(this.#episode) === true);
    return result;
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    const wanted = this.#options.stepTrigger?.(this.#step) === true;
    this.#step++;
    this.#look(wanted);
    if ((this.#options.videoLength ?? 0) === 0 && (result.terminated || result.truncated)) this.#finish();
    return result;
  }

  override close(): void {
    this.#finish();
    super.close();
  }
}
