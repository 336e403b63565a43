/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016; GPT-2, Radford et al. 2019): a text is split into pieces, each piece
 * into the bytes of its UTF-8, and neighbouring pairs are merged in the order in which the merges were learned. Any
 * text can be encoded and is decoded exactly.
 */
import { UserError } from "../errors.ts";
import { byteStream, inside, type Tokenizer, tokenizerBy } from "./tokenizer.ts";

/** GPT-2's pieces: words, numbers and punctuation, each with the space before it; merges never cross pieces. */
const PIECES = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The bytes that GPT-2's files write as themselves; the others are written as U+0100, U+0101 … */
const PRINTED = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)];
const HIDDEN = range(0, 255).filter((byte) => !PRINTED.includes(byte));
/** Token i of the first 256 is this byte. */
const BYTES = [...PRINTED, ...HIDDEN];
/** The character of token i in those files. */
const SIGNS = [...PRINTED, ...HIDDEN.map((_, i) => 256 + i)].map((code) => String.fromCodePoint(code));
const TOKEN_OF_BYTE = new Map(BYTES.map((byte, token) => [byte, token]));
const BYTE_OF_SIGN = new Map(SIGNS.map((sign, token) => [sign, BYTES[token]!]));

/** A pair of tokens as one number. */
const SPAN = 2 ** 24;
const pairOf = (left: number, right: number): number => left * SPAN + right;
type Pair = readonly [left: number, right: number];
const partsOf = (pair: number): Pair => [Math.floor(pair / SPAN), pair % SPAN];

const bytesAsTokens = (piece: string): number[] =>
  Array.from(new TextEncoder().encode(piece), (byte) => TOKEN_OF_BYTE.get(byte)!);

/** The tokens of a list of merges ("Ġ t", as GPT-2's vocab.bpe writes them), and what each merge gives. */
function vocabularyOf(merges: readonly string[]): {
  readonly signs: readonly string[];
  readonly rules: ReadonlyMap<number, { readonly rank: number; readonly token: number }>;
} {
  const signs = [...SIGNS];
  const tokenOf = new Map(signs.map((sign, token) => [sign, token]));
  const rules = new Map<number, { rank: number; token: number }>();
  for (const [rank, merge] of merges.entries()) {
    const [left, right, ...more] = merge.split(" ");
    const [a, b] = [tokenOf.get(left ?? ""), tokenOf.get(right ?? "")];
    if (a === undefined || b === undefined || more.length > 0)
      throw new UserError(`merge ${rank + 1}, ${JSON.stringify(merge)}, is not made of two existing tokens`);
    const sign = left! + right!;
    // Two merges can give the same token.
    const token = tokenOf.get(sign) ?? signs.push(sign) - 1;
    tokenOf.set(sign, token);
    rules.set(pairOf(a, b), { rank, token });
  }
  return { signs, rules };
}

/**
 * @param merges the merged pairs in the order learned, in GPT-2's notation
 * @param special tokens that do not occur in text ("<|endoftext|>"); they have the last numbers and decode to their names
 */
export function bpeTokenizer(merges: readonly string[], special: readonly string[] = []): Tokenizer {
  const { signs, rules } = vocabularyOf(merges);
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  const bytes = [
    ...signs.map((sign) => Uint8Array.from(sign, (character) => BYTE_OF_SIGN.get(character)!)),
    ...special.map(utf8),
  ];
  const known = new Map<string, readonly number[]>();

  /** Repeatedly merges the pair that was learned first, at every occurrence. */
  const merged = (piece: string): readonly number[] => {
    let tokens = bytesAsTokens(piece);
    while (tokens.length > 1) {
      let best: { pair: number; rank: number; token: number } | undefined;
      for (let i = 0; i + 1 < tokens.length; i++) {
        const pair = pairOf(tokens[i]!, tokens[i + 1]!);
        const rule = rules.get(pair);
        if (rule && rule.rank < (best?.rank ?? Number.POSITIVE_INFINITY)) best = { pair, ...rule };
      }
      if (!best) break;
      tokens = mergePair(tokens, partsOf(best.pair), best.token);
    }
    return tokens;
  };

  const encodePiece = (piece: string): readonly number[] => {
    const have = known.get(piece);
    if (have) return have;
    const tokens = merged(piece);
    if (known.size < REMEMBERED) known.set(piece, tokens);
    return tokens;
  };

  return tokenizerBy({
    spec: { kind: "bpe", merges, special },
    vocabSize: bytes.length,
    encode: (text) => Int32Array.from((text.match(PIECES) ?? []).flatMap(encodePiece)),
    stream: () => byteStream((token) => bytes[inside(token, bytes.length)]!),
  });
}

/** Number of pieces whose tokens are cached; most of a text is a few thousand pieces. */
const REMEMBERED = 100_000;

function mergePair(tokens: readonly number[], [left, right]: Pair, token: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const fits = tokens[i] === left && tokens[i + 1] === right;
    out.push(fits ? token : tokens[i]!);
    if (fits) i++;
  }
  return out;
}

/**
 * Learn merges from texts until there are `vocabSize` tokens or no pair occurs twice. The most frequent pair is merged
 * first; among equals, the one with the smaller token numbers.
 * @throws UserError where `vocabSize` is not above the 256 bytes.
 */
export function learnBpe(texts: readonly string[], vocabSize: number): Tokenizer {
  if (!(Number.isInteger(vocabSize) && vocabSize > 256))
    throw new UserError(`byte-pair encoding starts with 256 bytes: ${vocabSize} tokens are too few`);
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const [piece] of text.matchAll(PIECES)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  const pieces = [...counts].map(([piece, count]) => ({ tokens: bytesAsTokens(piece), count }));
  const signs = [...SIGNS];
  const tokenOf = new Map(signs.map((sign, token) => [sign, token]));
  const merges: string[] = [];
  const pairs = new PairCounts(pieces);
  while (signs.length < vocabSize) {
    const pair = pairs.mostFrequent();
    if (pair === undefined) break;
    const [left, right] = partsOf(pair);
    const sign = signs[left]! + signs[right]!;
    const token = tokenOf.get(sign) ?? signs.push(sign) - 1;
    tokenOf.set(sign, token);
    merges.push(`${signs[left]} ${signs[right]}`);
    pairs.merge(pair, token);
  }
  return bpeTokenizer(merges);
}

interface Piece {
  tokens: number[];
  readonly count: number;
}

/** Counts of neighbouring pairs, and the pieces in which they occur. */
class PairCounts {
  readonly #counts = new Map<number, number>();
  readonly #where = new Map<number, Set<Piece>>();

  constructor(pieces: readonly Piece[]) {
    for (const piece of pieces) this.#add(piece, 1);
  }

  #add(piece: Piece, sign: 1 | -1): void {
    for (let i = 0; i + 1 < piece.tokens.length; i++) {
      const pair = pairOf(piece.tokens[i]!, piece.tokens[i + 1]!);
      const count = (this.#counts.get(pair) ?? 0) + sign * piece.count;
      if (count > 0) this.#counts.set(pair, count);
      else this.#counts.delete(pair);
      const where = this.#where.get(pair) ?? new Set();
      this.#where.set(pair, where.add(piece));
    }
  }

  /** The most frequent pair, if it occurs at least twice. */
  mostFrequent(): number | undefined {
    let [best, most]: [number | undefined, number] = [undefined, 1];
    for (const [pair, count] of this.#counts)
      if (count > most || (count === most && best !== undefined && pair < best)) [best, most] = [pair, count];
    return best;
  }

  merge(pair: number, token: number): void {
    for (const piece of this.#where.get(pair) ?? []) {
      this.#add(piece, -1);
      piece.tokens = mergePair(piece.tokens, partsOf(pair), token);
      this.#add(piece, 1);
    }
    this.#counts.delete(pair);
    this.#where.delete(pair);
  }
}

/**
 * GPT-2's tokenizer from its two files: `vocab.bpe` (or `merges.txt`) with the merges, `encoder.json` (or `vocab.json`) with
 * every token's number. Tokens not produced by a merge are special.
 * @throws UserError where the two do not match.
 */
export function readGpt2Tokenizer(merges: string, vocabulary: string): Tokenizer {
  const rules = merges.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  const { signs } = vocabularyOf(rules);
  let numbers: Record<string, number>;
  try {
    numbers = JSON.parse(vocabulary) as Record<string, number>;
  } catch {
    throw new UserError("the tokenizer's vocabulary (encoder.json, vocab.json) is not JSON");
  }
  const own = new Set(signs);
  const special = Object.keys(numbers)
    .filter((name) => !own.has(name))
    .sort((a, b) => numbers[a]! - numbers[b]!);
  const wrong = [...signs, ...special].findIndex((name, token) => numbers[name] !== token);
  if (wrong >= 0) {
    const name = signs[wrong] ?? special[wrong - signs.length]!;
    throw new UserError(
      `the tokenizer's vocabulary does not match its merges: ${JSON.stringify(name)} is token ${wrong} by the merges, and ${numbers[name]} in the vocabulary`,
    );
  }
  return bpeTokenizer(rules, special);
}
