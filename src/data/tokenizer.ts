import { UserError } from "../errors.ts";
import type { TokenizerSpec } from "./spec.ts";

/** Text to token numbers 0 … vocabSize − 1, and back. Special tokens (start, end, padding) are a model's own. */
export interface Tokenizer {
  readonly spec: TokenizerSpec;
  readonly vocabSize: number;
  /** @throws UserError naming a character that has no token. */
  encode(text: string): Int32Array;
  /** @throws RangeError where a number is no token. */
  decode(tokens: ArrayLike<number>): string;
}

export const tokenizerOf = (spec: TokenizerSpec): Tokenizer =>
  spec.kind === "bytes" ? byteTokenizer : characterTokenizer(spec.symbols);

/** The distinct characters of a text by code point: the symbols of its character tokenizer. */
export const charactersOf = (text: string): string[] =>
  [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);

/** One token a character. A character is a Unicode code point: none outside the 16-bit plane falls apart. */
export function characterTokenizer(symbols: readonly string[]): Tokenizer {
  const tokenOf = new Map(symbols.map((symbol, i) => [symbol, i]));
  return {
    spec: { kind: "characters", symbols },
    vocabSize: symbols.length,
    encode: (text) =>
      Int32Array.from(Array.from(text), (character) => {
        const token = tokenOf.get(character);
        if (token === undefined)
          throw new UserError(
            `the character ${JSON.stringify(character)} (${codePoint(character)}) has no token: ` +
              `the text that the ${symbols.length} characters of this tokenizer were taken from does not hold it.`,
          );
        return token;
      }),
    decode: (tokens) => Array.from(tokens, (token) => symbols[inside(token, symbols.length)]!).join(""),
  };
}

/** One token a byte of UTF-8: any text can be written. Bytes that are no UTF-8 decode to U+FFFD. */
export const byteTokenizer: Tokenizer = {
  spec: { kind: "bytes" },
  vocabSize: 256,
  encode: (text) => Int32Array.from(new TextEncoder().encode(text)),
  // A byte order mark is a character as any other: what was encoded comes back.
  decode: (tokens) =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      Uint8Array.from(tokens, (token) => inside(token, 256)),
    ),
};

function inside(token: number, vocabSize: number): number {
  if (!(Number.isInteger(token) && token >= 0 && token < vocabSize))
    throw new RangeError(`decode: ${token} is no token; there are ${vocabSize}, from 0`);
  return token;
}

const codePoint = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
