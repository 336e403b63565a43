import { UserError } from "../errors.ts";
import { add, constant, div, minimum, mul, sqrt, square, sum } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { packTensors } from "./packing.ts";

/** √Σ‖g‖²: the length of all gradients as one vector. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  const squares = packTensors(gradients).packed.map((g) => sum(square(g)));
  return sqrt(squares.reduce((a, b) => add(a, b), constant(0)));
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
  // In few pieces, as the optimizer takes them: cut apart here and joined there, they stay as they are.
  const { packed, unpack } = packTensors(gradients);
  return { gradients: unpack(packed.map((g) => mul(g, factor))), norm };
}
