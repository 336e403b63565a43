/** Questions and answers for a decoder-only model: a pair in one row of tokens, of which the answer is what is learnt. */
import type { Examples, PairData, TokenPair } from "../data/data.ts";
import type { PairSpec, TokenizerSpec } from "../data/spec.ts";
import { type Tokenizer, tokenizerBy } from "../data/tokenizer.ts";
import { tokenizerOf } from "../data/tokenizers.ts";
import { UserError } from "../errors.ts";
import type { ExampleSets } from "../model/contract.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { bucketsOf } from "./buckets.ts";
import { PADDING } from "./examples.ts";

/** One vocabulary for both sides of pairs. */
export interface Vocabulary {
  readonly vocabSize: number;
  /** Stands before the question, between question and answer, and at the end. */
  readonly marker: number;
  /** Reads questions, and writes answers. */
  readonly tokenizer: Tokenizer;
  /** The tokens of a target in this vocabulary; those of a source are the same. */
  readonly target: (tokens: ArrayLike<number>) => number[];
}

/** The tokens of a tokenizer as text, where each is a text of its own. */
function textsOf(spec: TokenizerSpec): readonly string[] | undefined {
  if (spec.kind === "characters") return spec.symbols;
  if (spec.kind === "words") return spec.unknown === undefined ? spec.words : [...spec.words, spec.unknown];
  return undefined;
}

/**
 * The source's tokens, then those of the target that the source has not: a character or a word is one token on both sides. Byte
 * pairs are shared where both sides have the same. Where both are read by the tokenizer of a text (option `from`), its line break
 * is the marker, so that the weights of that text fit.
 */
export function vocabularyOf(spec: PairSpec): Vocabulary {
  const [source, target] = [tokenizerOf(spec.source), tokenizerOf(spec.target)];
  const same = JSON.stringify(spec.source) === JSON.stringify(spec.target);
  const [left, right] = [textsOf(spec.source), textsOf(spec.target)];
  let size = source.vocabSize;
  const joint = Array.from({ length: target.vocabSize }, (_, token) => {
    const known = same ? token : left && right ? left.indexOf(right[token]!) : -1;
    return known >= 0 ? known : size++;
  });
  const own = new Map(joint.map((token, i) => [token, i]));
  const line = same && left ? left.indexOf("\n") : -1;
  const tokenizer = tokenizerBy({
    spec: spec.source,
    vocabSize: size,
    encode: (text) => source.encode(text),
    stream: () => {
      const text = target.stream();
      return {
        push: (token) => (own.has(token) ? text.push(own.get(token)!) : source.decode([token])),
        end: () => text.end(),
      };
    },
  });
  return {
    vocabSize: line < 0 ? size + 1 : size,
    marker: line < 0 ? size : line,
    tokenizer,
    target: (tokens) => Array.from(tokens, (token) => joint[token]!),
  };
}

/** Marker, source, marker, target, marker. */
export const rowOfPair = ({ source, target }: TokenPair, { marker, target: to }: Vocabulary): number[] => [
  marker,
  ...Array.from(source),
  marker,
  ...to(target),
  marker,
];

/** Pairs as rows [N, width], padded behind, and what is to be predicted of them, [N, width − 1]: padding before the answer, too. */
export function rowsOfPairs(
  pairs: readonly TokenPair[],
  width: number,
  vocabulary: Vocabulary,
): { readonly tokens: NdArray; readonly next: NdArray } {
  const rows = new Int32Array(pairs.length * width).fill(PADDING);
  const next = new Int32Array(pairs.length * (width - 1)).fill(PADDING);
  for (const [n, pair] of pairs.entries()) {
    const row = rowOfPair(pair, vocabulary);
    const answer = pair.source.length + 2;
    rows.set(row, n * width);
    next.set(row.slice(answer), n * (width - 1) + answer - 1);
  }
  return { tokens: ndarray(rows, [pairs.length, width]), next: ndarray(next, [pairs.length, width - 1]) };
}

const rowLength = ({ source, target }: TokenPair): number => source.length + target.length + 3;

/** Tokens of the longest row. */
export const widthOfPairs = ({ train, validation = [], test }: PairData): number =>
  [...train, ...validation, ...test].reduce((most, pair) => Math.max(most, rowLength(pair)), 0);

/**
 * Training examples: a pair each, in batches of like lengths.
 * @throws UserError where the longest is more than the context.
 */
export function answerExamples(data: PairData, context: number): ExampleSets {
  const width = widthOfPairs(data);
  if (width - 1 > context)
    throw new UserError(
      `"${data.name}": the longest question and its answer are ${width - 1} tokens together, which is more than the context of ${context}: give a larger option \`context\``,
    );
  const vocabulary = vocabularyOf(data.spec);
  const examples = (pairs: readonly TokenPair[]): Examples => {
    const { edges, widthOf, arrange } = bucketsOf(pairs.map(rowLength));
    const most = edges.at(-1) ?? 0;
    return {
      length: pairs.length,
      fields: {
        tokens: { shape: [most], dtype: "int32" },
        next: { shape: [most - 1], dtype: "int32" },
      },
      arrange,
      batch: (indices) =>
        rowsOfPairs(
          Array.from(indices, (i) => pairs[i]!),
          widthOf(indices),
          vocabulary,
        ),
    };
  };
  return { train: examples(data.train), test: examples(data.test) };
}
