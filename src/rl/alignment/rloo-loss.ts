import { abs, cast, exp, greater, mean, neg, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { clippedObjective } from "../deep/policy-gradient.ts";
import { rowSum } from "./tokens.ts";

export interface PolicyTerms {
  /** Of each token, or of each row. */
  readonly losses: Tensor;
  /** Share of the ratios that are beyond the clip. */
  readonly clipped: Tensor;
}

/**
 * REINFORCE leave-one-out (Ahmadian et al. 2024): −min(ρ A, clip(ρ) A), where ρ = π/π_old of the whole completion and A is
 * `leaveOneOut` of rewards that have β(ln π − ln π_ref) in them. Losses [N].
 */
export function rlooLoss(
  { logProbs, old, mask, advantages }: Record<"logProbs" | "old" | "mask" | "advantages", Tensor>,
  epsilon: number,
): PolicyTerms {
  const ratio = exp(rowSum(sub(logProbs, old), mask));
  return {
    losses: neg(clippedObjective(ratio, advantages, epsilon)),
    clipped: mean(cast(greater(abs(sub(ratio, 1)), epsilon), "float32")),
  };
}
