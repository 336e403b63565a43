/** What a vector of environments is, whoever steps it. */
import type { EpisodeOptions, Info } from "./env.ts";
import type { Rows } from "./rows.ts";
import type { Space } from "./spaces.ts";

/**
 * What happens to an environment whose episode has ended. NEXT_STEP (Gymnasium's default): the next step resets
 * it, ignores its action and gives reward 0; that step is not a transition (`resets`). SAME_STEP: it is reset at once, and
 * the observation is the next episode's first. DISABLED: reset({ resetMask }) does it.
 */
export const AutoresetMode = {
  NEXT_STEP: "NextStep",
  SAME_STEP: "SameStep",
  DISABLED: "Disabled",
} as const;
export type AutoresetMode = (typeof AutoresetMode)[keyof typeof AutoresetMode];
export const AUTORESET_MODES: readonly AutoresetMode[] = Object.values(AutoresetMode);

/** The results of one step, one row per environment. The arrays are reused: copy what you keep. */
export interface VectorStep {
  /** n rows of `width` numbers. */
  readonly observations: Rows;
  readonly rewards: Float64Array;
  /** 1 where the episode terminated in this step. */
  readonly terminations: Uint8Array;
  /** 1 where the time limit was reached in this step. Both may be 1. */
  readonly truncations: Uint8Array;
  /** 1 where this step did nothing but reset (NEXT_STEP): do not learn from such a row. */
  readonly resets: Uint8Array;
  /** The final observation of an episode, in the rows where it ended in this step, in every mode. */
  readonly finalObservations: Rows;
  /** Return and length of the running episodes; of the whole episode in the rows where it ended. */
  readonly episodeReturns: Float64Array;
  readonly episodeLengths: Int32Array;
}

export interface VectorReset {
  /** Environment i is seeded with seed + i, or with seed[i]. */
  readonly seed?: number | readonly number[];
  readonly options?: EpisodeOptions;
  /** Reset only the environments where it is 1. */
  readonly resetMask?: ArrayLike<number>;
}

export interface VectorOptions {
  /** 0: none */
  readonly maxEpisodeSteps?: number;
  readonly autoresetMode?: AutoresetMode;
}

/** A VectorEnv, or one within vector wrappers. */
export interface VectorEnvLike {
  readonly id: string;
  readonly numEnvs: number;
  /** Numbers per row of observations. */
  readonly width: number;
  /** Numbers per row of actions. */
  readonly actionWidth: number;
  readonly singleObservationSpace: Space<unknown>;
  readonly singleActionSpace: Space<unknown>;
  readonly autoresetMode: AutoresetMode;
  reset(how?: VectorReset): { observations: Rows };
  step(actions: Rows): VectorStep;
  /** An array for the actions of all environments, to be filled and passed to step. */
  makeActions(): Rows;
  /** The info of environment i, made on demand. */
  info(i: number): Info;
  /** 1 for each action available now, n rows with one entry per action; undefined where all always are. */
  actionMasks(): Uint8Array | undefined;
  /** Everything needed to continue with the same numbers, as plain data and typed arrays. */
  snapshot(): unknown;
  /** Restores a snapshot and returns its observations. */
  restore(snapshot: unknown): { observations: Rows };
  close(): void;
  toString(): string;
}
