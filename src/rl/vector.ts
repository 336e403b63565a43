import { UserError } from "../errors.ts";
import type { EpisodeOptions, FunctionalEnv, Info } from "./env.ts";
import { type MakeOptions, makeFunctional, timeLimitOf } from "./make.ts";
import { type Generator, npRandom } from "./random.ts";
import { Discrete, type Space } from "./spaces.ts";
import { type Rows, type VectorKernel, vectorKernel } from "./vector-kernels.ts";

export const AUTORESET_MODES = ["NextStep", "SameStep", "Disabled"] as const;

/**
 * What happens to an environment whose episode has ended. NextStep (as Gymnasium by default): the next step
 * resets it, ignores its action and pays 0. SameStep: it is reset at once; the last observation stands in
 * `finalObservations`. Disabled: reset({ resetMask }) does it.
 */
export type AutoresetMode = (typeof AUTORESET_MODES)[number];

/** The results of one step, one row an environment. The arrays are used again: copy what you keep. */
export interface VectorStep {
  /** n rows of `width` numbers. */
  readonly observations: Rows;
  readonly rewards: Float64Array;
  /** 1 where the episode terminated in this step. */
  readonly terminations: Uint8Array;
  /** 1 where the time limit was reached in this step. */
  readonly truncations: Uint8Array;
  /** SameStep: the last observation of an episode, in the rows where it ended. */
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

/** Many copies of one environment that step together: struct of arrays, no allocation in a step. */
export class VectorEnv {
  readonly id: string;
  readonly numEnvs: number;
  /** Numbers in a row of observations. */
  readonly width: number;
  readonly singleObservationSpace: Space<unknown>;
  readonly singleActionSpace: Discrete;
  readonly autoresetMode: AutoresetMode;
  private readonly kernel: VectorKernel;
  private readonly limit: number;
  private readonly rngs: Generator[];
  /** 1: the episode has ended, reset first; 2: reset already, its return and length still to be cleared. */
  private readonly over: Uint8Array;
  private readonly result: VectorStep;
  private ready = false;

  constructor(
    // biome-ignore lint/suspicious/noExplicitAny: the states' type is the environment's own matter
    env: FunctionalEnv<any, any, number>,
    numEnvs: number,
    { maxEpisodeSteps = 0, autoresetMode = "NextStep" }: VectorOptions = {},
  ) {
    if (!Number.isInteger(numEnvs) || numEnvs < 1) {
      throw new UserError(`${env.id}: the number of environments must be a whole number ≥ 1, not ${numEnvs}`);
    }
    if (!AUTORESET_MODES.includes(autoresetMode)) {
      throw new UserError(`unknown autoreset mode "${String(autoresetMode)}": ${AUTORESET_MODES.join(", ")}`);
    }
    const actions = env.actionSpace as unknown;
    if (!(actions instanceof Discrete)) {
      throw new UserError(`${env.id}: vectors need Discrete actions, not ${String(actions)}`);
    }
    this.id = env.id;
    this.numEnvs = numEnvs;
    this.singleObservationSpace = env.observationSpace as Space<unknown>;
    this.singleActionSpace = actions;
    this.autoresetMode = autoresetMode;
    this.kernel = vectorKernel(env, numEnvs);
    this.width = this.kernel.width;
    this.limit = maxEpisodeSteps === 0 ? Number.POSITIVE_INFINITY : maxEpisodeSteps;
    this.rngs = Array.from({ length: numEnvs }, () => npRandom());
    this.over = new Uint8Array(numEnvs);
    this.result = {
      observations: this.kernel.rows(numEnvs),
      rewards: new Float64Array(numEnvs),
      terminations: new Uint8Array(numEnvs),
      truncations: new Uint8Array(numEnvs),
      finalObservations: this.kernel.rows(numEnvs),
      episodeReturns: new Float64Array(numEnvs),
      episodeLengths: new Int32Array(numEnvs),
    };
  }

  reset({ seed, options, resetMask }: VectorReset = {}): { observations: Rows } {
    const n = this.numEnvs;
    if (typeof seed === "object" && seed.length !== n) {
      throw new UserError(`${this.id}: ${seed.length} seeds for ${n} environments`);
    }
    if (resetMask !== undefined && resetMask.length !== n) {
      throw new UserError(`${this.id}: a reset mask of ${resetMask.length} entries for ${n} environments`);
    }
    if (resetMask !== undefined && !this.ready) {
      throw new UserError(`${this.id}: the first reset() is for all environments; leave resetMask out`);
    }
    for (let i = 0; i < n; i++) {
      if (resetMask !== undefined && resetMask[i] === 0) continue;
      if (seed !== undefined) this.rngs[i] = npRandom(typeof seed === "number" ? seed + i : seed[i]!);
      this.begin(i, options, seed !== undefined);
    }
    this.ready = true;
    return { observations: this.result.observations };
  }

  private begin(i: number, options?: EpisodeOptions, fresh = false): void {
    const { observations, episodeReturns, episodeLengths } = this.result;
    this.kernel.initial(i, this.rngs[i]!, options, fresh);
    this.kernel.observe(i, observations);
    this.over[i] = 0;
    episodeReturns[i] = 0;
    episodeLengths[i] = 0;
  }

  /** @param actions one action an environment */
  step(actions: Int32Array): VectorStep {
    const { kernel, result, over, rngs, limit, numEnvs: n } = this;
    const { rewards, terminations, truncations, observations, episodeReturns, episodeLengths } = result;
    this.check(actions);
    const { start } = this.singleActionSpace;
    for (let i = 0; i < n; i++) {
      if (over[i] === 1) {
        this.begin(i);
        rewards[i] = 0;
        terminations[i] = 0;
        truncations[i] = 0;
        continue;
      }
      if (over[i] === 2) {
        over[i] = 0;
        episodeReturns[i] = 0;
        episodeLengths[i] = 0;
      }
      const reward = kernel.step(i, actions[i]! - start, rngs[i]!);
      if (Number.isNaN(reward)) throw this.unavailable(i, actions[i]!);
      const length = episodeLengths[i]! + 1;
      const terminated = kernel.terminal(i);
      const truncated = length >= limit;
      rewards[i] = reward;
      terminations[i] = terminated ? 1 : 0;
      truncations[i] = truncated ? 1 : 0;
      episodeLengths[i] = length;
      episodeReturns[i] = episodeReturns[i]! + reward;
      kernel.observe(i, observations);
      if (terminated || truncated) over[i] = 1;
    }
    if (this.autoresetMode === "SameStep") this.resetNow();
    return result;
  }

  /** SameStep: shows the next episode's first observation, and keeps return and length for this once. */
  private resetNow(): void {
    const { over, kernel, result, width } = this;
    for (let i = 0; i < this.numEnvs; i++) {
      if (over[i] !== 1) continue;
      for (let j = i * width; j < (i + 1) * width; j++) result.finalObservations[j] = result.observations[j]!;
      kernel.initial(i, this.rngs[i]!);
      kernel.observe(i, result.observations);
      over[i] = 2;
    }
  }

  private check(actions: Int32Array): void {
    if (!this.ready) throw new UserError(`${this.id}: step() before reset(). Call reset() first.`);
    const { numEnvs: n, over } = this;
    const { n: nActions, start } = this.singleActionSpace;
    if (actions.length !== n)
      throw new UserError(`${this.id}: ${actions.length} actions for ${n} environments`);
    const disabled = this.autoresetMode === "Disabled";
    for (let i = 0; i < n; i++) {
      const action = actions[i]! - start;
      if (!(action >= 0 && action < nActions) || !Number.isInteger(action)) {
        throw new UserError(
          `${this.id}: action ${actions[i]} of environment ${i} is not in ${String(this.singleActionSpace)}`,
        );
      }
      if (disabled && over[i] === 1) {
        throw new UserError(
          `${this.id}: the episode of environment ${i} has ended and autoreset is Disabled. Call reset({ resetMask }).`,
        );
      }
    }
  }

  private unavailable(i: number, action: number): UserError {
    return new UserError(`${this.id}: action ${action} is not available to environment ${i} in its state`);
  }

  /** What environment i tells besides the observation, made when asked for. */
  info(i: number): Info {
    return this.kernel.info(i);
  }

  toString(): string {
    return `VectorEnv(${this.id}, numEnvs=${this.numEnvs}, autoresetMode=${this.autoresetMode})`;
  }
}

/** `numEnvs` environments by their id: `makeVec("FrozenLake-v1", 64, { autoreset_mode: "SameStep" })`. */
export function makeVec(
  id: string,
  numEnvs: number,
  options: MakeOptions & { readonly autoreset_mode?: AutoresetMode } & Readonly<Record<string, unknown>> = {},
): VectorEnv {
  const { autoreset_mode = "NextStep", max_episode_steps, ...rest } = options;
  return new VectorEnv(makeFunctional(id, rest), numEnvs, {
    maxEpisodeSteps: timeLimitOf(id, max_episode_steps === undefined ? {} : { max_episode_steps }),
    autoresetMode: autoreset_mode,
  });
}
