import type { Rng } from "../random.ts";

/**
 * Draws on the host from what a policy network says, for few rows at a time: cheaper than random numbers in a graph, which
 * then is nothing but a small network. Log-probabilities are those of `distributions.ts`.
 */

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/**
 * An action for each row of logits [n, actions] among those whose mask is 1.
 * @param logProbs filled with log π(a | s), n numbers
 */
export function drawCategorical(
  logits: Float32Array,
  masks: Uint8Array | undefined,
  rng: Rng,
  actions: Int32Array,
  logProbs: Float32Array,
): void {
  const n = actions.length;
  const k = logits.length / n;
  for (let i = 0; i < n; i++) {
    const row = i * k;
    let top = -Infinity;
    for (let a = 0; a < k; a++) if (masks?.[row + a] !== 0 && logits[row + a]! > top) top = logits[row + a]!;
    let total = 0;
    for (let a = 0; a < k; a++) if (masks?.[row + a] !== 0) total += Math.exp(logits[row + a]! - top);
    let rest = rng.random() * total;
    // Where nothing is available the step resets, and its action is ignored.
    let chosen = 0;
    for (let a = 0; a < k; a++) {
      if (masks?.[row + a] === 0) continue;
      chosen = a;
      rest -= Math.exp(logits[row + a]! - top);
      if (rest < 0) break;
    }
    actions[i] = chosen;
    logProbs[i] = logits[row + chosen]! - top - Math.log(total);
  }
}

/** Actions [n, choices] for rows of the logits of all choices, one after the other; their log-probabilities add up. */
export function drawMultiCategorical(
  logits: Float32Array,
  nvec: readonly number[],
  rng: Rng,
  actions: Int32Array,
  logProbs: Float32Array,
): void {
  const n = logProbs.length;
  const width = logits.length / n;
  const action = new Int32Array(1);
  const logProb = new Float32Array(1);
  for (let i = 0; i < n; i++) {
    let at = i * width;
    let sum = 0;
    for (const [j, k] of nvec.entries()) {
      drawCategorical(logits.subarray(at, at + k), undefined, rng, action, logProb);
      actions[i * nvec.length + j] = action[0]!;
      sum += logProb[0]!;
      at += k;
    }
    logProbs[i] = sum;
  }
}

/** Actions [n, size] with independent normal deviations around means [n, size]; log σ [size]. */
export function drawGaussian(
  means: Float32Array,
  logStd: Float32Array,
  rng: Rng,
  actions: Float32Array,
  logProbs: Float32Array,
): void {
  const size = logStd.length;
  for (let i = 0; i < logProbs.length; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) {
      const z = rng.normal();
      actions[i * size + j] = means[i * size + j]! + Math.exp(logStd[j]!) * z;
      sum -= 0.5 * z * z + logStd[j]! + HALF_LOG_2PI;
    }
    logProbs[i] = sum;
  }
}
