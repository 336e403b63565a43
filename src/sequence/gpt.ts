/**
 * GPT-2 (Radford et al. 2019) with its key names, and what came before and after it as options. One file; the blocks are
 * in transformer.ts.
 */
import { UserError } from "../errors.ts";
import { causalBias, HIDDEN } from "../nn/attention.ts";
import { dropout } from "../nn/dropout.ts";
import { Embedding } from "../nn/embedding.ts";
import { linear } from "../nn/linear.ts";
import { Module, Parameter, type StateDict } from "../nn/module.ts";
import type { LayerNorm, RMSNorm } from "../nn/normalization.ts";
import { add, arange, gather, lessEqual, reshape, where } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Remembering } from "./cache.ts";
import { alibiBias, type Positions, rotate, sinusoidsAt } from "./positions.ts";
import { Block, type BlockOptions, first, normOf, type Scope, type Watch } from "./transformer.ts";

export interface GptOptions extends BlockOptions {
  readonly vocabSize: number;
  /** The most tokens it sees at once. */
  readonly context: number;
  readonly positions: Positions;
  /** A token sees those before it alone. Without it a language model sees what it should predict. */
  readonly causal: boolean;
  /** The output layer's weights are the embedding's (Press and Wolf 2017). */
  readonly tied: boolean;
}

export class Gpt extends Module {
  /** Vectors of tokens and of positions. */
  readonly wte: Embedding;
  readonly wpe: Embedding | undefined;
  readonly h: readonly Block[];
  readonly ln_f: LayerNorm | RMSNorm | undefined;
  readonly lm_head: Head | undefined;
  readonly #options: GptOptions;

  constructor(options: GptOptions) {
    super();
    const { vocabSize, context, width, layers, positions, tied, norm, heads } = options;
    if (positions === "rotary" && (width / heads) % 2 === 1)
      throw new UserError(
        `rotary positions rotate pairs of numbers, and a head has ${width / heads}: change option \`width\` or option \`heads\``,
      );
    if (positions === "sinusoidal" && width % 2 !== 0)
      throw new UserError(`sinusoids come in pairs: option \`width\` must be even, not ${width}`);
    this.#options = options;
    this.wte = new Embedding(vocabSize, width, { weightInit: first });
    this.wpe = positions === "learned" ? new Embedding(context, width, { weightInit: first }) : undefined;
    this.h = Array.from({ length: layers }, () => new Block(options));
    // What post-norm blocks give is normalised already.
    this.ln_f = norm === "pre" ? normOf(options) : undefined;
    this.lm_head = tied ? undefined : new Head(vocabSize, width);
  }

  get options(): GptOptions {
    return this.#options;
  }

  /** @throws UserError where the weights are of other tokens, or of another architecture. */
  override loadStateDict(dict: Readonly<StateDict>, { source = "the state dict" } = {}): this {
    const [have, want] = [dict["wte.weight"]?.shape[0], this.#options.vocabSize];
    if (have !== undefined && have !== want)
      throw new UserError(
        `${source}: the weights have ${have} tokens and the data's tokenizer has ${want}: read the data with the tokenizer that belongs to the weights (option \`tokenizer\`)`,
      );
    return super.loadStateDict(dict, { source });
  }

  /** Tokens [B, T] → logits of what follows each [B, T, V]. With a key, a training pass. */
  forward(tokens: Tensor, key?: Key, watch?: Watch): Tensor {
    const length = tokens.shape[1]!;
    const { causal, positions, context } = this.#options;
    if (positions === "learned" && length > context)
      throw new UserError(`${length} tokens are more than the model's context of ${context}`);
    const at = arange(length);
    const bias = causal ? causalBias(length, length) : undefined;
    const scope = { ...this.#scope(at, length, bias), watch };
    return this.#through(tokens, at, scope, { key, watch });
  }

  /** One token of each row [B] at position `at` (int32 [1]), the same for all, with what is remembered of those before. */
  step(tokens: Tensor, at: Tensor, cache: Remembering): Tensor {
    const { capacity } = cache;
    const past = where(lessEqual(arange(capacity), at), 0, HIDDEN);
    const scope = this.#scope(at, capacity, past);
    const logits = this.#through(reshape(tokens, [-1, 1]), at, scope, { cache: cache.writing(at) });
    return reshape(logits, [tokens.shape[0]!, -1]);
  }

  /** What attention sees of `keys` tokens from the positions `at`; `mask` is added to scores. */
  #scope(at: Tensor, keys: number, mask: Tensor | undefined): Scope {
    const { positions, heads, context } = this.#options;
    const far = positions === "alibi" ? alibiBias(at, keys, heads) : undefined;
    return {
      bias: mask && far ? add(mask, far) : (mask ?? far),
      rotate: positions === "rotary" ? (x) => rotate(x, at, Math.max(context, keys)) : undefined,
    };
  }

  #through(tokens: Tensor, at: Tensor, scope: Scope, { key, watch, cache }: Pass): Tensor {
    let x = dropout(this.#embed(tokens, at), this.#options.dropout, key?.split("embedding"));
    watch?.("embedding", x);
    for (const [i, block] of this.h.entries()) {
      const inside = watch && { ...scope, watch: (name: string, t: Tensor) => watch(`h.${i}.${name}`, t) };
      x = block.forward(x, inside ?? scope, { memory: cache?.(i) }, key?.split(i));
      watch?.(`h.${i}`, x);
    }
    return this.logits(x);
  }

  #embed(tokens: Tensor, at: Tensor): Tensor {
    const { positions, width, context } = this.#options;
    const x = this.wte.forward(tokens);
    if (this.wpe) return x.add(gather(this.wpe.weight, at));
    if (positions !== "sinusoidal") return x;
    // Vaswani et al. (2017), section 3.4: vectors of tokens as long as those of positions.
    return x.mul(Math.sqrt(width)).add(sinusoidsAt(at, Math.max(context, at.size), width));
  }

  /** What the stream [..., W] between blocks would say, were it the last: [..., V] (nostalgebraist's logit lens, 2020). */
  logits(x: Tensor): Tensor {
    return linear(this.ln_f?.forward(x) ?? x, this.lm_head?.weight ?? this.wte.weight);
  }
}

interface Pass {
  readonly key?: Key | undefined;
  readonly watch?: Watch | undefined;
  readonly cache?: ReturnType<Remembering["writing"]>;
}

/** The output layer, where it has weights of its own. */
class Head extends Module {
  readonly weight: Parameter;
  constructor(vocabSize: number, width: number) {
    super();
    this.weight = new Parameter([vocabSize, width], first);
  }
}
