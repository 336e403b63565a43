import { add, logSigmoid, mul, neg, type Operand, ones, square, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { meanOf } from "../deep/policy-gradient.ts";

export interface RewardLossOptions {
  /** How much better the chosen one is, where that is known (Touvron et al. 2023, eq. 2): a number, or [N]. */
  readonly margin?: Operand | undefined;
  /** Weight c of (r_w + r_l)², which holds rewards around 0: only their differences are given by pairs. */
  readonly centre?: number | undefined;
  /** Of pairs: those of weight 0 do not count. */
  readonly weights?: Tensor | undefined;
}

/**
 * Bradley and Terry (1952), as in Ouyang et al. (2022), eq. 1: the chosen is preferred with probability σ(r_w − r_l).
 *   −ln σ(r_w − r_l − margin) + c (r_w + r_l)²,  mean over pairs.
 * @param chosen r_w [N]
 * @param rejected r_l [N]
 */
export function rewardLoss(
  chosen: Tensor,
  rejected: Tensor,
  { margin = 0, centre = 0, weights = ones(chosen.shape) }: RewardLossOptions = {},
): Tensor {
  const loss = neg(meanOf(logSigmoid(sub(sub(chosen, rejected), margin)), weights));
  return centre === 0 ? loss : add(loss, mul(meanOf(square(add(chosen, rejected)), weights), centre));
}
