import type { Reals, Sweep } from "./bellman-sweep.ts";
import { isTerminal, type Mdp } from "./model.ts";

/** Pairs per block: their q stay in the L2 cache while v is read once in order. */
const BLOCK = 16_384;

/**
 * The sweep of `bellmanSweep`, for models whose v is larger than the processor's caches. A large sweep is
 * dominated by random reads of successor values. Here the outcomes of each block of pairs are sorted by successor
 * once, so that every sweep reads v in order and adds each product to its pair: a fifth less time on a
 * million states, for a second copy of the outcomes (10 bytes each with 32-bit probabilities).
 */
export function orderedSweep(m: Mdp): Sweep {
  const { states, actions, rowPtr } = m;
  const outcomes = m.next.length;
  const size = Math.max(1, Math.floor(BLOCK / actions));
  const next = new Int32Array(outcomes);
  const probability = m.probability.slice();
  const pair = new Uint16Array(outcomes);
  for (let s = 0; s < states; s += size) {
    const first = s * actions;
    const last = Math.min(states, s + size) * actions;
    const [start, end] = [rowPtr[first]!, rowPtr[last]!];
    const count = end - start;
    const keys = new Float64Array(count);
    const pairOf = new Uint16Array(count);
    for (let i = first; i < last; i++) pairOf.fill(i - first, rowPtr[i]! - start, rowPtr[i + 1]! - start);
    for (let k = 0; k < count; k++) keys[k] = m.next[start + k]! * count + k;
    keys.sort();
    for (let j = 0; j < count; j++) {
      const k = keys[j]! % count;
      next[start + j] = m.next[start + k]!;
      probability[start + j] = m.probability[start + k]!;
      pair[start + j] = pairOf[k]!;
    }
  }
  const q = new Float64Array(size * actions);
  return (v, gamma, fresh) => {
    let delta = 0;
    for (let s = 0; s < states; s += size) {
      const count = Math.min(size, states - s);
      const [first, last] = [s * actions, (s + count) * actions];
      q.fill(0);
      scatter(rowPtr[first]!, rowPtr[last]!, next, probability, pair, v, q);
      delta = Math.max(delta, takeMaxima(m, s, count, q, gamma, v, fresh));
    }
    return delta;
  };
}

/** v′(s) = max_a [r + γ q] of `count` states from `first` on; 0 in a terminal state. */
function takeMaxima(
  m: Mdp,
  first: number,
  count: number,
  q: Float64Array,
  gamma: number,
  v: Reals,
  fresh: Reals,
): number {
  const { actions, rowPtr, expectedReward: r } = m;
  // A row can be empty (an action not available) only if rows differ in length.
  const ragged = m.rowLength === 0;
  const offset = first * actions;
  let delta = 0;
  for (let s = first, i = 0; s < first + count; s++) {
    let best = -Infinity;
    for (const end = i + actions; i < end; i++) {
      if (ragged && rowPtr[offset + i] === rowPtr[offset + i + 1]) continue;
      const x = r[offset + i]! + gamma * q[i]!;
      if (x > best) best = x;
    }
    if (best === -Infinity && isTerminal(m, s)) best = 0;
    const change = Math.abs(best - v[s]!);
    if (change > delta) delta = change;
    fresh[s] = best;
  }
  return delta;
}

/** q[pair] += p·v(s′) for a run of outcomes. */
function scatter(
  start: number,
  end: number,
  next: Int32Array,
  p: Reals,
  pair: Uint16Array,
  v: Reals,
  q: Float64Array,
): void {
  for (let k = start; k < end; k++) {
    const i = pair[k]!;
    q[i] = q[i]! + p[k]! * v[next[k]!]!;
  }
}
