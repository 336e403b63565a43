import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { concat, constant, gather, type Operand } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as init from "./init.ts";
import type { LayerOptions } from "./linear.ts";
import { Module, Parameter } from "./module.ts";

/** A table of learned vectors: indices [...] (int32 or int64) → [..., embeddingDim]; weight [count, dim], initialised from N(0, 1). */
export class Embedding extends Module {
  readonly weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options: Pick<LayerOptions, "weightInit"> = {}) {
    super();
    this.weight = new Parameter([numEmbeddings, embeddingDim], options.weightInit ?? init.normal());
  }

  forward(index: Operand): Tensor {
    return gather(this.weight, index);
  }
}

/** 10000^(−i / (half − shift)) for i = 0 … half − 1. */
const frequencies = (half: number, shift = 0): number[] =>
  Array.from({ length: half }, (_, i) => 10000 ** (-i / (half - shift)));

export interface SinusoidOptions {
  /** Cosines first (diffusers' flip_sin_to_cos). */
  readonly cosFirst?: boolean;
  /** Frequencies are 10000^(−i / (width/2 − shift)): shift 1 ends at 1/10000 (diffusers' downscale_freq_shift). */
  readonly shift?: number;
}

/**
 * Sinusoids of times or positions t [N]: [N, width], width even (Vaswani et al. 2017, section 3.5). Sines fill the first
 * half and cosines the second, as in tensor2tensor and diffusers.
 */
export function sinusoids(t: Tensor, width: number, options: SinusoidOptions = {}): Tensor {
  const { cosFirst = false, shift = 0 } = options;
  const angles = t.reshape(-1, 1).mul(constant(ndarray(Float32Array.from(frequencies(width / 2, shift)))));
  return concat(cosFirst ? [angles.cos(), angles.sin()] : [angles.sin(), angles.cos()], 1);
}

/** The same as a table on the host, computed in float64, for fixed positions. */
export function sinusoidTable(positions: ArrayLike<number>, width: number): NdArray<"float32"> {
  const half = width / 2;
  const out = new Float32Array(positions.length * width);
  for (const [i, omega] of frequencies(half).entries())
    for (let n = 0; n < positions.length; n++) {
      out[n * width + i] = Math.sin(positions[n]! * omega);
      out[n * width + half + i] = Math.cos(positions[n]! * omega);
    }
  return ndarray(out, [positions.length, width]);
}
