import { ndarray } from "../../tensor/ndarray.ts";
import { concat, constant, cos, mul, type Operand, reshape, sin } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface TimestepOptions {
  /** Cosines first (diffusers' flip_sin_to_cos). */
  readonly cosFirst: boolean;
  /** Frequencies are 10000^(−i / (width/2 − shift)): shift 1 ends at 1/10000 (diffusers' freq_shift). */
  readonly shift: number;
}

/** Sinusoids of times t [N] (Vaswani et al. 2017, section 3.5): [N, width], width even. */
export function timestepEmbedding(t: Operand, width: number, { cosFirst, shift }: TimestepOptions): Tensor {
  const half = width / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => 10000 ** (-i / (half - shift)));
  const angles = mul(reshape(t, [-1, 1]), constant(ndarray(frequencies)));
  return concat(cosFirst ? [cos(angles), sin(angles)] : [sin(angles), cos(angles)], 1);
}
