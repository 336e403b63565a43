/** The blocks of Vaswani et al. (2017), section 3, with PyTorch's names; sequences are [B, L, E]. */
import { UserError } from "../errors.ts";
import { type Operand, relu } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ACTIVATIONS, type Activation, type ActivationName } from "./activations.ts";
import { MultiheadAttention } from "./attention.ts";
import { dropout } from "./dropout.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { LayerNorm } from "./normalization.ts";

export interface TransformerLayerOptions {
  /** Width between the two linear layers of the feed-forward part; 2048 when left out. */
  readonly dimFeedforward?: number;
  /** Dropout probability of the attention weights, between the linear layers, and of each part's output. */
  readonly dropout?: number;
  /** The activation between the linear layers; relu when left out. */
  readonly activation?: ActivationName | Activation;
  readonly layerNormEps?: number;
  /** Normalise the input of each part (pre-norm, Xiong et al., 2020) rather than the sum after it. */
  readonly normFirst?: boolean;
  readonly bias?: boolean;
}

/** Placement of a sublayer's norm: before it (Xiong et al. 2020), after the residual sum (Vaswani et al. 2017), or none. */
export type NormPlace = "pre" | "post" | "none";

export interface SublayerOptions {
  readonly place: NormPlace;
  /** The norm's layer; none where `place` says so. */
  readonly norm: { forward(x: Tensor): Tensor } | undefined;
  /** Add what came in to what comes out (He et al. 2016). */
  readonly residual?: boolean;
  /** Probability of dropping an element of the part's result, in a training pass. */
  readonly dropout?: number;
}

/** A sublayer with its norm and residual connection: x + part(norm(x)), or norm(x + part(x)). */
export function sublayer(
  x: Tensor,
  part: (x: Tensor, key?: Key) => Tensor,
  { place, norm, residual = true, dropout: p = 0 }: SublayerOptions,
  key?: Key,
): Tensor {
  const inside = place === "pre" ? norm!.forward(x) : x;
  const result = dropout(part(inside, key?.split("inside")), p, key?.split("result"));
  const sum = residual ? x.add(result) : result;
  return place === "post" ? norm!.forward(sum) : sum;
}

/** What encoder and decoder layers share: the two linear layers, dropout, and the placement of the norms. */
abstract class TransformerLayer extends Module {
  abstract readonly linear1: Linear;
  abstract readonly linear2: Linear;
  readonly #dropout: number;
  readonly #activation: Activation;
  readonly #normFirst: boolean;

  constructor({ dropout: p = 0.1, activation = relu, normFirst = false }: TransformerLayerOptions) {
    super();
    this.#dropout = p;
    this.#activation = typeof activation === "string" ? ACTIVATIONS[activation] : activation;
    this.#normFirst = normFirst;
  }

  protected around(x: Tensor, norm: LayerNorm, part: (x: Tensor, key?: Key) => Tensor, key?: Key): Tensor {
    const place = this.#normFirst ? "pre" : "post";
    return sublayer(x, part, { place, norm, dropout: this.#dropout }, key);
  }

  protected feedForward(x: Tensor, key?: Key): Tensor {
    const hidden = this.#activation(this.linear1.forward(x));
    return this.linear2.forward(dropout(hidden, this.#dropout, key));
  }
}

const sizes = ({
  dimFeedforward = 2048,
  bias = true,
  dropout: p = 0.1,
  layerNormEps = 1e-5,
}: TransformerLayerOptions) => ({
  hidden: dimFeedforward,
  linear: { bias },
  attention: { bias, dropout: p },
  norm: { eps: layerNormEps, bias },
});

/** Masks of self-attention over the source, in PyTorch's convention (see AttentionMasks). */
export interface EncoderMasks {
  /** [L, L] or [B·heads, L, L]. */
  readonly mask?: Operand | undefined;
  /** [B, L]. */
  readonly keyPaddingMask?: Operand | undefined;
  readonly causal?: boolean | undefined;
}

/** torch.nn.TransformerEncoderLayer, batch first: self-attention, then two linear layers; src [B, L, dModel] → the same. */
export class TransformerEncoderLayer extends TransformerLayer {
  readonly self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(options);
    const { hidden, linear, attention, norm } = sizes(options);
    this.self_attn = new MultiheadAttention(dModel, nhead, attention);
    this.linear1 = new Linear(dModel, hidden, linear);
    this.linear2 = new Linear(hidden, dModel, linear);
    this.norm1 = new LayerNorm(dModel, norm);
    this.norm2 = new LayerNorm(dModel, norm);
  }

  forward(src: Tensor, { mask, ...masks }: EncoderMasks = {}, key?: Key): Tensor {
    const attend = (x: Tensor, k?: Key): Tensor =>
      this.self_attn.forward(x, x, x, { attnMask: mask, ...masks }, k);
    const x = this.around(src, this.norm1, attend, key?.split("self_attn"));
    return this.around(x, this.norm2, (h, k) => this.feedForward(h, k), key?.split("feed_forward"));
  }
}

/** Masks of a decoder: of self-attention over the target, and of attention to the memory. */
export interface DecoderMasks {
  /** [T, T] or [B·heads, T, T]. */
  readonly tgtMask?: Operand | undefined;
  /** [T, L] or [B·heads, T, L]. */
  readonly memoryMask?: Operand | undefined;
  /** [B, T]. */
  readonly tgtKeyPaddingMask?: Operand | undefined;
  /** [B, L]. */
  readonly memoryKeyPaddingMask?: Operand | undefined;
  /** The target attends only to its past. */
  readonly causal?: boolean | undefined;
}

/**
 * torch.nn.TransformerDecoderLayer, batch first: self-attention, attention to the memory (an encoder's output
 * [B, L, dModel]), then two linear layers; tgt [B, T, dModel] → the same.
 */
export class TransformerDecoderLayer extends TransformerLayer {
  readonly self_attn: MultiheadAttention;
  readonly multihead_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(options);
    const { hidden, linear, attention, norm } = sizes(options);
    this.self_attn = new MultiheadAttention(dModel, nhead, attention);
    this.multihead_attn = new MultiheadAttention(dModel, nhead, attention);
    this.linear1 = new Linear(dModel, hidden, linear);
    this.linear2 = new Linear(hidden, dModel, linear);
    this.norm1 = new LayerNorm(dModel, norm);
    this.norm2 = new LayerNorm(dModel, norm);
    this.norm3 = new LayerNorm(dModel, norm);
  }

  forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}, key?: Key): Tensor {
    const { tgtMask, tgtKeyPaddingMask, memoryMask, memoryKeyPaddingMask, causal } = masks;
    const past = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, causal };
    const source = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask };
    const attend = (h: Tensor, k?: Key): Tensor => this.self_attn.forward(h, h, h, past, k);
    const look = (h: Tensor, k?: Key): Tensor => this.multihead_attn.forward(h, memory, memory, source, k);
    let x = this.around(tgt, this.norm1, attend, key?.split("self_attn"));
    x = this.around(x, this.norm2, look, key?.split("multihead_attn"));
    return this.around(x, this.norm3, (h, k) => this.feedForward(h, k), key?.split("feed_forward"));
  }
}

export interface TransformerStackOptions {
  /** Applied to the output of the last layer: a stack of normFirst layers needs one. */
  readonly norm?: LayerNorm;
}

function stackOf<L>(what: string, makeLayer: () => L, numLayers: number): readonly L[] {
  if (!(Number.isInteger(numLayers) && numLayers >= 1))
    throw new UserError(`${what}: one layer or more, not ${numLayers}`);
  return Array.from({ length: numLayers }, makeLayer);
}

/** torch.nn.TransformerEncoder: a stack of layers, each made by `makeLayer`; state "layers.0.…", "norm.…". */
export class TransformerEncoder extends Module {
  readonly layers: readonly TransformerEncoderLayer[];
  readonly norm: LayerNorm | undefined;

  constructor(
    makeLayer: () => TransformerEncoderLayer,
    numLayers: number,
    { norm }: TransformerStackOptions = {},
  ) {
    super();
    this.layers = stackOf("TransformerEncoder", makeLayer, numLayers);
    this.norm = norm;
  }

  /** The masks go to every layer. */
  forward(src: Tensor, masks: EncoderMasks = {}, key?: Key): Tensor {
    const y = this.layers.reduce((x, layer, i) => layer.forward(x, masks, key?.split(i)), src);
    return this.norm ? this.norm.forward(y) : y;
  }
}

/** torch.nn.TransformerDecoder: a stack of layers, each made by `makeLayer`; state "layers.0.…", "norm.…". */
export class TransformerDecoder extends Module {
  readonly layers: readonly TransformerDecoderLayer[];
  readonly norm: LayerNorm | undefined;

  constructor(
    makeLayer: () => TransformerDecoderLayer,
    numLayers: number,
    { norm }: TransformerStackOptions = {},
  ) {
    super();
    this.layers = stackOf("TransformerDecoder", makeLayer, numLayers);
    this.norm = norm;
  }

  /** The masks go to every layer. */
  forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}, key?: Key): Tensor {
    const y = this.layers.reduce((x, layer, i) => layer.forward(x, memory, masks, key?.split(i)), tgt);
    return this.norm ? this.norm.forward(y) : y;
  }
}
