/** The encoder–decoder of Vaswani et al. (2017): a stack that reads the source in both directions, and a GPT that looks at it. */
import { arange, zeros } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { writtenAt } from "./cache.ts";
import { type Encoded, EncoderDecoder, hiding, type Named, readable, type TeacherForcing } from "./encoder-decoder.ts"; // biome-ignore format: a list of names
import { Gpt, type GptOptions } from "./gpt.ts";
import { Stack, type StackOptions } from "./stack.ts";
import type { KeysAndValues, Scope, Source, Watch } from "./transformer.ts";

export interface TransformerOptions extends GptOptions {
  readonly sourceVocabSize: number;
  /** Blocks look at the source. Without it the decoder knows nothing of it. */
  readonly crossAttention: boolean;
}

/** Every token of the source sees every other. */
class Encoder extends Stack {
  /** source [B, S] → [B, S, W]. */
  forward(source: Tensor, key?: Key, watch?: Watch): Tensor {
    const [batch, length] = source.shape as [number, number];
    this.requireLength(length);
    const at = arange(length);
    const scope = { ...this.scope(at, length, hiding(source, [batch, 1, 1, length])), watch };
    return this.normed(this.through(readable(source), at, scope, { key, watch }));
  }
}

export class Transformer extends EncoderDecoder {
  /** None where the decoder does not look at the source: nothing of it would be learnt. */
  readonly encoder: Encoder | undefined;
  readonly decoder: Gpt;
  readonly #options: TransformerOptions;

  constructor(options: TransformerOptions) {
    super();
    const { sourceVocabSize, crossAttention } = options;
    this.#options = options;
    const how = { ...options, vocabSize: sourceVocabSize } satisfies StackOptions;
    this.encoder = crossAttention ? new Encoder(how) : undefined;
    this.decoder = new Gpt(options, { source: crossAttention });
  }

  get options(): TransformerOptions {
    return this.#options;
  }

  get vocabSize(): number {
    return this.#options.vocabSize;
  }

  get context(): number {
    return this.#options.context;
  }

  override forward(source: Tensor, read: Tensor, { key, watch }: TeacherForcing = {}): Tensor {
    const part = (name: string): Watch | undefined => watch && ((path, t) => watch(`${name}.${path}`, t));
    const states = this.encoder?.forward(source, key?.split("encoder"), part("encoder"));
    const target = (look?: (layer: number) => Source): Tensor =>
      this.decoder.forward(readable(read), key?.split("decoder"), part("decoder"), look);
    if (!states) return target();
    const [batch, length] = source.shape as [number, number];
    const bias = hiding(source, [batch, 1, 1, length]);
    const look = (layer: number): Source => {
      const scope: Scope = {
        bias,
        watch: (name, t) => watch?.(`decoder.h.${layer}.crossattention.${name}`, t),
      };
      return { states, scope };
    };
    return target(look);
  }

  override encode(source: Tensor, capacity: number): Encoded {
    const states = this.encoder?.forward(source);
    const [batch, length] = source.shape as [number, number];
    const { width, heads, layers, attention } = this.#options;
    const looked = this.decoder.h.flatMap(({ crossattention }, i) => {
      if (!crossattention || !states) return [];
      const [keys, values] = crossattention.read(states);
      return [
        [`keys.${i}`, keys],
        [`values.${i}`, values],
      ] as const;
    });
    const empty = zeros([batch, heads, capacity, width / heads]);
    const state = Array.from({ length: attention ? layers : 0 }, (_, i) => [
      [`keys.${i}`, empty],
      [`values.${i}`, empty],
    ]).flat() as [string, Tensor][];
    const hidden = looked.length > 0 ? { hidden: hiding(source, [batch, 1, 1, length]) } : {};
    return { source: { ...Object.fromEntries(looked), ...hidden }, state: Object.fromEntries(state) };
  }

  override step(tokens: Tensor, at: Tensor, { source, state }: Encoded): { logits: Tensor; state: Named } {
    const next: Record<string, Tensor> = {};
    const write = (name: string, now: Tensor): Tensor => {
      next[name] = writtenAt(at, state[name]!, now);
      return state[name]!;
    };
    const cache = {
      capacity: state["keys.0"]?.shape[2] ?? this.context,
      writing:
        () =>
        (layer: number) =>
        (keys: Tensor, values: Tensor): KeysAndValues => [
          write(`keys.${layer}`, keys),
          write(`values.${layer}`, values),
        ],
    };
    const look = (layer: number): Source => ({
      read: [source[`keys.${layer}`]!, source[`values.${layer}`]!],
      scope: { bias: source.hidden },
    });
    return { logits: this.decoder.step(tokens, at, cache, source.hidden && look), state: next };
  }
}
