import { add, cast, div, exp, greater, less, maximum, mean, mul, neg, or, reshape, sub, sum } from "../../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Tensor } from "../../tensor/tensor.ts";
import { clippedObjective } from "../deep/policy-gradient.ts";
import type { PolicyTerms } from "./rloo-loss.ts";
import { rowMean, rowSum, tokenMean } from "./tokens.ts";

export const AGGREGATIONS = ["grpo", "bnpo", "dapo", "dr_grpo"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

export interface AggregateOptions {
  readonly aggregation: Aggregation;
  /** The most tokens of a completion, T_max: a number, or a scalar. */
  readonly maxTokens: number | Tensor;
  /** Tokens of a batch on average, where a rollout is learned from in several batches: a scalar. */
  readonly tokensPerBatch: Tensor;
}

/**
 * One number from losses of tokens [N, T]:
 *   grpo     mean over rows of the row's mean: a token of a short row counts for more (Shao et al. 2024, eq. 3)
 *   bnpo     mean over the tokens of the batch
 *   dapo     the same over all tokens of the rollout (Yu et al. 2025, eq. 8)
 *   dr_grpo  Σ / (N T_max): every token counts the same, always (Liu et al. 2025)
 */
export function aggregate(
  x: Tensor,
  mask: Tensor,
  { aggregation, maxTokens, tokensPerBatch }: AggregateOptions,
): Tensor {
  const ways: Record<Aggregation, () => Tensor> = {
    grpo: () => mean(rowMean(x, mask)),
    bnpo: () => tokenMean(x, mask),
    dapo: () => div(sum(mul(x, mask)), maximum(tokensPerBatch, 1)),
    dr_grpo: () => div(mean(rowSum(x, mask)), maxTokens),
  };
  return ways[aggregation]();
}

export interface GrpoLossOptions {
  /** ρ is held within 1 − low … 1 + high. DAPO's clip-higher: .2 and .28. */
  readonly low: number;
  readonly high: number;
  /** "token": ρ of each token; "sequence": e to the mean log-ratio of the row (GSPO, Zheng et al. 2025, eq. 7). */
  readonly ratio: "token" | "sequence";
}

/**
 * Group relative policy optimisation (Shao et al. 2024, eq. 3): −min(ρA, clip(ρ)A) of each token [N, T], where A [N] is
 * `groupAdvantages`. Where π is π_old, ρ = 1 and the mean of A is 0: the loss reads 0, and its gradient does not.
 */
export function grpoLoss(
  { logProbs, old, mask, advantages }: Record<"logProbs" | "old" | "mask" | "advantages", Tensor>,
  { low, high, ratio: level }: GrpoLossOptions,
): PolicyTerms {
  const l = sub(logProbs, old);
  const row = (): Tensor => mul(reshape(rowMean(l, mask), [-1, 1]), add(mul(mask, 0), 1));
  const ratio = exp(level === "token" ? l : row());
  const A = mul(reshape(advantages, [-1, 1]), add(mul(mask, 0), 1));
  const beyond = or(greater(ratio, 1 + high), less(ratio, 1 - low));
  return {
    losses: neg(clippedObjective(ratio, A, low, high)),
    clipped: tokenMean(cast(beyond, "float32"), mask),
  };
}
