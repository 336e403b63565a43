/**
 * Encoder–decoder models of recurrent networks: Sutskever et al. (2014), whose code is the encoder's last state; with the
 * attention of Bahdanau et al. (2015) or of Luong et al. (2015) the decoder looks at all of the encoder's states. B: examples, S and T: tokens
 * of the source and of the target, E: width of embeddings, W: width of states.
 */
import { UserError } from "../errors.ts";
import { dropout } from "../nn/dropout.ts";
import { Embedding } from "../nn/embedding.ts";
import { Linear, linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { type CellState, GRU, LSTM, type Recurrent, type RecurrentCell, type RecurrentOptions, RNN } from "../nn/recurrent.ts"; // biome-ignore format: a list of names
import { add, arange, argmax, concat, equal, full, less, log, matmul, narrow, neg, reshape, scan, sub, tanh, transpose, uniform, unsqueeze, where, zeros } from "../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AttentionName, type Looked, Score } from "./alignment.ts";
import { type Encoded, EncoderDecoder, hiding, type Named, ownOf, readable, type TeacherForcing } from "./encoder-decoder.ts"; // biome-ignore format: a list of names

/** Elman (1990), Hochreiter and Schmidhuber (1997), Cho et al. (2014). */
export const CELLS = {
  rnn: (input: number, width: number, options: RecurrentOptions): Recurrent => new RNN(input, width, options),
  lstm: (input: number, width: number, options: RecurrentOptions): Recurrent =>
    new LSTM(input, width, options),
  gru: (input: number, width: number, options: RecurrentOptions): Recurrent => new GRU(input, width, options),
} as const;
export type CellName = keyof typeof CELLS;

export interface Seq2seqOptions {
  readonly sourceVocabSize: number;
  /** The target's tokens, and one for its beginning and end. */
  readonly vocabSize: number;
  readonly cell: CellName;
  readonly embedding: number;
  /** W: of the decoder's states and of the encoder's, whose two directions have half of it each (Klein et al. 2017). */
  readonly width: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly attention: AttentionName;
  /** Luong et al. (2015), section 3.3: a step also reads the last step's h̃. Additive attention reads its context anyway. */
  readonly inputFeeding: boolean;
  /** Of embeddings, between layers, and before the output layer. */
  readonly dropout: number;
}

/** Attentions that input feeding is for. */
const FED: readonly AttentionName[] = ["dot", "general"];

/** The state of a decoder: [h] or [h, c] of each layer, each [B, W]. */
type States = readonly CellState[];

class Encoder extends Module {
  readonly embedding: Embedding;
  readonly rnn: Recurrent;
  readonly #options: Seq2seqOptions;

  constructor(options: Seq2seqOptions) {
    super();
    const { sourceVocabSize, cell, embedding, width, layers, bidirectional, dropout: p } = options;
    if (bidirectional && width % 2 !== 0)
      throw new UserError(
        `two directions share the width, so option \`width\` must be even, not ${width}, or leave option \`bidirectional\` out`,
      );
    this.#options = options;
    this.embedding = new Embedding(sourceVocabSize, embedding);
    this.rnn = CELLS[cell](embedding, width / (bidirectional ? 2 : 1), {
      numLayers: layers,
      bidirectional,
      dropout: p,
    });
  }

  /** source [B, S] → h of each token [B, S, W], and the last state of each layer. */
  forward(source: Tensor, key?: Key): { readonly states: Tensor; readonly last: States } {
    const { layers, width, dropout: p } = this.#options;
    const x = dropout(this.embedding.forward(readable(source)), p, key?.split("embedding"));
    const { output, state } = this.rnn.forward(x, undefined, key?.split("rnn"), ownOf(source));
    const batch = source.shape[0]!;
    // [layers · directions, B, H]: the directions of a layer side by side.
    const joined = state.map((part) =>
      reshape(transpose(reshape(part, [layers, -1, batch, part.shape[2]!]), [0, 2, 1, 3]), [
        layers,
        batch,
        width,
      ]),
    );
    const last = Array.from({ length: layers }, (_, i) =>
      joined.map((part) => reshape(narrow(part, 0, i, i + 1), [batch, width])),
    );
    return { states: output, last };
  }
}

/** What a step carries on: states, and what the next step reads beside its token [B, W], where it does. */
type Carried = { readonly states: States; readonly feed: Tensor | undefined };

/** What a step makes: h̃ [B, W], from which the next token is told, and the weights of alignment [B, 1, S]. */
type Made = { readonly h: Tensor; readonly weights: Tensor | undefined };

class Decoder extends Module {
  readonly embedding: Embedding;
  readonly rnn: Recurrent;
  readonly score: Score | undefined;
  /** Luong et al. (2015), eq. 5: h̃ = tanh(W·[c; s]). */
  readonly attentional: Linear | undefined;
  readonly head: Linear;
  readonly #options: Seq2seqOptions;

  constructor(options: Seq2seqOptions) {
    super();
    const { vocabSize, cell, embedding, width, layers, attention, inputFeeding, dropout: p } = options;
    if (inputFeeding && !FED.includes(attention))
      throw new UserError(
        `option \`inputFeeding\` is for attention ${FED.join(" or ")}, not ${attention}: without attention there is nothing to feed, and additive attention reads its context anyway`,
      );
    this.#options = options;
    this.embedding = new Embedding(vocabSize, embedding);
    const fed = this.inTurns ? width : 0;
    this.rnn = CELLS[cell](embedding + fed, width, { numLayers: layers, dropout: p });
    this.score = attention === "none" ? undefined : new Score(attention, width);
    this.attentional = attention === "none" ? undefined : new Linear(2 * width, width, { bias: false });
    this.head = new Linear(width, vocabSize);
  }

  /** Whether the states depend on what steps see of the source, so that one must wait for another. */
  get inTurns(): boolean {
    const { attention, inputFeeding } = this.#options;
    return attention === "additive" || inputFeeding;
  }

  look(source: Tensor, states: Tensor): Looked {
    const [b, s] = source.shape as [number, number];
    return { states, keys: this.score?.keys(states) ?? states, hidden: hiding(source, [b, 1, s]) };
  }

  begin(last: States): Carried {
    return { states: last, feed: this.#options.inputFeeding ? zeros(last[0]![0]!.shape) : undefined };
  }

  /** What tokens [...] bring to the first layer: [..., gates · W]. */
  fromTokens(tokens: Tensor, key?: Key): Tensor {
    const { embedding, dropout: p } = this.#options;
    const x = dropout(this.embedding.forward(readable(tokens)), p, key?.split("embedding"));
    const { weight_ih, bias_ih } = this.#first;
    return linear(x, narrow(weight_ih, 1, 0, embedding), bias_ih);
  }

  get #first(): RecurrentCell {
    return this.rnn.cells[0]!;
  }

  /** One step, from what its token brings [B, gates · W]. */
  advance({ states, feed }: Carried, fromToken: Tensor, looked: Looked, key?: Key): [Carried, Made] {
    const { attention, embedding, width, dropout: p } = this.#options;
    // Bahdanau et al. (2015), section 3.1: the context of this step, by the state of the last, is read with the token.
    const before = attention === "additive" ? this.#context(states.at(-1)![0]!, looked) : undefined;
    const read = before?.context ?? feed;
    const fed = (): Tensor => linear(read!, narrow(this.#first.weight_ih, 1, embedding, embedding + width));
    let input = read ? add(fromToken, fed()) : fromToken;
    const next: CellState[] = [];
    for (const [i, cell] of this.rnn.cells.entries()) {
      next.push(cell.advance(input, states[i]!));
      const above = this.rnn.cells[i + 1];
      if (above) input = above.fromInput(dropout(next[i]![0]!, p, key?.split(i)));
    }
    const s = next.at(-1)![0]!;
    const seen = before ?? (attention === "none" ? undefined : this.#context(s, looked));
    const h = seen ? this.#attended(seen.context, s) : s;
    return [
      { states: next, feed: feed && h },
      { h, weights: seen?.weights },
    ];
  }

  /** s [B, W] → what it looks at [B, W]. */
  #context(s: Tensor, { states, keys, hidden }: Looked): { context: Tensor; weights: Tensor } {
    const weights = this.score!.weights(unsqueeze(s, 1), keys, hidden);
    return { context: reshape(matmul(weights, states), s.shape), weights };
  }

  #attended(context: Tensor, s: Tensor): Tensor {
    return tanh(this.attentional!.forward(concat([context, s], -1)));
  }

  /** Logits of h̃ [..., W]. */
  logits(h: Tensor, key?: Key): Tensor {
    return this.head.forward(dropout(h, this.#options.dropout, key?.split("head")));
  }

  /** All steps, where none reads what the last made: layer by layer, and then all of them look at once. */
  atOnce(read: Tensor, last: States, { states, keys, hidden }: Looked, key?: Key): Made {
    const { dropout: p } = this.#options;
    const x = dropout(this.embedding.forward(readable(read)), p, key?.split("embedding"));
    const start = last[0]!.map((_, part) =>
      concat(
        last.map((layer) => unsqueeze(layer[part]!, 0)),
        0,
      ),
    );
    const { output } = this.rnn.forward(x, start, key?.split("rnn"));
    if (!this.score) return { h: output, weights: undefined };
    const weights = this.score.weights(output, keys, hidden);
    return { h: this.#attended(matmul(weights, states), output), weights };
  }

  /** All steps, one after another: a scan. */
  inTurn(read: Tensor, last: States, looked: Looked, key?: Key): Made {
    const step = (now: Carried, fromToken: Tensor): [Carried, Made] =>
      this.advance(now, fromToken, looked, key?.split("rnn"));
    const [, made] = scan(step, this.begin(last), transpose(this.fromTokens(read, key), [1, 0, 2]));
    return {
      h: transpose(made.h, [1, 0, 2]),
      weights: made.weights && transpose(reshape(made.weights, [...made.h.shape.slice(0, 2), -1]), [1, 0, 2]),
    };
  }

  /** All steps, each of which reads the model's own last token with probability `own`, and else the target's: logits. */
  sampling(read: Tensor, last: States, looked: Looked, own: Tensor, key: Key): Tensor {
    const [batch, length] = read.shape as [number, number];
    const step = (
      { now, token }: { now: Carried; token: Tensor },
      { given, first }: { given: Tensor; first: Tensor },
    ): [{ now: Carried; token: Tensor }, Tensor] => {
      const takes = less(uniform(key.split("own"), [batch]), own);
      // The first token is the beginning, and no guess.
      const chosen = where(first, given, where(takes, token, given));
      const [next, { h }] = this.advance(now, this.fromTokens(chosen, key), looked, key.split("rnn"));
      const logits = this.logits(h, key);
      // The largest of logits with Gumbel noise is a draw from their softmax (Gumbel 1954).
      const noise = neg(log(sub(1e-20, log(add(uniform(key.split("draw"), logits.shape), 1e-20)))));
      return [{ now: next, token: argmax(add(logits, noise), -1) }, logits];
    };
    const init = { now: this.begin(last), token: full([batch], 0).cast("int32") };
    const xs = { given: transpose(read), first: equal(arange(length), 0) };
    const [, logits] = scan(step, init, xs);
    return transpose(logits, [1, 0, 2]);
  }
}

export class Seq2seq extends EncoderDecoder {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly #options: Seq2seqOptions;

  constructor(options: Seq2seqOptions) {
    super();
    this.#options = options;
    this.encoder = new Encoder(options);
    this.decoder = new Decoder(options);
  }

  get vocabSize(): number {
    return this.#options.vocabSize;
  }

  get context(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  override forward(source: Tensor, read: Tensor, { key, watch, own }: TeacherForcing = {}): Tensor {
    const { decoder } = this;
    const { states, last } = this.encoder.forward(source, key?.split("encoder"));
    const looked = decoder.look(source, states);
    const inner = key?.split("decoder");
    if (own && inner) return decoder.sampling(read, last, looked, own, inner);
    const { h, weights } = decoder.inTurns
      ? decoder.inTurn(read, last, looked, inner)
      : decoder.atOnce(read, last, looked, inner);
    if (weights) watch?.("alignment", weights);
    return decoder.logits(h, inner);
  }

  override encode(source: Tensor): Encoded {
    const { states, last } = this.encoder.forward(source);
    const { decoder } = this;
    const { keys, hidden } = decoder.look(source, states);
    const { attention } = this.#options;
    const looked = attention === "none" ? {} : { states, keys, hidden };
    return { source: looked, state: named(decoder.begin(last)) };
  }

  override step(tokens: Tensor, _at: Tensor, { source, state }: Encoded): { logits: Tensor; state: Named } {
    const { decoder } = this;
    const now = unnamed(state, this.#options.layers);
    const [next, { h }] = decoder.advance(now, decoder.fromTokens(tokens), source as unknown as Looked);
    return { logits: decoder.logits(h), state: named(next) };
  }
}

/** States by name: h.0, c.0, h.1 …, and what is fed. */
const PARTS = ["h", "c"] as const;

const named = ({ states, feed }: Carried): Named => ({
  ...Object.fromEntries(
    states.flatMap((layer, i) => layer.map((part, p) => [`${PARTS[p]}.${i}`, part] as const)),
  ),
  ...(feed && { feed }),
});

const unnamed = (state: Named, layers: number): Carried => ({
  states: Array.from({ length: layers }, (_, i) =>
    PARTS.flatMap((part) => (state[`${part}.${i}`] ? [state[`${part}.${i}`]!] : [])),
  ),
  feed: state.feed,
});
