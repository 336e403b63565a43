import { isTerminal, type Mdp } from "./model.ts";
import { orderedSweep, type Sweep } from "./ordered-sweep.ts";
import { greedyActions } from "./policy.ts";
import { notConverged, type SweepOptions } from "./policy-evaluation.ts";
import { checkDiscount } from "./reward-process.ts";
import { actionValues, backup } from "./values.ts";

export interface Optimum {
  /** states + 1 optimal values, the last (the end) 0. */
  v: Float64Array;
  /** An optimal action of each state, −1 in terminal ones. */
  actions: Int32Array;
  sweeps: number;
  delta: number;
}

/** States from which on v no longer lies in the caches, and sorting the outcomes once pays for itself. */
const MANY = 200_000;

/**
 * Value iteration (Sutton & Barto, section 4.4, eq. 4.10):
 * v(s) ← max_a Σ p(s′, r | s, a) [r + γ v(s′)] for all s, until Δ < θ.
 */
export function valueIteration(m: Mdp, options: SweepOptions & { tie?: number }): Optimum {
  const { gamma, theta = 1e-10, inPlace = false, maxSweeps = 1_000_000, onSweep, tie } = options;
  checkDiscount(gamma);
  let v = new Float64Array(m.states + 1);
  let fresh = inPlace ? v : new Float64Array(m.states + 1);
  const sweepOnce: Sweep =
    !inPlace && m.states >= MANY
      ? orderedSweep(m)
      : (from, discount, to) => bellmanSweep(m, from, discount, to);
  for (let sweep = 1; sweep <= maxSweeps; sweep++) {
    const delta = inPlace ? sweepInPlace(m, v, gamma) : sweepOnce(v, gamma, fresh);
    [v, fresh] = [fresh, v];
    onSweep?.(sweep, delta, v);
    if (delta < theta)
      return { v, actions: greedyActions(m, actionValues(m, v, gamma), tie), sweeps: sweep, delta };
  }
  throw notConverged("value iteration", maxSweeps, gamma);
}

function sweepInPlace(m: Mdp, v: Float64Array, gamma: number): number {
  let delta = 0;
  for (let s = 0, i = 0; s < m.states; s++) {
    let best = -Infinity;
    for (const end = i + m.actions; i < end; i++) {
      if (m.rowPtr[i] !== m.rowPtr[i + 1]) best = Math.max(best, backup(m, v, gamma, i));
    }
    if (best === -Infinity) best = 0;
    delta = Math.max(delta, Math.abs(best - v[s]!));
    v[s] = best;
  }
  return delta;
}

/**
 * The best return within `steps` steps, V_0 … V_steps (backward induction, which is value iteration stopped
 * on time): what an agent under a time limit can reach when it knows the clock.
 */
export function finiteHorizon(m: Mdp, steps: number, gamma = 1): Float64Array[] {
  checkDiscount(gamma);
  const values = [new Float64Array(m.states + 1)];
  for (let t = 0; t < steps; t++) {
    const v = new Float64Array(m.states + 1);
    bellmanSweep(m, values[t]!, gamma, v);
    values.push(v);
  }
  return values;
}

export type Reals = Float64Array | Float32Array;

/** Pairs of a block: their q stay in the processor's first cache until the maxima are taken. */
const BLOCK = 4096;

/**
 * One synchronous sweep for models of any size: v′(s) = max_a [r + γ Σ p v(s′)], in blocks of states. Returns
 * Δ = max |v′ − v|. v and v′ (`fresh`) have states + 1 entries; with 32 bits they take half the memory that is
 * read at random, which is what a large sweep waits for.
 */
export function bellmanSweep(m: Mdp, v: Reals, gamma: number, fresh: Reals): number {
  const { states, actions, rowPtr, rowLength, next, probability, expectedReward } = m;
  const size = Math.max(1, Math.floor(BLOCK / actions));
  const q = v instanceof Float32Array ? new Float32Array(size * actions) : new Float64Array(size * actions);
  let delta = 0;
  for (let s = 0; s < states; s += size) {
    const count = Math.min(size, states - s);
    if (rowLength === 4) {
      qOfRowsOf4(s * actions, count * actions, next, probability, expectedReward, v, gamma, q);
    } else {
      qOfRows(s * actions, count * actions, rowPtr, next, probability, expectedReward, v, gamma, q);
    }
    delta = Math.max(delta, maxOfRows(m, s, count, q, v, fresh));
  }
  return delta;
}

/** q of `count` pairs from `first` on; −∞ where the action is not available. */
function qOfRows(
  first: number,
  count: number,
  rowPtr: Int32Array,
  next: Int32Array,
  p: Reals,
  r: Reals,
  v: Reals,
  gamma: number,
  q: Reals,
): void {
  for (let i = 0, k = rowPtr[first]!; i < count; i++) {
    const end = rowPtr[first + i + 1]!;
    if (k === end) {
      q[i] = -Infinity;
      continue;
    }
    let sum = 0;
    // Four at a time: the reads of v do not wait for one another.
    for (; k + 3 < end; k += 4) {
      sum +=
        p[k]! * v[next[k]!]! +
        p[k + 1]! * v[next[k + 1]!]! +
        (p[k + 2]! * v[next[k + 2]!]! + p[k + 3]! * v[next[k + 3]!]!);
    }
    for (; k < end; k++) sum += p[k]! * v[next[k]!]!;
    q[i] = r[first + i]! + gamma * sum;
  }
}

/** The same without looking up where a row ends. */
function qOfRowsOf4(
  first: number,
  count: number,
  next: Int32Array,
  p: Reals,
  r: Reals,
  v: Reals,
  gamma: number,
  q: Reals,
): void {
  for (let i = 0, k = first * 4; i < count; i++, k += 4) {
    q[i] =
      r[first + i]! +
      gamma *
        (p[k]! * v[next[k]!]! +
          p[k + 1]! * v[next[k + 1]!]! +
          (p[k + 2]! * v[next[k + 2]!]! + p[k + 3]! * v[next[k + 3]!]!));
  }
}

/** The largest q of `count` states from `first` on; 0 in a terminal state. */
function maxOfRows(m: Mdp, first: number, count: number, q: Reals, v: Reals, fresh: Reals): number {
  const { actions } = m;
  let delta = 0;
  for (let s = first, i = 0; s < first + count; s++) {
    let best = -Infinity;
    for (const end = i + actions; i < end; i++) best = Math.max(best, q[i]!);
    if (best === -Infinity && isTerminal(m, s)) best = 0;
    delta = Math.max(delta, Math.abs(best - v[s]!));
    fresh[s] = best;
  }
  return delta;
}
