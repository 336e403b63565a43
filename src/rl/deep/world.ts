import { UserError } from "../../errors.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import { warnOnce } from "../../warnings.ts";
import type { Rows } from "../rows.ts";
import { AutoresetMode, type VectorEnvLike } from "../vector.ts";
import { type Features, featuresOf } from "./features.ts";
import type { Practice } from "./parts.ts";

/** One step of all environments, one row each. The arrays are used again: copy what you keep. */
export interface Transitions {
  /** s: what was acted on. */
  readonly observations: Rows;
  readonly actions: Rows;
  readonly rewards: Float64Array;
  /** s′: what the step led to, in the rows where an episode ended its last observation. */
  readonly next: Rows;
  /** Both may be 1: then the episode has terminated. */
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** 0 for rows that are no transitions: steps that only reset, and steps beyond the budget. */
  readonly valid: Uint8Array;
  /** The actions available in s and in s′, n rows; undefined where all always are. */
  readonly masks: Uint8Array | undefined;
  readonly nextMasks: Uint8Array | undefined;
}

type Copy = (from: ArrayLike<number>, to: Rows) => void;
const copy: Copy = (from, to) => to.set(from as never);

/**
 * The environments an agent learns in: whatever their autoreset mode, a step gives transitions, and the step budget is
 * kept exactly. Returns and lengths of the episodes that end are gathered for the log.
 */
export class World implements Practice {
  readonly env: VectorEnvLike;
  readonly n: number;
  readonly features: Features;
  /** Transitions so far. */
  steps = 0;
  /** Steps of the vector so far: random keys are split by it. */
  clock = 0;
  readonly budget: number;
  readonly #now: Rows;
  readonly #result: Transitions;
  readonly #inputs: Float32Array;
  #finished = { episodes: 0, return: 0, length: 0 };

  constructor(env: VectorEnvLike, budget: number, seed: number) {
    this.env = env;
    this.n = env.numEnvs;
    this.budget = budget;
    this.features = featuresOf(env.singleObservationSpace);
    const { observations } = env.reset({ seed });
    const masks = env.actionMasks();
    if (masks && env.autoresetMode === AutoresetMode.SAME_STEP)
      throw new UserError(
        `${env.id}: with autoreset SameStep the actions available in an episode's last state are not known: take Disabled or NextStep`,
      );
    const rows = (): Rows => observations.slice().fill(0);
    const flags = (): Uint8Array => new Uint8Array(this.n);
    this.#now = observations.slice();
    this.#inputs = new Float32Array(this.n * this.features.size);
    this.#result = {
      observations: rows(),
      actions: env.makeActions(),
      rewards: new Float64Array(this.n),
      next: rows(),
      terminated: flags(),
      truncated: flags(),
      valid: flags(),
      masks: masks?.slice(),
      nextMasks: masks?.slice(),
    };
    if (masks) this.#checkMasks(masks);
    if (!this.#canSave())
      warnOnce(
        `${env.id} has no snapshot() and restore(): a resumed run begins new episodes, and is not the same bit for bit`,
      );
  }

  #canSave(): boolean {
    try {
      this.env.snapshot();
      return true;
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
  }

  /** Steps that are left of the budget. */
  get left(): number {
    return this.budget - this.steps;
  }

  /** Observations of all environments, n rows. */
  get observations(): Rows {
    return this.#now;
  }

  /** The actions available now. */
  get masks(): Uint8Array | undefined {
    return this.env.actionMasks();
  }

  /** What a network sees now: [n, ...shape]. */
  inputs(): NdArray<"float32"> {
    for (let i = 0; i < this.n; i++) this.features.write(this.#now, i, this.#inputs, i);
    return ndarray(this.#inputs, [this.n, ...this.features.shape]);
  }

  step(actions: Rows): Transitions {
    const { env, n } = this;
    const to = this.#result;
    copy(this.#now, to.observations);
    copy(actions, to.actions);
    if (to.masks) to.masks.set(env.actionMasks()!);
    const { observations, rewards, terminations, truncations, resets, finalObservations, ...episodes } =
      env.step(actions);
    const { width } = env;
    to.rewards.set(rewards);
    to.terminated.set(terminations);
    to.truncated.set(truncations);
    copy(observations, to.next);
    to.nextMasks?.set(env.actionMasks()!);
    let ended = false;
    for (let i = 0; i < n; i++) {
      to.valid[i] = resets[i] === 0 && this.left > 0 ? 1 : 0;
      this.steps += to.valid[i]!;
      if (terminations[i] === 0 && truncations[i] === 0) continue;
      ended = true;
      for (let j = i * width; j < (i + 1) * width; j++) to.next[j] = finalObservations[j]!;
      if (to.valid[i] === 0) continue;
      this.#finished.episodes++;
      this.#finished.return += episodes.episodeReturns[i]!;
      this.#finished.length += episodes.episodeLengths[i]!;
    }
    this.clock++;
    copy(observations, this.#now);
    if (ended && env.autoresetMode === AutoresetMode.DISABLED) {
      const resetMask = to.terminated.map((flag, i) => flag | to.truncated[i]!);
      copy(env.reset({ resetMask }).observations, this.#now);
    }
    if (to.masks) this.#checkMasks(env.actionMasks()!);
    return to;
  }

  #checkMasks(masks: Uint8Array): void {
    const actions = masks.length / this.n;
    for (let i = 0; i < this.n; i++) {
      let any = false;
      for (let a = 0; a < actions; a++) any ||= masks[i * actions + a] === 1;
      // After an end nothing need be available: the next step resets.
      const over = this.#result.terminated[i] === 1 || this.#result.truncated[i] === 1;
      if (any || (over && this.env.autoresetMode === AutoresetMode.NEXT_STEP)) continue;
      throw new UserError(
        `${this.env.id}: the mask of environment ${i} allows no action. A state without actions is the end of an episode: say terminated`,
      );
    }
  }

  /** Mean return and length of the episodes that ended since the last call; nothing where none did. */
  takeEpisodes(): Metrics {
    const { episodes, return: total, length } = this.#finished;
    this.#finished = { episodes: 0, return: 0, length: 0 };
    return episodes === 0 ? {} : { return: total / episodes, length: length / episodes };
  }

  close(): void {
    this.env.close();
  }

  save(): unknown {
    const { terminated, truncated } = this.#result;
    return {
      env: this.#canSave() ? this.env.snapshot() : null,
      steps: this.steps,
      clock: this.clock,
      finished: this.#finished,
      terminated,
      truncated,
    };
  }

  load(saved: unknown): void {
    const from = saved as {
      env: unknown;
      steps: number;
      clock: number;
      finished: { episodes: number; return: number; length: number };
      terminated: Uint8Array;
      truncated: Uint8Array;
    };
    if (from.env !== null) copy(this.env.restore(from.env).observations, this.#now);
    this.steps = from.steps;
    this.clock = from.clock;
    this.#finished = { ...from.finished };
    this.#result.terminated.set(from.terminated);
    this.#result.truncated.set(from.truncated);
  }
}
