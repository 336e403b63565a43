import { UserError } from "../errors.ts";
import { dropout } from "../nn/dropout.ts";
import { Embedding } from "../nn/embedding.ts";
import { Module } from "../nn/module.ts";
import type { LayerNorm, RMSNorm } from "../nn/normalization.ts";
import { add, gather } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { alibiBias, type Positions, rotate, sinusoidsAt } from "./positions.ts";
import { Block, type BlockOptions, first, type Memory, normOf, type Scope, type Source, type Watch } from "./transformer.ts"; // biome-ignore format: a list of names

export interface StackOptions extends BlockOptions {
  readonly vocabSize: number;
  /** The most tokens it sees at once. */
  readonly context: number;
  readonly positions: Positions;
}

/** How a stack is passed through. With a key, a training pass. */
export interface Pass {
  readonly key?: Key | undefined;
  readonly watch?: Watch | undefined;
  /** Each layer's memory. */
  readonly cache?: ((layer: number) => Memory) | undefined;
  /** What each layer looks at beside the tokens themselves. */
  readonly source?: ((layer: number) => Source) | undefined;
}

/** Embedded tokens, blocks, and a last norm: what a GPT, an encoder and a decoder have in common, with GPT-2's key names. */
export abstract class Stack extends Module {
  /** Vectors of tokens and of positions. */
  readonly wte: Embedding;
  readonly wpe: Embedding | undefined;
  readonly h: readonly Block[];
  readonly ln_f: LayerNorm | RMSNorm | undefined;
  readonly #options: StackOptions;

  /** @param source Whether its blocks also look at a source. */
  constructor(options: StackOptions, { source = false } = {}) {
    super();
    const { vocabSize, context, width, layers, positions, norm, heads } = options;
    if (positions === "rotary" && (width / heads) % 2 === 1)
      throw new UserError(
        `rotary positions rotate pairs of numbers, and a head has ${width / heads}: change option \`width\` or option \`heads\``,
      );
    if (positions === "sinusoidal" && width % 2 !== 0)
      throw new UserError(`sinusoids come in pairs: option \`width\` must be even, not ${width}`);
    this.#options = options;
    this.wte = new Embedding(vocabSize, width, { weightInit: first });
    this.wpe = positions === "learned" ? new Embedding(context, width, { weightInit: first }) : undefined;
    this.h = Array.from({ length: layers }, () => new Block(options, { source }));
    // What post-norm blocks give is normalised already.
    this.ln_f = norm === "pre" ? normOf(options) : undefined;
  }

  /** @throws UserError where there are more tokens than learned positions. */
  protected requireLength(length: number): void {
    const { positions, context } = this.#options;
    if (positions === "learned" && length > context)
      throw new UserError(`${length} tokens are more than the model's context of ${context}`);
  }

  /** What attention sees of `keys` tokens from the positions `at` [T]; `mask` is added to scores. */
  protected scope(at: Tensor, keys: number, mask: Tensor | undefined): Scope {
    const { positions, heads, context } = this.#options;
    const far = positions === "alibi" ? alibiBias(at, keys, heads) : undefined;
    return {
      bias: mask && far ? add(mask, far) : (mask ?? far),
      rotate: positions === "rotary" ? (x) => rotate(x, at, Math.max(context, keys)) : undefined,
    };
  }

  /** Tokens [B, T] at the positions `at` [T] → the stream behind the last block [B, T, W], before the last norm. */
  protected through(tokens: Tensor, at: Tensor, scope: Scope, pass: Pass): Tensor {
    const { key, watch, cache, source } = pass;
    let x = dropout(this.#embed(tokens, at), this.#options.dropout, key?.split("embedding"));
    watch?.("embedding", x);
    for (const [i, block] of this.h.entries()) {
      const inside: Scope = watch ? { ...scope, watch: (name, t) => watch(`h.${i}.${name}`, t) } : scope;
      x = block.forward(x, inside, { memory: cache?.(i), source: source?.(i) }, key?.split(i));
      watch?.(`h.${i}`, x);
    }
    return x;
  }

  #embed(tokens: Tensor, at: Tensor): Tensor {
    const { positions, width, context } = this.#options;
    const x = this.wte.forward(tokens);
    if (this.wpe) return x.add(gather(this.wpe.weight, at));
    if (positions !== "sinusoidal") return x;
    // Vaswani et al. (2017), section 3.4: vectors of tokens as long as those of positions.
    return x.mul(Math.sqrt(width)).add(sinusoidsAt(at, Math.max(context, at.size), width));
  }

  /** The last norm, where there is one. */
  protected normed(x: Tensor): Tensor {
    return this.ln_f?.forward(x) ?? x;
  }
}
