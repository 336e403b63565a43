import { ndarray } from "../../tensor/ndarray.ts";
import type { HostBatch } from "../../train/task.ts";
import type { Rng } from "../random.ts";
import type { Rows } from "../rows.ts";
import { type Features, shapeOf } from "./features.ts";
import type { Part } from "./parts.ts";
import type { Spaces } from "./policy.ts";
import { SumTree } from "./sum-tree.ts";
import type { Transitions } from "./world.ts";

export interface ReplayOptions {
  /** Transitions it holds; the oldest go first. */
  readonly capacity: number;
  readonly envs: number;
  readonly features: Features;
  /** Numbers in a row of actions. */
  readonly actionWidth: number;
  /** Available actions are kept with s′, of this many actions; 0: all always are. */
  readonly masked?: number;
  /** Rewards that are summed before the bootstrap. */
  readonly n?: number;
  readonly gamma: number;
  /** Prioritised (Schaul et al. 2016): P(i) ∝ p_i^alpha. Uniform when left out. */
  readonly alpha?: number | undefined;
}

/** A batch from the replay, rows of B. The arrays are used again. */
export interface ReplayBatch {
  /** s and s′ as networks see them. */
  readonly observations: Float32Array;
  readonly next: Float32Array;
  readonly actions: Rows;
  /** r₁ + γ r₂ + … + γᵏ⁻¹ r_k. */
  readonly rewards: Float32Array;
  /** γᵏ of the value of s′; 0 where the episode terminated. */
  readonly discounts: Float32Array;
  /** Of s′: 1 for available actions; undefined where all are. */
  readonly nextMasks: Float32Array | undefined;
  /** Importance weights, 1 without priorities. */
  readonly weights: Float32Array;
  /** Where each row is kept, for `setPriorities`. */
  readonly slots: Int32Array;
}

/** A window of the last steps of one environment, for n-step sums. */
interface Window {
  readonly observations: Rows;
  readonly actions: Rows;
  readonly rewards: Float64Array;
  length: number;
}

/** Keeps an ε of probability for what was learned well. */
const SMALLEST = 1e-6;

/**
 * Experience to learn from again: a struct of typed arrays, each row a whole transition s, a, R, γᵏ, s′ with its own
 * s′. So the ring's write head may stand anywhere, and the last observation of an episode is never another's first.
 *
 * With n > 1 a row sums k ≤ n rewards. Where an episode ends, the last n − 1 states are kept with shorter sums and
 * their own γᵏ; a cut by the clock bootstraps from the last observation, an end does not.
 */
export class Replay implements Part {
  readonly #how: Required<Omit<ReplayOptions, "alpha">> & { alpha: number | undefined };
  #size = 0;
  #head = 0;
  #largest = 1;
  readonly #tree: SumTree | undefined;
  #rows: Record<"observations" | "next" | "actions", Rows> | undefined;
  readonly #rewards: Float32Array;
  readonly #discounts: Float32Array;
  readonly #nextMasks: Uint8Array | undefined;
  #windows: Window[] = [];
  #batch: ReplayBatch | undefined;

  constructor({ masked = 0, n = 1, alpha, ...options }: ReplayOptions) {
    this.#how = { ...options, masked, n, alpha };
    const { capacity } = options;
    this.#rewards = new Float32Array(capacity);
    this.#discounts = new Float32Array(capacity);
    this.#nextMasks = masked > 0 ? new Uint8Array(capacity * masked) : undefined;
    this.#tree = alpha === undefined ? undefined : new SumTree(capacity);
  }

  /** Transitions kept. */
  get size(): number {
    return this.#size;
  }

  /** Takes in a step of all environments. */
  add(step: Transitions): void {
    const { n, envs } = this.#how;
    const { rewards, valid, terminated, truncated } = step;
    this.#make(step);
    for (let i = 0; i < envs; i++) {
      if (valid[i] === 0) continue;
      const window = this.#windows[i]!;
      const width = step.observations.length / envs;
      put(step.observations, i, window.observations, window.length, width);
      put(step.actions, i, window.actions, window.length, this.#how.actionWidth);
      window.rewards[window.length++] = rewards[i]!;
      const over = terminated[i] === 1 || truncated[i] === 1;
      while (window.length === n || (over && window.length > 0)) this.#keep(window, step, i);
    }
  }

  #make({ observations, actions }: Transitions): void {
    if (this.#rows) return;
    const { envs, capacity, actionWidth, n } = this.#how;
    const width = observations.length / envs;
    const like = <T extends Rows>(rows: T, length: number): T =>
      new (rows.constructor as new (length: number) => T)(length);
    this.#rows = {
      observations: like(observations, capacity * width),
      next: like(observations, capacity * width),
      actions: like(actions, capacity * actionWidth),
    };
    this.#windows = Array.from({ length: envs }, () => ({
      observations: like(observations, n * width),
      actions: like(actions, n * actionWidth),
      rewards: new Float64Array(n),
      length: 0,
    }));
  }

  /** The oldest step of a window becomes a row, with all rewards that follow it there. */
  #keep(window: Window, { next, nextMasks, terminated }: Transitions, i: number): void {
    const { gamma, capacity, actionWidth, masked, envs, alpha } = this.#how;
    const rows = this.#rows!;
    const width = next.length / envs;
    const slot = this.#head;
    let sum = 0;
    for (let k = window.length - 1; k >= 0; k--) sum = window.rewards[k]! + gamma * sum;
    put(window.observations, 0, rows.observations, slot, width);
    put(window.actions, 0, rows.actions, slot, actionWidth);
    put(next, i, rows.next, slot, width);
    if (this.#nextMasks) put(nextMasks!, i, this.#nextMasks, slot, masked);
    this.#rewards[slot] = sum;
    this.#discounts[slot] = terminated[i] === 1 ? 0 : gamma ** window.length;
    this.#tree?.set(slot, this.#largest ** alpha!);
    this.#head = (slot + 1) % capacity;
    this.#size = Math.min(this.#size + 1, capacity);
    window.length--;
    window.observations.copyWithin(0, width);
    window.actions.copyWithin(0, actionWidth);
    window.rewards.copyWithin(0, 1);
  }

  /** B rows by chance. @param beta how far importance weights undo the priorities, 0 … 1 */
  sample(B: number, rng: Rng, beta = 0): ReplayBatch {
    const { features, actionWidth, masked } = this.#how;
    const rows = this.#rows!;
    if (this.#batch?.slots.length !== B)
      this.#batch = {
        observations: new Float32Array(B * features.size),
        next: new Float32Array(B * features.size),
        actions: new (rows.actions.constructor as new (n: number) => Rows)(B * actionWidth),
        rewards: new Float32Array(B),
        discounts: new Float32Array(B),
        nextMasks: masked > 0 ? new Float32Array(B * masked) : undefined,
        weights: new Float32Array(B).fill(1),
        slots: new Int32Array(B),
      };
    const batch = this.#batch!;
    this.#choose(batch, rng, beta);
    for (let b = 0; b < B; b++) {
      const slot = batch.slots[b]!;
      features.write(rows.observations, slot, batch.observations, b);
      features.write(rows.next, slot, batch.next, b);
      put(rows.actions, slot, batch.actions, b, actionWidth);
      batch.rewards[b] = this.#rewards[slot]!;
      batch.discounts[b] = this.#discounts[slot]!;
      if (this.#nextMasks) put(this.#nextMasks, slot, batch.nextMasks!, b, masked);
    }
    return batch;
  }

  /** Uniform, or one from each of B equal shares of the priorities, with weights (N · P(i))^−β over their largest. */
  #choose({ slots, weights }: ReplayBatch, rng: Rng, beta: number): void {
    const tree = this.#tree;
    const B = slots.length;
    let largest = 0;
    for (let b = 0; b < B; b++) {
      if (!tree) {
        slots[b] = rng.integers(this.#size);
        continue;
      }
      slots[b] = tree.find(((b + rng.random()) / B) * tree.total);
      const weight = ((this.#size * tree.get(slots[b]!)) / tree.total) ** -beta;
      weights[b] = weight;
      largest = Math.max(largest, weight);
    }
    if (tree) for (let b = 0; b < B; b++) weights[b] = weights[b]! / largest;
  }

  /** New priorities p of rows that were sampled: how wrong their values were, |δ|. */
  setPriorities(slots: Int32Array, errors: ArrayLike<number>): void {
    const alpha = this.#how.alpha!;
    for (let b = 0; b < slots.length; b++) {
      const priority = errors[b]! + SMALLEST;
      this.#largest = Math.max(this.#largest, priority);
      this.#tree!.set(slots[b]!, priority ** alpha);
    }
  }

  save(): unknown {
    const rows = this.#rows;
    const { actionWidth, masked, capacity } = this.#how;
    if (!rows) return undefined;
    const size = this.#size;
    const width = rows.observations.length / capacity;
    const tree = this.#tree;
    return {
      size,
      width,
      head: this.#head,
      largest: this.#largest,
      observations: rows.observations.subarray(0, size * width),
      next: rows.next.subarray(0, size * width),
      actions: rows.actions.subarray(0, size * actionWidth),
      rewards: this.#rewards.subarray(0, size),
      discounts: this.#discounts.subarray(0, size),
      ...(this.#nextMasks && { nextMasks: this.#nextMasks.subarray(0, size * masked) }),
      ...(tree && { priorities: Float64Array.from({ length: size }, (_, i) => tree.get(i)) }),
      windows: this.#windows,
    };
  }

  load(saved: unknown): void {
    if (saved === undefined) return;
    const from = saved as Saved;
    const { capacity, envs, n, actionWidth } = this.#how;
    this.#size = from.size;
    this.#head = from.head;
    this.#largest = from.largest;
    const whole = <T extends Rows>(rows: T, width: number): T => {
      const made = new (rows.constructor as new (length: number) => T)(width * capacity);
      made.set(rows as never);
      return made;
    };
    this.#rows = {
      observations: whole(from.observations, from.width),
      next: whole(from.next, from.width),
      actions: whole(from.actions, actionWidth),
    };
    this.#rewards.set(from.rewards);
    this.#discounts.set(from.discounts);
    if (from.nextMasks) this.#nextMasks!.set(from.nextMasks);
    for (let i = 0; i < from.size; i++) this.#tree?.set(i, from.priorities![i]!);
    this.#windows = from.windows;
    if (this.#windows.length !== envs || this.#windows[0]!.rewards.length !== n)
      throw new Error(`a replay of ${this.#windows.length} environments was given to ${envs}`);
  }
}

interface Saved {
  readonly size: number;
  readonly width: number;
  readonly head: number;
  readonly largest: number;
  readonly observations: Rows;
  readonly next: Rows;
  readonly actions: Rows;
  readonly rewards: Float32Array;
  readonly discounts: Float32Array;
  readonly nextMasks?: Uint8Array;
  readonly priorities?: Float64Array;
  readonly windows: Window[];
}

/** Row `from` of one array as row `to` of another. */
function put(rows: Rows, from: number, out: Rows, to: number, width: number): void {
  for (let j = 0; j < width; j++) out[to * width + j] = rows[from * width + j]!;
}

/** A batch as a compiled update takes it; discrete actions are counted from 0. */
export function feedsOf(batch: ReplayBatch, { features, actions }: Spaces): HostBatch {
  const { observations, next, actions: taken, rewards, discounts, weights, nextMasks } = batch;
  const B = rewards.length;
  const A =
    actions.kind === "discrete"
      ? ndarray(Int32Array.from(taken, (a) => a - actions.start))
      : ndarray(Float32Array.from(taken), [B, ...shapeOf(actions)]);
  return {
    observations: ndarray(observations, [B, ...features.shape]),
    next: ndarray(next, [B, ...features.shape]),
    actions: A,
    rewards: ndarray(rewards),
    discounts: ndarray(discounts),
    weights: ndarray(weights),
    ...(nextMasks && { nextMasks: ndarray(nextMasks, [B, nextMasks.length / B]) }),
  };
}
