import { UserError } from "../errors.ts";
import type { TokenizerSpec } from "./spec.ts";

/** Text to token numbers 0 … vocabSize − 1, and back. Special tokens (start, end, padding) belong to the model. */
export interface Tokenizer {
  readonly spec: TokenizerSpec;
  readonly vocabSize: number;
  /** @throws UserError naming a character or word that has no token. */
  encode(text: string): Int32Array;
  /** @throws RangeError where a number is not a token. */
  decode(tokens: ArrayLike<number>): string;
  /** A decoder for tokens that arrive one by one. */
  stream(): TextStream;
}

/** Decodes text token by token. A character with missing bytes is held back until they arrive. */
export interface TextStream {
  push(token: number): string;
  /** Returns what was held back: U+FFFD for an incomplete character. */
  end(): string;
}

/** A tokenizer that decodes by its stream. */
export const tokenizerBy = (parts: Omit<Tokenizer, "decode">): Tokenizer => ({
  ...parts,
  decode: (tokens) => {
    const text = parts.stream();
    return Array.from(tokens, (token) => text.push(token)).join("") + text.end();
  },
});

/** The distinct characters of a text by code point: the symbols of its character tokenizer. */
export const charactersOf = (text: string): string[] =>
  [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);

/** One token per character. A character is a Unicode code point, so those beyond the 16-bit plane stay whole. */
export function characterTokenizer(symbols: readonly string[]): Tokenizer {
  const tokenOf = new Map(symbols.map((symbol, i) => [symbol, i]));
  return tokenizerBy({
    spec: { kind: "characters", symbols },
    vocabSize: symbols.length,
    encode: (text) =>
      Int32Array.from(Array.from(text), (character) => {
        const token = tokenOf.get(character);
        if (token === undefined)
          throw new UserError(
            `the character ${JSON.stringify(character)} (${codePoint(character)}) has no token: ` +
              `it does not occur in the text that the ${symbols.length} characters of this tokenizer were taken from.`,
          );
        return token;
      }),
    stream: () => ({ push: (token) => symbols[inside(token, symbols.length)]!, end: () => "" }),
  });
}

/** One token per byte of UTF-8: any text can be encoded. Bytes that are not UTF-8 decode to U+FFFD. */
export const byteTokenizer: Tokenizer = tokenizerBy({
  spec: { kind: "bytes" },
  vocabSize: 256,
  encode: (text) => Int32Array.from(new TextEncoder().encode(text)),
  stream: () => byteStream((token) => Uint8Array.of(inside(token, 256))),
});

/** Tokens that are bytes of UTF-8. A byte order mark is kept like any other character, so decoding gives back what was encoded. */
export function byteStream(bytesOf: (token: number) => Uint8Array): TextStream {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    push: (token) => decoder.decode(bytesOf(token), { stream: true }),
    end: () => decoder.decode(),
  };
}

/** The line break counts as a word. */
const BREAK = "\n";

/** The words of a text in order: its lines split at each space, with line breaks as words of their own. */
export const wordsOf = (text: string): string[] =>
  text
    .split(BREAK)
    .flatMap((line, i) => [...(i > 0 ? [BREAK] : []), ...(line === "" ? [] : line.split(" "))]);

/** The distinct words of some texts: the line break first, then the most frequent, among equals by code unit. */
export function vocabularyOf(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  if (counts.has(BREAK)) counts.set(BREAK, Number.POSITIVE_INFINITY);
  return [...counts].sort(([a, m], [b, n]) => (m === n ? (a < b ? -1 : 1) : n - m)).map(([word]) => word);
}

/**
 * One token per word; words are separated by spaces, and a line break is a word, too. Texts of known words are decoded
 * exactly. `unknown` replaces every word that has no token; without it, such a word throws a UserError.
 */
export function wordTokenizer(words: readonly string[], unknown?: string): Tokenizer {
  const all = unknown === undefined ? words : [...words, unknown];
  const tokenOf = new Map(all.map((word, i) => [word, i]));
  const otherwise = unknown === undefined ? undefined : words.length;
  return tokenizerBy({
    spec: { kind: "words", words, ...(unknown !== undefined && { unknown }) },
    vocabSize: all.length,
    encode: (text) =>
      Int32Array.from(wordsOf(text), (word) => {
        const token = tokenOf.get(word) ?? otherwise;
        if (token === undefined)
          throw new UserError(
            `the word ${JSON.stringify(word)} has no token: it is not among the ${words.length} words of this tokenizer.`,
          );
        return token;
      }),
    stream: () => {
      let last = BREAK;
      return {
        push: (token) => {
          const word = all[inside(token, all.length)]!;
          const space = last === BREAK || word === BREAK ? "" : " ";
          last = word;
          return space + word;
        },
        end: () => "",
      };
    },
  });
}

/** The token itself. @throws RangeError if it is not one */
export function inside(token: number, vocabSize: number): number {
  if (!(Number.isInteger(token) && token >= 0 && token < vocabSize))
    throw new RangeError(`decode: ${token} is not a token; tokens are 0 to ${vocabSize - 1}`);
  return token;
}

const codePoint = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
