import { UserError } from "../errors.ts";
import { add, constant, div, minimum, mul, sqrt, square, sum } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** √Σ‖g‖²: the length of all gradients as one vector. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map((g) => sum(square(g))).reduce((a, b) => add(a, b), constant(0)));
}

/**
 * Pascanu et al. (2013), algorithm 1: gradients longer together than maxNorm are shortened to it. `norm` is the
 * length before. (torch.nn.utils.clip_grad_norm_, with its 1e-6 in the quotient.)
 */
export function clipGradNorm(
  gradients: readonly Tensor[],
  maxNorm: number,
): { gradients: Tensor[]; norm: Tensor } {
  if (!(maxNorm > 0)) throw new UserError(`clipGradNorm: the largest norm is above 0, not ${maxNorm}`);
  const norm = globalNorm(gradients);
  const factor = minimum(div(maxNorm, add(norm, 1e-6)), 1);
  return { gradients: gradients.map((g) => mul(g, factor)), norm };
}
