import { div, exp, maximum, mul, reshape, stopGradient, sub, sum } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Estimator, KL } from "../kl.ts";
import { rowSum } from "./tokens.ts";

export interface PenaltyOptions {
  readonly estimator: Estimator;
  /**
   * "sequence": of the whole completion, l = Σ lₜ, whose gradient with k2 is exactly that of KL(π ‖ π_ref). "token": of each
   * token by itself, as TRL has it, which leaves out that a token decides what divergence can follow it.
   */
  readonly level: "token" | "sequence";
}

/**
 * KL as a term of the loss: for each token [N, T] its part of the row's penalty, so that the sum over a row's tokens is that
 * of the row, however tokens are averaged afterwards.
 * @param l ln π − ln π_ref [N, T]
 * @param ratio π/π_old, where the draws are of an older policy: it weighs them
 */
export function penalty(
  l: Tensor,
  mask: Tensor,
  { estimator, level }: PenaltyOptions,
  ratio?: Tensor,
): Tensor {
  const weighed = (x: Tensor): Tensor => (ratio ? mul(x, ratio) : x);
  if (level === "token") return weighed(KL[estimator](l));
  const tokens = maximum(sum(mask, { axes: 1 }), 1);
  const row = div(KL[estimator](rowSum(l, mask)), tokens);
  return weighed(mul(reshape(row, [-1, 1]), mask));
}

/** π/π_old of each token: [N, T]. */
export const ratioOf = (logProbs: Tensor, old: Tensor): Tensor => exp(sub(logProbs, old));

/** A weight of draws through which no gradient goes. */
export const importance = (logProbs: Tensor, old: Tensor): Tensor => stopGradient(ratioOf(logProbs, old));
