import { add, logSigmoid, mul, neg, ones, relu, square, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { meanOf } from "../deep/policy-gradient.ts";

export const PREFERENCE_LOSSES = ["sigmoid", "ipo", "robust", "hinge"] as const;

export interface DpoLossOptions {
  readonly beta: number;
  readonly loss: (typeof PREFERENCE_LOSSES)[number];
  /** ε, the share of labels that are wrong. sigmoid hedges by it (cDPO), robust takes its bias away. */
  readonly labelSmoothing: number;
}

/**
 * Direct preference optimisation of pairs by Δ = ln π/π_ref of the chosen − that of the rejected, [N]: sums over tokens, but
 * for ipo their means.
 *   sigmoid  −(1 − ε) ln σ(βΔ) − ε ln σ(−βΔ)                  Rafailov et al. 2023, eq. 7; ε: Mitchell 2023
 *   robust   (−(1 − ε) ln σ(βΔ) + ε ln σ(−βΔ)) / (1 − 2ε)     Chowdhury et al. 2024, eq. 11
 *   ipo      (Δ − 1/(2β))²                                    Azar et al. 2024, eq. 17
 *   hinge    max(0, 1 − βΔ)                                   Zhao et al. 2023
 * Pairs of weight 0 do not count.
 * The policy that makes the first smallest, on pairs of π_ref whose labels are drawn by σ(r_w − r_l), is π* ∝ π_ref e^{r/β}.
 */
export function dpoLoss(
  delta: Tensor,
  { beta, loss, labelSmoothing: epsilon }: DpoLossOptions,
  weights: Tensor = ones(delta.shape),
): Tensor {
  const right = logSigmoid(mul(delta, beta));
  const wrong = logSigmoid(mul(delta, -beta));
  const losses = {
    sigmoid: () => neg(add(mul(right, 1 - epsilon), mul(wrong, epsilon))),
    robust: () => mul(sub(mul(wrong, epsilon), mul(right, 1 - epsilon)), 1 / (1 - 2 * epsilon)),
    ipo: () => square(sub(delta, 1 / (2 * beta))),
    hinge: () => relu(sub(1, mul(delta, beta))),
  };
  return meanOf(losses[loss](), weights);
}
