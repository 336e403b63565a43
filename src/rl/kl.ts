import { exp, mul, neg, square, sub } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Estimators of KL(π ‖ π_ref) from draws x of π, by l = ln π(x) − ln π_ref(x) (Schulman 2020, "Approximating KL divergence").
 *
 * | | formula | its mean is | its gradient, as a term of a loss on draws of π, is on average that of |
 * |---|---|---|---|
 * | k1 | l | KL(π ‖ π_ref) | nothing: it is 0 |
 * | k2 | l²/2 | nearly that | KL(π ‖ π_ref), exactly |
 * | k3 | e⁻ˡ − 1 + l | KL(π ‖ π_ref), and no draw is below 0 | KL(π_ref ‖ π) |
 *
 * k1 taken from the reward, as a number, gives the gradient of KL(π ‖ π_ref) too.
 */
export const KL = {
  k1: (l: Tensor): Tensor => l,
  k2: (l: Tensor): Tensor => mul(square(l), 0.5),
  k3: (l: Tensor): Tensor => sub(exp(neg(l)), sub(1, l)),
} as const;

export const ESTIMATORS = ["k1", "k2", "k3"] as const;
export type Estimator = (typeof ESTIMATORS)[number];
