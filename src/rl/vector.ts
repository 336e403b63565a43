import { UserError } from "../errors.ts";
import { asEnv, type EnvSource } from "./adopt.ts";
import type { EpisodeOptions, FunctionalEnv, Info, VectorKernel } from "./env.ts";
import { type EnvSpec, type MakeOptions, makeSource, timeLimitOf } from "./make.ts";
import { type BitGeneratorState, type Generator, npRandom } from "./random.ts";
import { type Rows, rowLayout } from "./rows.ts";
import { Discrete, type Mask, type Space } from "./spaces.ts";
import { functionalKernel, type Layouts, objectKernel } from "./vector-kernels.ts";
import { AUTORESET_MODES, AutoresetMode, type VectorEnvLike, type VectorOptions, type VectorReset, type VectorStep } from "./vector-types.ts"; // biome-ignore format: a list of names

export { AUTORESET_MODES, AutoresetMode, type VectorEnvLike, type VectorOptions, type VectorReset, type VectorStep }; // biome-ignore format: a list of names

/** 0 runs; 1: the episode has ended, reset first; 2: reset already, its return and length still to be cleared. */
type Phase = 0 | 1 | 2;

interface Saved {
  readonly kernel: unknown;
  readonly rngs: readonly BitGeneratorState[];
  readonly phase: Uint8Array;
  readonly episodeReturns: Float64Array;
  readonly episodeLengths: Int32Array;
}

/** Many copies of one environment that step together: struct of arrays, no allocation in a step. */
export class VectorEnv implements VectorEnvLike {
  readonly id: string;
  readonly numEnvs: number;
  readonly width: number;
  readonly actionWidth: number;
  readonly singleObservationSpace: Space<unknown>;
  readonly singleActionSpace: Space<unknown>;
  readonly autoresetMode: AutoresetMode;
  readonly #kernel: VectorKernel;
  readonly #layouts: Layouts;
  readonly #limit: number;
  readonly #rngs: Generator[];
  readonly #phase: Uint8Array;
  readonly #result: VectorStep;
  readonly #close: () => void;
  #masks: Uint8Array | undefined;
  #ready = false;

  /**
   * @param source pure functions, which share one kernel; or a function that makes one environment at a time
   * (a stack of wrappers, a user's own object), which are stepped one by one
   */
  constructor(
    // biome-ignore lint/suspicious/noExplicitAny: the types of a single environment are its own matter
    source: FunctionalEnv<any, any, any> | (() => EnvSource<any, any>),
    numEnvs: number,
    { maxEpisodeSteps = 0, autoresetMode = AutoresetMode.NEXT_STEP }: VectorOptions = {},
  ) {
    const envs = typeof source === "function" ? [asEnv(source())] : [];
    const { id, observationSpace, actionSpace } =
      envs[0] ?? (source as FunctionalEnv<unknown, unknown, unknown>);
    if (!Number.isInteger(numEnvs) || numEnvs < 1) {
      throw new UserError(`${id}: the number of environments must be a whole number ≥ 1, not ${numEnvs}`);
    }
    if (!AUTORESET_MODES.includes(autoresetMode)) {
      throw new UserError(`unknown autoreset mode "${String(autoresetMode)}": ${AUTORESET_MODES.join(", ")}`);
    }
    this.id = id;
    this.numEnvs = numEnvs;
    this.singleObservationSpace = observationSpace as Space<unknown>;
    this.singleActionSpace = actionSpace as Space<unknown>;
    this.autoresetMode = autoresetMode;
    const layouts = {
      observations: rowLayout(this.singleObservationSpace),
      actions: rowLayout(this.singleActionSpace),
    };
    this.#layouts = layouts;
    this.width = layouts.observations.width;
    this.actionWidth = layouts.actions.width;
    if (typeof source === "function") {
      while (envs.length < numEnvs) envs.push(asEnv(source()));
      if (new Set(envs.map((env) => env.unwrapped)).size < numEnvs) {
        throw new UserError(`${id}: the same environment was made twice; each must be a new one`);
      }
      this.#kernel = objectKernel(envs, layouts);
    } else this.#kernel = source.kernel?.(numEnvs) ?? functionalKernel(source, layouts, numEnvs);
    this.#close = () => {
      for (const env of envs) env.close();
    };
    this.#limit = maxEpisodeSteps === 0 ? Number.POSITIVE_INFINITY : maxEpisodeSteps;
    this.#rngs = Array.from({ length: numEnvs }, () => npRandom());
    this.#phase = new Uint8Array(numEnvs);
    this.#result = {
      observations: layouts.observations.make(numEnvs),
      rewards: new Float64Array(numEnvs),
      terminations: new Uint8Array(numEnvs),
      truncations: new Uint8Array(numEnvs),
      resets: new Uint8Array(numEnvs),
      finalObservations: layouts.observations.make(numEnvs),
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
    if (resetMask !== undefined && !this.#ready) {
      throw new UserError(`${this.id}: the first reset() is for all environments; leave resetMask out`);
    }
    for (let i = 0; i < n; i++) {
      if (resetMask !== undefined && resetMask[i] === 0) continue;
      this.#begin(i, options, typeof seed === "number" ? seed + i : seed?.[i]);
    }
    this.#ready = true;
    return { observations: this.#result.observations };
  }

  #begin(i: number, options?: EpisodeOptions, seed?: number): void {
    const { observations, episodeReturns, episodeLengths } = this.#result;
    if (seed !== undefined) this.#rngs[i] = npRandom(seed);
    this.#kernel.initial(i, this.#rngs[i]!, options, seed);
    this.#kernel.observe(i, observations);
    this.#setPhase(i, 0);
    episodeReturns[i] = 0;
    episodeLengths[i] = 0;
  }

  #setPhase(i: number, phase: Phase): void {
    this.#phase[i] = phase;
  }

  makeActions(): Rows {
    return this.#layouts.actions.make(this.numEnvs);
  }

  /** @param actions a row for each environment: Int32Array for Discrete and MultiDiscrete, the Box's own arrays */
  step(actions: Rows): VectorStep {
    const result = this.#result;
    const { rewards, terminations, truncations, resets, observations, episodeReturns, episodeLengths } =
      result;
    const kernel = this.#kernel;
    const phase = this.#phase;
    const rngs = this.#rngs;
    this.#check(actions);
    for (let i = 0; i < this.numEnvs; i++) {
      resets[i] = 0;
      if (phase[i] === 1) {
        this.#begin(i);
        rewards[i] = 0;
        terminations[i] = 0;
        truncations[i] = 0;
        resets[i] = 1;
        continue;
      }
      if (phase[i] === 2) {
        phase[i] = 0;
        episodeReturns[i] = 0;
        episodeLengths[i] = 0;
      }
      kernel.step(i, actions, rngs[i]!, rewards);
      const reward = rewards[i]!;
      if (!Number.isFinite(reward)) {
        throw new UserError(
          `${this.id}: environment ${i} gave the reward ${reward}. Rewards must be finite numbers.`,
        );
      }
      const length = episodeLengths[i]! + 1;
      const terminated = kernel.terminal(i);
      const truncated = length >= this.#limit || kernel.truncated?.(i) === true;
      terminations[i] = terminated ? 1 : 0;
      truncations[i] = truncated ? 1 : 0;
      episodeLengths[i] = length;
      episodeReturns[i] = episodeReturns[i]! + reward;
      kernel.observe(i, observations);
      if (terminated || truncated) this.#end(i);
    }
    return result;
  }

  /** Keeps the final observation and, in SAME_STEP, resets; return and length stay readable until the next step. */
  #end(i: number): void {
    const { observations, finalObservations } = this.#result;
    const to = (i + 1) * this.width;
    for (let j = i * this.width; j < to; j++) finalObservations[j] = observations[j]!;
    if (this.autoresetMode !== AutoresetMode.SAME_STEP) {
      this.#setPhase(i, 1);
      return;
    }
    this.#kernel.initial(i, this.#rngs[i]!, undefined, undefined);
    this.#kernel.observe(i, observations);
    this.#setPhase(i, 2);
  }

  #check(actions: Rows): void {
    if (!this.#ready) throw new UserError(`${this.id}: step() before reset(). Call reset() first.`);
    const { actions: layout } = this.#layouts;
    const { numEnvs: n, actionWidth } = this;
    if (!layout.fits(actions, n)) throw this.#misfit(actions);
    const disabled = this.autoresetMode === AutoresetMode.DISABLED;
    for (let i = 0; i < n; i++) {
      if (!layout.contains(actions, i * actionWidth)) {
        const row = Array.from(actions.subarray(i * actionWidth, (i + 1) * actionWidth)).join(", ");
        throw new UserError(
          `${this.id}: action ${row} of environment ${i} is not in ${String(this.singleActionSpace)}`,
        );
      }
      if (disabled && this.#phase[i] === 1) {
        throw new UserError(
          `${this.id}: the episode of environment ${i} has ended and autoreset is Disabled. Call reset({ resetMask }).`,
        );
      }
    }
  }

  #misfit(actions: Rows): UserError {
    const { numEnvs: n, actionWidth } = this;
    const wanted = this.makeActions().constructor.name;
    const each = actionWidth === 1 ? "" : ` of ${actionWidth} numbers each`;
    return new UserError(
      actions.length === n * actionWidth
        ? `${this.id}: actions must be a ${wanted} (makeActions() makes one), not a ${actions.constructor.name}`
        : `${this.id}: ${actions.length} actions for ${n} environments${each}`,
    );
  }

  info(i: number): Info {
    return this.#kernel.info(i);
  }

  actionMasks(): Uint8Array | undefined {
    const space = this.singleActionSpace;
    if (!(space instanceof Discrete) || this.#kernel.info(0).action_mask === undefined) return undefined;
    const { n } = space;
    const masks = (this.#masks ??= new Uint8Array(this.numEnvs * n));
    for (let i = 0; i < this.numEnvs; i++) {
      if (this.#kernel.mask !== undefined) this.#kernel.mask(i, masks, i * n);
      else masks.set(this.#kernel.info(i).action_mask as Mask, i * n);
    }
    return masks;
  }

  snapshot(): Saved {
    const { episodeReturns, episodeLengths } = this.#result;
    return {
      kernel: this.#kernel.snapshot(),
      rngs: this.#rngs.map((rng) => rng.state()),
      phase: this.#phase.slice(),
      episodeReturns: episodeReturns.slice(),
      episodeLengths: episodeLengths.slice(),
    };
  }

  restore(snapshot: unknown): { observations: Rows } {
    const { kernel, rngs, phase, episodeReturns, episodeLengths } = snapshot as Saved;
    if (phase?.length !== this.numEnvs) {
      throw new UserError(`${this.id}: a snapshot of ${phase?.length} environments for ${this.numEnvs}`);
    }
    this.#kernel.restore(kernel);
    this.#phase.set(phase);
    this.#result.episodeReturns.set(episodeReturns);
    this.#result.episodeLengths.set(episodeLengths);
    for (let i = 0; i < this.numEnvs; i++) {
      this.#rngs[i]!.restore(rngs[i]!);
      this.#kernel.observe(i, this.#result.observations);
    }
    this.#ready = true;
    return { observations: this.#result.observations };
  }

  close(): void {
    this.#close();
  }

  toString(): string {
    return `VectorEnv(${this.id}, numEnvs=${this.numEnvs}, autoresetMode=${this.autoresetMode})`;
  }
}

interface MakeVecOptions extends MakeOptions {
  readonly autoresetMode?: AutoresetMode;
  /** Gymnasium's name for it. */
  readonly autoreset_mode?: AutoresetMode;
}

/**
 * Makes `numEnvs` environments by their id: `makeVec("FrozenLake-v1", 64, { autoresetMode: AutoresetMode.SAME_STEP })`.
 * Other options are the environment's own.
 */
export function makeVec(
  of: string | EnvSpec,
  numEnvs: number,
  options: MakeVecOptions & Readonly<Record<string, unknown>> = {},
): VectorEnv {
  const { autoresetMode, autoreset_mode, maxEpisodeSteps: _1, max_episode_steps: _2, ...own } = options;
  const first = makeSource(of, own);
  return new VectorEnv("transition" in first ? first : () => makeSource(of, own), numEnvs, {
    maxEpisodeSteps: timeLimitOf(of, options),
    autoresetMode: autoresetMode ?? autoreset_mode ?? AutoresetMode.NEXT_STEP,
  });
}
