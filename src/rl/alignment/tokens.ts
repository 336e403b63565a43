/**
 * What all losses here are made of. N: rows, each a prompt and a completion; T: positions; V: tokens. A mask [N, T] is 1
 * where a token of the completion stands, its end among them, and 0 in the prompt and behind the end.
 */
import { div, exp, gatherElements, logSoftmax, maximum, mul, neg, reshape, sum, unsqueeze } from "../../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Tensor } from "../../tensor/tensor.ts";

export interface Chances {
  /** ln π of the tokens that came [N, T]. */
  readonly logProbs: Tensor;
  /** Of the distribution that each was drawn from [N, T], in nats. */
  readonly entropy: Tensor;
}

/** By logits [N, T, V] of the tokens next [N, T] (any token where the mask is 0), at the temperature of the draws. */
export function chancesOf(logits: Tensor, next: Tensor, temperature = 1): Chances {
  const logp = logSoftmax(temperature === 1 ? logits : mul(logits, 1 / temperature));
  const index = unsqueeze(maximum(next, 0), -1);
  return {
    logProbs: reshape(gatherElements(logp, index, -1), next.shape),
    entropy: neg(sum(mul(exp(logp), logp), { axes: -1 })),
  };
}

/** Σ over the tokens of each row: [N]. */
export const rowSum = (x: Tensor, mask: Tensor): Tensor => sum(mul(x, mask), { axes: 1 });

/** The mean over the tokens of each row: [N]; 0 of a row without any. */
export const rowMean = (x: Tensor, mask: Tensor): Tensor =>
  div(rowSum(x, mask), maximum(sum(mask, { axes: 1 }), 1));

/** The mean over all tokens. */
export const tokenMean = (x: Tensor, mask: Tensor): Tensor => div(sum(mul(x, mask)), maximum(sum(mask), 1));
