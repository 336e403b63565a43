/** Attention of recurrent decoders. B: examples, S and T: tokens of the source and of the target, W: width of states. */
import { attentionWeights } from "../nn/attention.ts";
import { Linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { add, reshape, softmax, tanh, unsqueeze } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * none: the encoder's last state is all the decoder has; additive: vᵀ·tanh(W·s + U·h) (Bahdanau et al. 2015); dot: s·h, and
 * general: sᵀ·W·h (Luong et al. 2015), for a state s of the decoder and a state h of the encoder.
 */
export const ATTENTIONS = ["none", "additive", "dot", "general"] as const;
export type AttentionName = (typeof ATTENTIONS)[number];

/** How much a state s of the decoder looks at each state h of the encoder. */
export class Score extends Module {
  /** W·s and v of additive attention. */
  readonly query: Linear | undefined;
  readonly v: Linear | undefined;
  /** U·h, or W·h of general attention. */
  readonly key: Linear | undefined;

  constructor(kind: AttentionName, width: number) {
    super();
    const square = (): Linear => new Linear(width, width, { bias: false });
    this.query = kind === "additive" ? square() : undefined;
    this.key = kind === "dot" ? undefined : square();
    this.v = kind === "additive" ? new Linear(width, 1, { bias: false }) : undefined;
  }

  /** What of states [B, S, W] does not depend on s. */
  keys(states: Tensor): Tensor {
    return this.key?.forward(states) ?? states;
  }

  /** s [B, T, W], keys [B, S, W] → the weights of alignment [B, T, S]. */
  weights(s: Tensor, keys: Tensor, hidden: Tensor): Tensor {
    if (!this.query || !this.v) return attentionWeights(s, keys, { mask: hidden, scale: 1 });
    const [b, t] = s.shape as [number, number];
    const sums = add(unsqueeze(this.query.forward(s), 2), unsqueeze(keys, 1));
    return softmax(add(reshape(this.v.forward(tanh(sums)), [b, t, -1]), hidden));
  }
}

/** What a decoder looks at: the encoder's states and their keys [B, S, W], and what hides padding [B, 1, S]. */
export interface Looked {
  readonly states: Tensor;
  readonly keys: Tensor;
  readonly hidden: Tensor;
}
