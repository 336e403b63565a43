import { HIDDEN } from "../nn/attention.ts";
import { type CrossEntropyOptions, crossEntropy } from "../nn/losses.ts";
import { Module } from "../nn/module.ts";
import { greaterEqual, maximum, where } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { PADDING } from "./examples.ts";
import type { Watch } from "./transformer.ts";

/** Tensors by name. */
export type Named = Readonly<Record<string, Tensor>>;

/** What decoding begins with. */
export interface Encoded {
  /** Of the source, the same at every step. */
  readonly source: Named;
  /** What changes from step to step. */
  readonly state: Named;
}

export interface TeacherForcing {
  /** With a key, a training pass. */
  readonly key?: Key | undefined;
  readonly watch?: Watch | undefined;
  /** The probability (a scalar) of reading the model's own last token in place of the target's (Bengio et al. 2015). */
  readonly own?: Tensor | undefined;
}

/**
 * A model of a target given its source, token by token. B: examples, S and T: tokens of a source and of a target, V: the
 * target's tokens. Sources and targets are int32, padded behind with PADDING, which changes nothing.
 */
export abstract class EncoderDecoder extends Module {
  /** V, the last of which is the target's beginning and end. */
  abstract readonly vocabSize: number;
  /** The most tokens of a source, and positions of a target. */
  abstract readonly context: number;

  /** source [B, S], and what is read of the target [B, T] → logits of what follows each token [B, T, V]. */
  abstract forward(source: Tensor, read: Tensor, how?: TeacherForcing): Tensor;

  /** What is kept of source [B, S] for decoding up to `capacity` tokens. */
  abstract encode(source: Tensor, capacity: number): Encoded;

  /** One token of each row [B] at position `at` (int32 [1]) → logits of what follows [B, V], and the next state. */
  abstract step(
    tokens: Tensor,
    at: Tensor,
    encoded: Encoded,
  ): { readonly logits: Tensor; readonly state: Named };

  get end(): number {
    return this.vocabSize - 1;
  }
}

/** Tokens with padding made readable: any token will do where the result does not count. */
export const readable = (tokens: Tensor): Tensor => maximum(tokens, 0);

/** Where tokens [B, S] are an example's own: bool [B, S]. */
export const ownOf = (tokens: Tensor): Tensor => greaterEqual(tokens, 0);

/** Added to scores [..., S] of sources [B, S] reshaped to `shape`: hides padding. */
export const hiding = (source: Tensor, shape: readonly number[]): Tensor =>
  where(ownOf(source), 0, HIDDEN).reshape(...shape);

/** Nats a token of logits [B, T, V] for what follows [B, T]; padding counts for nothing. */
export const targetLoss = (logits: Tensor, next: Tensor, options: CrossEntropyOptions = {}): Tensor =>
  crossEntropy(logits, next, { ignoreIndex: PADDING, ...options });
