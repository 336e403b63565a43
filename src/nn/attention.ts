import { UserError } from "../errors.ts";
import { allocate } from "../tensor/dtype.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { add, asTensor, chunk, concat, constant, matmul, narrow, type Operand, reshape, softmax, transpose, where } from "../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Key } from "../tensor/random.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { dropout } from "./dropout.ts";
import * as init from "./init.ts";
import { Linear, linear } from "./linear.ts";
import { Module, Parameter } from "./module.ts";

export interface AttentionOptions {
  /** Broadcasts to the scores [..., L, S]: bool (true where attention may go), or float32, added to the scores. */
  readonly mask?: Tensor | undefined;
  /** Query i sees keys 0 … i (counted from the first, as in PyTorch). */
  readonly causal?: boolean;
  /** 1/√E when left out. */
  readonly scale?: number;
  /** Probability of dropping an attention weight in a training pass. */
  readonly dropout?: number;
}

/** Far below any score, yet finite: a row with every key masked averages the values instead of giving NaN. */
export const HIDDEN = -1e30;

/** [L, S], added to scores: zeros on and below the diagonal, HIDDEN above. Adding a constant is faster than `where`. */
export function causalBias(length: number, keys: number): Tensor {
  const data = allocate("float32", length * keys);
  for (let i = 0; i < length; i++)
    data.fill(HIDDEN, Math.min(i * keys + i + 1, (i + 1) * keys), (i + 1) * keys);
  return constant(ndarray(data, [length, keys]));
}

/**
 * How much each query looks at each key: softmax(q·kᵀ/√E + mask) [..., L, S], of q [..., L, E] and k [..., S, E]. Keys may come in
 * several stretches, which are joined in the scores: an older one need not be copied for a newer.
 */
export function attentionWeights(
  q: Operand,
  k: Operand | readonly Operand[],
  options: Omit<AttentionOptions, "dropout"> = {},
): Tensor {
  const query = asTensor(q);
  const { mask, causal = false, scale = 1 / Math.sqrt(query.shape.at(-1)!) } = options;
  const stretches = Array.isArray(k) ? (k as readonly Operand[]) : [k as Operand];
  let scores = concat(
    stretches.map((keys) => matmul(query, keys, { transB: true, alpha: scale })),
    -1,
  );
  if (causal) scores = add(scores, causalBias(scores.shape.at(-2)!, scores.shape.at(-1)!));
  if (mask) scores = add(scores, mask.dtype === "bool" ? where(mask, 0, HIDDEN) : mask);
  return softmax(scores);
}

/**
 * Vaswani et al. (2017), eq. 1: softmax(q·kᵀ/√E + mask)·v, of q [..., L, E], k [..., S, E], v [..., S, F].
 * As in torch.nn.functional.scaled_dot_product_attention, a bool mask is true where attention may go.
 */
export const scaledDotProductAttention = (
  q: Operand,
  k: Operand,
  v: Operand,
  { dropout: p = 0, ...options }: AttentionOptions = {},
  rng?: Key,
): Tensor => matmul(dropout(attentionWeights(q, k, options), p, rng), v);

/** [B, L, E] → [B, heads, L, E / heads]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [b, n, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [b, n, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, heads, L, D] → [B, L, heads·D]. */
export function joinHeads(x: Tensor): Tensor {
  const [b, heads, n, d] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [b, n, heads * d]);
}

export interface MultiheadAttentionOptions {
  readonly bias?: boolean;
  readonly dropout?: number;
  /** Width of keys and of values; embedDim when left out. */
  readonly kdim?: number;
  readonly vdim?: number;
}

/** The masks of a MultiheadAttention, in PyTorch's convention: a bool mask is true where attention may NOT go. */
export interface AttentionMasks {
  /** [L, S], or one per example and head, [B·heads, L, S]: bool, or float32 added to the scores. */
  readonly attnMask?: Operand | undefined;
  /** Keys that are padding, [B, S]: bool, or float32 added to the scores. */
  readonly keyPaddingMask?: Operand | undefined;
  /** Query i sees keys 0 … i. */
  readonly causal?: boolean | undefined;
}

/**
 * torch.nn.MultiheadAttention, batch first: query [B, L, E], key [B, S, kdim], value [B, S, vdim] → [B, L, E].
 * State: in_proj_weight [3E, E] (or q_, k_, v_proj_weight), in_proj_bias [3E], out_proj.
 */
export class MultiheadAttention extends Module {
  readonly in_proj_weight: Parameter | undefined;
  readonly q_proj_weight: Parameter | undefined;
  readonly k_proj_weight: Parameter | undefined;
  readonly v_proj_weight: Parameter | undefined;
  readonly in_proj_bias: Parameter | undefined;
  readonly out_proj: Linear;
  readonly #heads: number;
  readonly #dropout: number;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const { bias = true, dropout = 0, kdim = embedDim, vdim = embedDim } = options;
    if (embedDim % numHeads !== 0)
      throw new UserError(`MultiheadAttention: ${numHeads} heads do not divide the width ${embedDim}`);
    const xavier = init.xavierUniform();
    const projection = (from: number): Parameter => new Parameter([embedDim, from], xavier);
    const packed = kdim === embedDim && vdim === embedDim;
    this.in_proj_weight = packed ? new Parameter([3 * embedDim, embedDim], xavier) : undefined;
    this.q_proj_weight = packed ? undefined : projection(embedDim);
    this.k_proj_weight = packed ? undefined : projection(kdim);
    this.v_proj_weight = packed ? undefined : projection(vdim);
    this.in_proj_bias = bias ? new Parameter([3 * embedDim], init.zeros) : undefined;
    this.out_proj = new Linear(embedDim, embedDim, { bias, biasInit: init.zeros });
    this.#heads = numHeads;
    this.#dropout = dropout;
  }

  forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    { attnMask, keyPaddingMask, causal = false }: AttentionMasks = {},
    rng?: Key,
  ): Tensor {
    const [q, k, v] = this.#project(query, key, value).map((x) => splitHeads(x, this.#heads)) as Three;
    const scores = [query.shape[0]!, this.#heads, query.shape[1]!, key.shape[1]!] as const;
    const biases = [attentionBias(attnMask, scores), paddingBias(keyPaddingMask, scores)].filter(
      (b) => b !== undefined,
    );
    const mask = biases.length > 0 ? biases.reduce((a, b) => add(a, b)) : undefined;
    const y = scaledDotProductAttention(q, k, v, { mask, causal, dropout: this.#dropout }, rng);
    return this.out_proj.forward(joinHeads(y));
  }

  #project(query: Tensor, key: Tensor, value: Tensor): Three {
    const { in_proj_weight: weight, in_proj_bias: bias } = this;
    // Self-attention: one product for all three.
    if (weight && key === query && value === query) return chunk(linear(query, weight, bias), 3, -1) as Three;
    const width = this.out_proj.weight.shape[0]!;
    const part = (x: Operand, i: number): Tensor => narrow(x, 0, i * width, (i + 1) * width);
    const weights = [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight];
    return [query, key, value].map((x, i) =>
      linear(x, weight ? part(weight, i) : weights[i]!, bias && part(bias, i)),
    ) as Three;
  }
}

type Three = [Tensor, Tensor, Tensor];

/** Shape of the scores, [B, heads, L, S]. */
type Scores = readonly [number, number, number, number];

const hiding = (mask: Tensor): Tensor => (mask.dtype === "bool" ? where(mask, HIDDEN, 0) : mask);

function attentionBias(mask: Operand | undefined, [b, heads, l, s]: Scores): Tensor | undefined {
  if (mask === undefined) return undefined;
  const t = asTensor(mask);
  if (sameShape(t.shape, [l, s])) return hiding(t);
  if (sameShape(t.shape, [b * heads, l, s])) return reshape(hiding(t), [b, heads, l, s]);
  throw new UserError(
    `MultiheadAttention: attnMask is [L, S] or [B·heads, L, S], here ${showShape([l, s])} or ${showShape([b * heads, l, s])}, not ${showShape(t.shape)}`,
  );
}

function paddingBias(mask: Operand | undefined, [b, , , s]: Scores): Tensor | undefined {
  if (mask === undefined) return undefined;
  const t = asTensor(mask);
  if (sameShape(t.shape, [b, s])) return reshape(hiding(t), [b, 1, 1, s]);
  throw new UserError(
    `MultiheadAttention: keyPaddingMask is [B, S], here ${showShape([b, s])}, not ${showShape(t.shape)}`,
  );
}
