/** Writing, token by token, with whatever decodes: GPT, and the decoders of encoder–decoder models. */
import { z } from "zod";
import type { Tokenizer } from "../data/tokenizer.ts";
import { UserError } from "../errors.ts";
import { hostUniform, type Key } from "../tensor/random.ts";
import type { Decoder } from "./decoder.ts";
import type { History, LogitsProcessor } from "./logits.ts";
import * as logitsBy from "./logits.ts";

const share = z.number().gt(0).max(1);
const penalty = z.number().min(-10).max(10).default(0);

/** How the next token is chosen, with Hugging Face's names: options of every command that writes. */
export const ChoiceOptions = z.strictObject({
  temperature: z
    .number()
    .min(0)
    .default(1)
    .describe("below 1 the likely becomes likelier; 0: always the likeliest token"),
  topK: z.int().min(1).optional().describe("only the k likeliest tokens (default: all)"),
  topP: share.default(1).describe("only the likeliest tokens that have this probability together"),
  minP: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("only tokens this many times as likely as the likeliest"),
  typicalP: share
    .default(1)
    .describe("only tokens whose surprise is nearest to the expected, to this probability"),
  repetitionPenalty: z
    .number()
    .gt(0)
    .default(1)
    .describe("what was written or read gets less likely by this factor"),
  frequencyPenalty: penalty.describe("taken from a token's logit each time it was written"),
  presencePenalty: penalty.describe("taken from a token's logit once it was written"),
  noRepeatNgram: z.int().min(0).default(0).describe("no n tokens in a row come twice; 0: they may"),
  minNewTokens: z.int().min(0).default(0).describe("no end before so many tokens"),
});
export type ChoiceOptions = z.output<typeof ChoiceOptions>;

export interface GenerateOptions extends Partial<ChoiceOptions> {
  readonly maxNewTokens: number;
  /** Tokens that end a row. They are given out as its last. */
  readonly stopTokens?: readonly number[];
  /** Sequences of tokens that must not come. */
  readonly badWords?: readonly (readonly number[])[];
  /** Your own, after those above and before temperature. */
  readonly processors?: readonly LogitsProcessor[];
  /** What is drawn follows from it; row i draws by `key.split(i)`, however many rows there are. */
  readonly key: Key;
  readonly signal?: AbortSignal | undefined;
}

/** One token of one row. */
export interface Written {
  readonly row: number;
  readonly token: number;
  /** log p of the token as the model has it, before anything was changed. */
  readonly logProbability: number;
  /** Its row ends here: by a stop token, or because it is long enough. */
  readonly end?: "stop" | "length";
}

/** What changes the logits of a step before a token is chosen, in Hugging Face's order. */
export function processorsOf(options: Omit<GenerateOptions, "key" | "maxNewTokens">): LogitsProcessor[] {
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0, noRepeatNgram = 0 } = options;
  const { badWords = [], minNewTokens = 0, stopTokens = [], processors = [] } = options;
  const all: [boolean, () => LogitsProcessor][] = [
    [repetitionPenalty !== 1, () => logitsBy.repetitionPenalty(repetitionPenalty)],
    [
      frequencyPenalty !== 0 || presencePenalty !== 0,
      () => logitsBy.countPenalty(frequencyPenalty, presencePenalty),
    ],
    [noRepeatNgram > 0, () => logitsBy.noRepeat(noRepeatNgram)],
    [badWords.length > 0, () => logitsBy.badWords(badWords)],
    [minNewTokens > 0, () => logitsBy.minNewTokens(minNewTokens, stopTokens)],
  ];
  return [...all.flatMap(([wanted, make]) => (wanted ? [make()] : [])), ...processors];
}

/** What narrows a distribution that is drawn from. */
export function narrowing({
  temperature = 1,
  topK,
  topP = 1,
  minP = 0,
  typicalP = 1,
}: Partial<ChoiceOptions>): LogitsProcessor[] {
  const all: [boolean, () => LogitsProcessor][] = [
    [temperature !== 1, () => logitsBy.temperature(temperature)],
    [topK !== undefined, () => logitsBy.topK(topK!)],
    [topP < 1, () => logitsBy.topP(topP)],
    [minP > 0, () => logitsBy.minP(minP)],
    [typicalP < 1, () => logitsBy.typical(typicalP)],
  ];
  return all.flatMap(([wanted, make]) => (wanted ? [make()] : []));
}

/** Chooses a row's next token, as the options say. */
function chooser(options: GenerateOptions): (logits: Float64Array, history: History, key: Key) => number {
  const greedy = options.temperature === 0;
  const all = [...processorsOf(options), ...(greedy ? [] : narrowing(options))];
  return (logits, history, key) => {
    const changed = all.reduce<Float64Array>((now, by) => by(now, history), Float64Array.from(logits));
    if (changed.every((x) => x === Number.NEGATIVE_INFINITY))
      throw new UserError(
        "no token is left to choose: options `badWords`, `noRepeatNgram` or `minNewTokens` forbid all",
      );
    return greedy ? logitsBy.likeliest(changed) : logitsBy.drawn(changed, hostUniform(key, 1)[0]!);
  };
}

/** Row `row` of logits [rows · V]. */
export const rowOf = (logits: Float32Array, row: number, vocabSize: number): Float64Array =>
  Float64Array.from(logits.subarray(row * vocabSize, (row + 1) * vocabSize));

/** Rows of tokens that were read, and the logits of what follows. Where the decoder is full, its older half is forgotten. */
export class Reader {
  readonly #decoder: Decoder;
  readonly rows: number[][];
  #position = 0;

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
    this.rows = Array.from({ length: decoder.rows }, () => []);
  }

  /** The same tokens in every row. */
  async prompt(tokens: readonly number[]): Promise<Float32Array> {
    const { capacity, vocabSize } = this.#decoder;
    const wrong = tokens.find((token) => !(Number.isInteger(token) && token >= 0 && token < vocabSize));
    if (wrong !== undefined)
      throw new UserError(`the prompt has token ${wrong}; the model has ${vocabSize}, from 0`);
    if (tokens.length === 0)
      throw new UserError("there is no prompt: a model goes on from one token at least");
    if (tokens.length > capacity)
      throw new UserError(
        `the prompt has ${tokens.length} tokens, which is more than the model's context of ${capacity}: give its last ${capacity}`,
      );
    for (const row of this.rows) row.push(...tokens);
    return this.#read(tokens.length);
  }

  /** One token more in each row; `from`: the rows that they go on from. */
  async next(tokens: readonly number[], from?: Int32Array): Promise<Float32Array> {
    if (from) {
      const before = this.rows.map((row) => [...row]);
      for (const [i, row] of this.rows.entries()) row.splice(0, row.length, ...before[from[i]!]!);
    }
    for (const [i, row] of this.rows.entries()) row.push(tokens[i]!);
    const { capacity } = this.#decoder;
    if (this.#position < capacity) return this.#decoder.step(Int32Array.from(tokens), this.#position++, from);
    this.#position = 0;
    return this.#read(Math.max(1, Math.floor(capacity / 2)));
  }

  /** Read the last `count` tokens of each row. */
  async #read(count: number): Promise<Float32Array> {
    let logits: Float32Array | undefined;
    for (let back = count; back > 0; back--) {
      const column = Int32Array.from(this.rows, (row) => row[row.length - back]!);
      logits = await this.#decoder.step(column, this.#position++);
    }
    return logits!;
  }
}

/**
 * Go on from a prompt, in all rows of a decoder at once: an async iterator of tokens, as they are chosen. Where the
 * decoder's context is full, the older half is forgotten and the rest read anew.
 * @throws UserError where the prompt is empty, longer than the context, or of tokens that there are not.
 */
export async function* generate(
  decoder: Decoder,
  prompt: readonly number[],
  options: GenerateOptions,
): AsyncGenerator<Written, void, undefined> {
  const { maxNewTokens, stopTokens = [], key, signal } = options;
  const choose = chooser(options);
  const reader = new Reader(decoder);
  const open = new Set(reader.rows.keys());
  let logits = await reader.prompt(prompt);
  for (let n = 1; n <= maxNewTokens && open.size > 0; n++) {
    const next = Array.from({ length: decoder.rows }, () => prompt[0]!);
    for (const row of open) {
      signal?.throwIfAborted();
      const own = rowOf(logits, row, decoder.vocabSize);
      const history = { tokens: reader.rows[row]!, prompt: prompt.length };
      const token = choose(own, history, key.split(row).split(n));
      next[row] = token;
      const end = stopTokens.includes(token) ? "stop" : n === maxNewTokens ? "length" : undefined;
      if (end) open.delete(row);
      const logProbability = logitsBy.logProbabilities(own)[token]!;
      yield { row, token, logProbability, ...(end && { end }) };
    }
    if (n < maxNewTokens && open.size > 0) logits = await reader.next(next);
  }
}

export interface TextOptions extends GenerateOptions {
  /** Texts that end a row; they are not given out. */
  readonly stop?: readonly string[];
}

/** A piece of text of one row: whole characters. */
export interface WrittenText {
  readonly row: number;
  readonly text: string;
  readonly end?: "stop" | "length";
}

/** `generate` as text. A piece that may be the beginning of a stop text is held back until that is known. */
export async function* generateText(
  decoder: Decoder,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  options: TextOptions,
): AsyncGenerator<WrittenText, void, undefined> {
  const { stop = [], stopTokens = [] } = options;
  const rows = Array.from({ length: decoder.rows }, () => ({
    stream: tokenizer.stream(),
    held: "",
    ended: false,
  }));
  for await (const { row, token, end } of generate(decoder, prompt, options)) {
    const own = rows[row]!;
    if (own.ended) continue;
    own.held += stopTokens.includes(token) ? "" : own.stream.push(token);
    if (end) own.held += own.stream.end();
    const found = stop.map((text) => own.held.indexOf(text)).filter((at) => at >= 0);
    const stopped = found.length > 0;
    const safe = stopped
      ? Math.min(...found)
      : end
        ? own.held.length
        : own.held.length - overlap(own.held, stop);
    const text = own.held.slice(0, safe);
    own.held = own.held.slice(safe);
    own.ended = stopped;
    if (stopped) yield { row, text, end: "stop" };
    else if (text !== "" || end) yield { row, text, ...(end && { end }) };
    if (rows.every(({ ended }) => ended)) return;
  }
}

/** How much of the end of a text may be the beginning of one of these. */
const overlap = (text: string, stops: readonly string[]): number =>
  Math.max(
    0,
    ...stops.flatMap((stop) =>
      Array.from({ length: Math.min(stop.length - 1, text.length) }, (_, i) => i + 1).filter((n) =>
        text.endsWith(stop.slice(0, n)),
      ),
    ),
  );
