import { UserError } from "../errors.ts";
import type { Info } from "./env.ts";
import type { Rows } from "./rows.ts";
import { Box, type Space } from "./spaces.ts";
import type { VectorEnvLike, VectorReset, VectorStep } from "./vector.ts";
import { type MomentsState, RunningMoments } from "./wrappers/running.ts";

/** Base of vector wrappers: passes everything on; a subclass overrides what it changes. */
export abstract class VectorWrapper implements VectorEnvLike {
  readonly env: VectorEnvLike;
  abstract readonly name: string;

  constructor(env: VectorEnvLike) {
    this.env = env;
  }

  get id(): string {
    return this.env.id;
  }
  get numEnvs(): number {
    return this.env.numEnvs;
  }
  get width(): number {
    return this.env.width;
  }
  get actionWidth(): number {
    return this.env.actionWidth;
  }
  get singleObservationSpace(): Space<unknown> {
    return this.env.singleObservationSpace;
  }
  get singleActionSpace(): Space<unknown> {
    return this.env.singleActionSpace;
  }
  get autoresetMode(): VectorEnvLike["autoresetMode"] {
    return this.env.autoresetMode;
  }

  reset(how?: VectorReset): { observations: Rows } {
    return this.env.reset(how);
  }
  step(actions: Rows): VectorStep {
    return this.env.step(actions);
  }
  makeActions(): Rows {
    return this.env.makeActions();
  }
  info(i: number): Info {
    return this.env.info(i);
  }
  actionMasks(): Uint8Array | undefined {
    return this.env.actionMasks();
  }
  snapshot(): unknown {
    return { env: this.env.snapshot() };
  }
  restore(snapshot: unknown): { observations: Rows } {
    return this.env.restore((snapshot as { env: unknown }).env);
  }
  close(): void {
    this.env.close();
  }
  toString(): string {
    return `<${this.name}${String(this.env)}>`;
  }
}

interface NormalizeOptions {
  readonly epsilon?: number;
  /** Normalised values are clipped to ±clip. */
  readonly clip?: number;
}

function clipOption(name: string, clip: number): number {
  if (!(clip > 0)) throw new UserError(`${name}: clip must be above 0, not ${clip}`);
  return clip;
}

/**
 * Normalises the observations of all environments to mean 0 and variance 1 by their common running moments
 * (Gymnasium's vector NormalizeObservation). Final observations are normalised too, but do not update the moments.
 */
export class VectorNormalizeObservation extends VectorWrapper {
  readonly name = "NormalizeObservation";
  readonly moments: RunningMoments;
  /** Set to false to use the moments without changing them: for evaluation, and once training is over. */
  updateRunningMean = true;
  readonly #space: Box;
  readonly #epsilon: number;
  readonly #clip: number;
  readonly #observations: Float32Array;
  readonly #finals: Float32Array;
  #result: VectorStep | undefined;

  constructor(env: VectorEnvLike, { epsilon = 1e-8, clip = Infinity }: NormalizeOptions = {}) {
    super(env);
    const space = env.singleObservationSpace;
    if (!(space instanceof Box)) {
      throw new UserError(
        `NormalizeObservation needs observations from a Box; ${env.id} has ${String(space)}`,
      );
    }
    this.#clip = clipOption(this.name, clip);
    this.#epsilon = epsilon;
    this.#space = new Box(-clip, clip, space.shape);
    this.moments = new RunningMoments(env.width);
    this.#observations = new Float32Array(env.numEnvs * env.width);
    this.#finals = new Float32Array(env.numEnvs * env.width);
  }

  override get singleObservationSpace(): Space<unknown> {
    return this.#space;
  }

  #normalize(from: Rows, to: Float32Array, i: number): void {
    const { mean, variance } = this.moments;
    const { width } = this.env;
    for (let j = 0; j < width; j++) {
      const x = (from[i * width + j]! - mean[j]!) / Math.sqrt(variance[j]! + this.#epsilon);
      to[i * width + j] = Math.min(Math.max(x, -this.#clip), this.#clip);
    }
  }

  #normalizeAll(observations: Rows): void {
    for (let i = 0; i < this.numEnvs; i++) this.#normalize(observations, this.#observations, i);
  }

  override reset(how: VectorReset = {}): { observations: Rows } {
    const { observations } = this.env.reset(how);
    const { resetMask } = how;
    // Rows that were not reset were counted when first seen.
    const skip = resetMask && Uint8Array.from(resetMask, (m) => (m === 0 ? 1 : 0));
    if (this.updateRunningMean) this.moments.updateRows(observations, this.numEnvs, skip);
    this.#normalizeAll(observations);
    return { observations: this.#observations };
  }

  override step(actions: Rows): VectorStep {
    const result = this.env.step(actions);
    if (this.updateRunningMean) this.moments.updateRows(result.observations, this.numEnvs);
    this.#normalizeAll(result.observations);
    for (let i = 0; i < this.numEnvs; i++) {
      if (result.terminations[i] === 1 || result.truncations[i] === 1) {
        this.#normalize(result.finalObservations, this.#finals, i);
      }
    }
    this.#result ??= { ...result, observations: this.#observations, finalObservations: this.#finals };
    return this.#result;
  }

  override snapshot(): unknown {
    return { env: this.env.snapshot(), moments: this.moments.state() };
  }

  override restore(snapshot: unknown): { observations: Rows } {
    this.moments.restore((snapshot as { moments: MomentsState }).moments);
    this.#normalizeAll(super.restore(snapshot).observations);
    return { observations: this.#observations };
  }
}

/**
 * Rewards of all environments divided by the running standard deviation of their discounted sums (Gymnasium's
 * vector NormalizeReward). The mean is not subtracted. Each sum restarts with its episode, and steps that only reset
 * do not count. Episode returns stay those of the environment.
 */
export class VectorNormalizeReward extends VectorWrapper {
  readonly name = "NormalizeReward";
  readonly moments = new RunningMoments(1);
  /** Set to false to use the moments without changing them: for evaluation, and once training is over. */
  updateRunningMean = true;
  readonly #gamma: number;
  readonly #epsilon: number;
  readonly #clip: number;
  readonly #sums: Float64Array;
  readonly #rewards: Float64Array;
  #result: VectorStep | undefined;

  constructor(
    env: VectorEnvLike,
    { gamma = 0.99, epsilon = 1e-8, clip = Infinity }: NormalizeOptions & { readonly gamma?: number } = {},
  ) {
    super(env);
    this.#gamma = gamma;
    this.#epsilon = epsilon;
    this.#clip = clipOption(this.name, clip);
    this.#sums = new Float64Array(env.numEnvs);
    this.#rewards = new Float64Array(env.numEnvs);
  }

  override reset(how: VectorReset = {}): { observations: Rows } {
    for (let i = 0; i < this.numEnvs; i++) if (how.resetMask?.[i] !== 0) this.#sums[i] = 0;
    return this.env.reset(how);
  }

  override step(actions: Rows): VectorStep {
    const result = this.env.step(actions);
    const sums = this.#sums;
    const { rewards, resets, terminations, truncations } = result;
    for (let i = 0; i < this.numEnvs; i++) sums[i] = sums[i]! * this.#gamma + rewards[i]!;
    if (this.updateRunningMean) this.moments.updateRows(sums, this.numEnvs, resets);
    const scale = 1 / Math.sqrt(this.moments.variance[0]! + this.#epsilon);
    for (let i = 0; i < this.numEnvs; i++) {
      this.#rewards[i] = Math.min(Math.max(rewards[i]! * scale, -this.#clip), this.#clip);
      if (terminations[i] === 1 || truncations[i] === 1) sums[i] = 0;
    }
    this.#result ??= { ...result, rewards: this.#rewards };
    return this.#result;
  }

  override snapshot(): unknown {
    return { env: this.env.snapshot(), moments: this.moments.state(), sums: this.#sums.slice() };
  }

  override restore(snapshot: unknown): { observations: Rows } {
    const { moments, sums } = snapshot as { moments: MomentsState; sums: Float64Array };
    this.moments.restore(moments);
    this.#sums.set(sums);
    return super.restore(snapshot);
  }
}
