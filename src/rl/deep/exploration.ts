import type { Rng } from "../random.ts";
import type { Rows } from "../rows.ts";

/**
 * In each environment, with probability ε any available action, else the best (the first among equals): the rule of
 * `tabular/rules.ts` for rows of action values.
 *
 * @param q values [n, actions]
 * @param masks 1 for available actions, n rows; undefined where all are
 * @param out n actions, counted from `start`
 */
export function epsilonGreedy(
  q: Float32Array,
  masks: Uint8Array | undefined,
  epsilon: number,
  rng: Rng,
  start: number,
  out: Rows,
): void {
  const n = out.length;
  const actions = q.length / n;
  for (let i = 0; i < n; i++) {
    const row = i * actions;
    const random = rng.random() < epsilon;
    let best = -1;
    let available = 0;
    for (let a = 0; a < actions; a++) {
      if (masks && masks[row + a] === 0) continue;
      available++;
      if (random ? rng.random() * available < 1 : best < 0 || q[row + a]! > q[row + best]!) best = a;
    }
    // Where nothing is available the step resets, and its action is ignored.
    out[i] = start + Math.max(best, 0);
  }
}

/** The largest value among the available actions of each row; 0 where there is none. */
export function maxima(q: Float32Array, masks: Uint8Array | undefined, out: Float32Array): Float32Array {
  const actions = q.length / out.length;
  for (let i = 0; i < out.length; i++) {
    let best = -Infinity;
    for (let k = i * actions; k < (i + 1) * actions; k++) if (masks?.[k] !== 0) best = Math.max(best, q[k]!);
    out[i] = best === -Infinity ? 0 : best;
  }
  return out;
}
