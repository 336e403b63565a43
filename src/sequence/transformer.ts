/**
 * The blocks of every Transformer here: decoder-only (gpt.ts) and encoder–decoder. Parameters are named as in GPT-2, those
 * of attention to a source as in the Hugging Face Hub's GPT-2. B: examples, T: tokens, S: keys, H: heads, W: width, D = W/H.
 */
import { UserError } from "../errors.ts";
import { ACTIVATIONS, type ActivationName } from "../nn/activations.ts";
import { attentionWeights, joinHeads, splitHeads } from "../nn/attention.ts";
import { dropout } from "../nn/dropout.ts";
import * as init from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { type Initializer, Module } from "../nn/module.ts";
import { LayerNorm, RMSNorm } from "../nn/normalization.ts";
import { type NormPlace, sublayer } from "../nn/transformer.ts";
import { add, chunk, matmul, mul, narrow, pad } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface BlockOptions {
  readonly width: number;
  readonly heads: number;
  /** Blocks in the stack: the deeper, the smaller a block's first part in the sum (GPT-2, section 2.3). */
  readonly layers: number;
  /** False: no token sees another. */
  readonly attention: boolean;
  /** Width between the two linear layers; 0: no feed-forward part. */
  readonly feedForward: number;
  readonly activation: ActivationName;
  /** A second layer as a gate beside the activation: act(gate(x)) · fc(x) (Shazeer 2020; with silu, SwiGLU). */
  readonly gated: boolean;
  /** Where norms stand, and which they are: LayerNorm (Ba et al. 2016) or RMSNorm (Zhang and Sennrich 2019). */
  readonly norm: NormPlace;
  readonly normKind: "layer" | "rms";
  readonly residual: boolean;
  /** Probability of dropping an attention weight, or an element of a part's result, in a training pass. */
  readonly dropout: number;
  /** Of linear layers and norms. */
  readonly bias: boolean;
}

/** Sees what is computed on the way: maps of attention, the stream between blocks. */
export type Watch = (name: string, value: Tensor) => void;

/** What attention of one pass has in common in all layers. */
export interface Scope {
  /** Added to scores [B, H, T, S]: who may see whom, and how far away. */
  readonly bias?: Tensor | undefined;
  /** Queries and keys [B, H, T, D] by their positions. */
  readonly rotate?: ((x: Tensor) => Tensor) | undefined;
  readonly watch?: Watch | undefined;
}

/** Of one layer, [B, H, T, D] both. */
export type KeysAndValues = readonly [keys: Tensor, values: Tensor];

/**
 * Where one layer's keys and values are kept from call to call: it gives those of before [B, H, S, D], to which a scope's bias
 * applies; what is new sees itself.
 */
export type Memory = (...now: KeysAndValues) => KeysAndValues;

/** GPT-2's first values: N(0, 0.02²), and less for what is added to the sum of `layers` blocks. */
export const first = init.normal(0, 0.02);
const firstOfResult = (layers: number): Initializer => init.normal(0, 0.02 / Math.sqrt(2 * layers));

const linear = (from: number, to: number, bias: boolean, weightInit = first): Linear =>
  new Linear(from, to, { bias, weightInit, biasInit: init.zeros });

export function normOf({ norm, normKind, width, bias }: BlockOptions): LayerNorm | RMSNorm | undefined {
  if (norm === "none") return undefined;
  return normKind === "rms" ? new RMSNorm(width, { eps: 1e-5 }) : new LayerNorm(width, { bias });
}

/** softmax(q·kᵀ/√D + bias)·v over heads, each part of W, then a linear layer (Vaswani et al. 2017, section 3.2.2). */
abstract class Attention extends Module {
  abstract readonly c_proj: Linear;
  protected readonly heads: number;
  readonly #dropout: number;

  constructor({ width, heads, dropout: p }: BlockOptions) {
    super();
    if (width % heads !== 0)
      throw new UserError(
        `option \`heads\`: ${heads} heads do not divide the width ${width} (option \`width\`)`,
      );
    this.heads = heads;
    this.#dropout = p;
  }

  /** `before`: keys and values from earlier, each product with them apart, so that nothing need be joined to them. */
  protected look(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    { bias, watch }: Scope,
    key?: Key,
    before?: KeysAndValues,
  ): Tensor {
    const mask = before && bias ? pad(bias, last(bias, k.shape[2]!)) : bias;
    const weights = attentionWeights(q, before ? [before[0], k] : k, { mask });
    watch?.("weights", weights);
    const share = dropout(weights, this.#dropout, key);
    const past = before?.[1].shape[2] ?? 0;
    const now = matmul(narrow(share, -1, past, share.shape.at(-1)!), v);
    const seen = before ? add(matmul(narrow(share, -1, 0, past), before[1]), now) : now;
    return this.c_proj.forward(joinHeads(seen));
  }
}

/** Padding of `count` behind the last axis. */
const last = ({ rank }: Tensor, count: number) => ({
  low: Array.from({ length: rank }, () => 0),
  high: Array.from({ length: rank }, (_, i) => (i === rank - 1 ? count : 0)),
});

export class SelfAttention extends Attention {
  /** Queries, keys and values in one product. */
  readonly c_attn: Linear;
  readonly c_proj: Linear;

  constructor(options: BlockOptions) {
    super(options);
    const { width, layers, bias } = options;
    this.c_attn = linear(width, 3 * width, bias);
    this.c_proj = linear(width, width, bias, firstOfResult(layers));
  }

  /** x [B, T, W] → the same; with a memory, x looks at what came before it, too. */
  forward(x: Tensor, scope: Scope, memory?: Memory, key?: Key): Tensor {
    const { rotate = (t: Tensor) => t } = scope;
    const [q, k, v] = chunk(this.c_attn.forward(x), 3, -1).map((t) => splitHeads(t, this.heads)) as Three;
    const now = rotate(k);
    return this.look(rotate(q), now, v, scope, key, memory?.(now, v));
  }
}

type Three = [Tensor, Tensor, Tensor];

/** Attention of a decoder to its source. */
export class CrossAttention extends Attention {
  readonly c_attn: Linear;
  readonly q_attn: Linear;
  readonly c_proj: Linear;

  constructor(options: BlockOptions) {
    super(options);
    const { width, layers, bias } = options;
    this.c_attn = linear(width, 2 * width, bias);
    this.q_attn = linear(width, width, bias);
    this.c_proj = linear(width, width, bias, firstOfResult(layers));
  }

  /** Keys and values [B, H, S, D] of a source [B, S, W]: the same for all that look at it. */
  read(source: Tensor): KeysAndValues {
    const [k, v] = chunk(this.c_attn.forward(source), 2, -1).map((t) => splitHeads(t, this.heads));
    return [k!, v!];
  }

  /** x [B, T, W] looks at what was read of a source. */
  forward(x: Tensor, [k, v]: KeysAndValues, scope: Scope, key?: Key): Tensor {
    return this.look(splitHeads(this.q_attn.forward(x), this.heads), k, v, scope, key);
  }
}

/** Two linear layers with an activation between them (Vaswani et al. 2017, section 3.3). */
export class FeedForward extends Module {
  readonly c_fc: Linear;
  readonly c_gate: Linear | undefined;
  readonly c_proj: Linear;
  readonly #activation: ActivationName;

  constructor({ width, feedForward, gated, bias, layers, activation }: BlockOptions) {
    super();
    this.c_fc = linear(width, feedForward, bias);
    this.c_gate = gated ? linear(width, feedForward, bias) : undefined;
    this.c_proj = linear(feedForward, width, bias, firstOfResult(layers));
    this.#activation = activation;
  }

  forward(x: Tensor): Tensor {
    const act = ACTIVATIONS[this.#activation];
    const hidden = this.c_fc.forward(x);
    return this.c_proj.forward(this.c_gate ? mul(act(this.c_gate.forward(x)), hidden) : act(hidden));
  }
}

/** A source that a decoder looks at, and how: its states [B, S, W], or what a layer has read of them. */
export type Source = { readonly scope: Scope } & (
  | { readonly states: Tensor; readonly read?: never }
  | { readonly read: KeysAndValues; readonly states?: never }
);

/** Self-attention, attention to a source where there is one, feed-forward: each a part that may be left out. */
export class Block extends Module {
  readonly ln_1: LayerNorm | RMSNorm | undefined;
  readonly attn: SelfAttention | undefined;
  readonly ln_cross_attn: LayerNorm | RMSNorm | undefined;
  readonly crossattention: CrossAttention | undefined;
  readonly ln_2: LayerNorm | RMSNorm | undefined;
  readonly mlp: FeedForward | undefined;
  readonly #options: BlockOptions;

  constructor(options: BlockOptions, { source = false } = {}) {
    super();
    this.#options = options;
    if (options.attention) [this.ln_1, this.attn] = [normOf(options), new SelfAttention(options)];
    if (source) [this.ln_cross_attn, this.crossattention] = [normOf(options), new CrossAttention(options)];
    if (options.feedForward > 0) [this.ln_2, this.mlp] = [normOf(options), new FeedForward(options)];
  }

  /** x [B, T, W] → the same. */
  forward(x: Tensor, scope: Scope, { memory, source }: BlockInputs = {}, key?: Key): Tensor {
    const { norm: place, residual, dropout: p } = this.#options;
    const how = { place, residual, dropout: p };
    let h = x;
    const { attn, crossattention, mlp } = this;
    if (attn)
      h = sublayer(
        h,
        (y, k) => attn.forward(y, scope, memory, k),
        { ...how, norm: this.ln_1 },
        key?.split("attn"),
      );
    if (crossattention && source)
      h = sublayer(
        h,
        (y, k) => {
          const read = source.read ?? crossattention.read(source.states);
          return crossattention.forward(y, read, source.scope, k);
        },
        { ...how, norm: this.ln_cross_attn },
        key?.split("crossattention"),
      );
    if (mlp) h = sublayer(h, (y) => mlp.forward(y), { ...how, norm: this.ln_2 }, key?.split("mlp"));
    return h;
  }
}

export interface BlockInputs {
  readonly memory?: Memory | undefined;
  readonly source?: Source | undefined;
}
