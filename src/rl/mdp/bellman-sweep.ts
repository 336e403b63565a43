import { isTerminal, type Mdp } from "./model.ts";
import { backup } from "./values.ts";

export type Reals = Float64Array | Float32Array;

/** One synchronous sweep, v → `fresh`; returns Δ = max |v′ − v|. */
export type Sweep = (v: Reals, gamma: number, fresh: Reals) => number;

/** Pairs per block: their q stay in the L1 cache until the maxima are taken. */
const BLOCK = 4096;

/**
 * One synchronous sweep for models of any size: v′(s) = max_a [r + γ Σ p v(s′)], in blocks of states. Returns
 * Δ = max |v′ − v|. v and v′ (`fresh`) have states + 1 entries; in 32 bits they halve the memory that is read
 * at random, which dominates the time of a large sweep.
 */
export function bellmanSweep(m: Mdp, v: Reals, gamma: number, fresh: Reals): number {
  return plainSweep(m, v)(v, gamma, fresh);
}

/** `bellmanSweep` for repeated use: the block of q is allocated once, with the precision of `like`. */
export function plainSweep(m: Mdp, like: Reals): Sweep {
  const size = Math.max(1, Math.floor(BLOCK / m.actions));
  const q =
    like instanceof Float32Array ? new Float32Array(size * m.actions) : new Float64Array(size * m.actions);
  return (v, gamma, fresh) => sweepBlocks(m, v, gamma, fresh, size, q);
}

function sweepBlocks(m: Mdp, v: Reals, gamma: number, fresh: Reals, size: number, q: Reals): number {
  const { states, actions, rowPtr, rowLength, next, probability, expectedReward } = m;
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
    // Four at a time, so that the reads of v overlap.
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

/** The same for rows of four outcomes. */
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

/** One in-place sweep, which uses new values at once: v(s) ← max_a [r + γ Σ p v(s′)]; returns Δ. */
export function sweepInPlace(m: Mdp, v: Float64Array, gamma: number): number {
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
