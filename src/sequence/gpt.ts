/**
 * GPT-2 (Radford et al. 2019) with its key names, and what came before and after it as options. The blocks are in
 * transformer.ts, what they are stacked in is in stack.ts.
 */
import { UserError } from "../errors.ts";
import { causalBias, HIDDEN } from "../nn/attention.ts";
import { linear } from "../nn/linear.ts";
import { Module, Parameter, type StateDict } from "../nn/module.ts";
import { arange, less, reshape, where } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Remembering } from "./cache.ts";
import { type Pass, Stack, type StackOptions } from "./stack.ts";
import { first, type Watch } from "./transformer.ts";

export interface GptOptions extends StackOptions {
  /** A token sees those before it alone. Without it a language model sees what it should predict. */
  readonly causal: boolean;
  /** The output layer's weights are the embedding's (Press and Wolf 2017). */
  readonly tied: boolean;
}

/** With a source, the decoder of an encoder–decoder model. */
export class Gpt extends Stack {
  readonly lm_head: Head | undefined;
  readonly #options: GptOptions;

  constructor(options: GptOptions, { source = false } = {}) {
    super(options, { source });
    this.#options = options;
    this.lm_head = options.tied ? undefined : new Head(options.vocabSize, options.width);
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
  forward(tokens: Tensor, key?: Key, watch?: Watch, source?: Pass["source"]): Tensor {
    const length = tokens.shape[1]!;
    this.requireLength(length);
    const at = arange(length);
    const scope = this.scope(at, length, this.#options.causal ? causalBias(length, length) : undefined);
    return this.logits(this.through(tokens, at, { ...scope, watch }, { key, watch, source }));
  }

  /** One token of each row [B] at position `at` (int32 [1]), the same for all, with what is remembered of those before. */
  step(tokens: Tensor, at: Tensor, cache: Remembering, source?: Pass["source"]): Tensor {
    const { capacity } = cache;
    const past = where(less(arange(capacity), at), 0, HIDDEN);
    const scope = this.scope(at, capacity, past);
    const pass = { cache: cache.writing(at), source };
    const logits = this.logits(this.through(reshape(tokens, [-1, 1]), at, scope, pass));
    return reshape(logits, [tokens.shape[0]!, -1]);
  }

  /** What the stream [..., W] between blocks would say, were it the last: [..., V] (nostalgebraist's logit lens, 2020). */
  logits(x: Tensor): Tensor {
    return linear(this.normed(x), this.lm_head?.weight ?? this.wte.weight);
  }
}

/** The output layer, where it has weights of its own. */
class Head extends Module {
  readonly weight: Parameter;
  constructor(vocabSize: number, width: number) {
    super();
    this.weight = new Parameter([vocabSize, width], first);
  }
}
