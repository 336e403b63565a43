import { UserError } from "../errors.ts";
import { bpeTokenizer, learnBpe } from "./bpe.ts";
import type { TokenizerSpec } from "./spec.ts";
import { byteTokenizer, charactersOf, characterTokenizer, type Tokenizer, vocabularyOf, wordTokenizer } from "./tokenizer.ts"; // biome-ignore format: a list of names

/** The tokenizer that a spec describes, as saved with a run. */
export function tokenizerOf(spec: TokenizerSpec): Tokenizer {
  switch (spec.kind) {
    case "characters":
      return characterTokenizer(spec.symbols);
    case "bytes":
      return byteTokenizer;
    case "words":
      return wordTokenizer(spec.words, spec.unknown);
    case "bpe":
      return bpeTokenizer(spec.merges, spec.special);
  }
}

/** Replaces words that are not among the most frequent. */
const UNKNOWN = "<unk>";

/** How a text becomes tokens, by name; N is the number of tokens. */
const LEARNERS: Readonly<Record<string, (texts: readonly string[], size: number | undefined) => Tokenizer>> =
  {
    characters: (texts) => characterTokenizer(charactersOf(texts.join(""))),
    bytes: () => byteTokenizer,
    words: (texts, size) => {
      const words = vocabularyOf(texts);
      return size === undefined || size >= words.length
        ? wordTokenizer(words)
        : wordTokenizer(words.slice(0, size - 1), UNKNOWN);
    },
    bpe: (texts, size = 512) => learnBpe(texts, size),
  };

/**
 * A tokenizer for texts by its name: "characters", "bytes", "words", "words:5000" (the most frequent, and one token
 * for all others), "bpe:512" (learned from the texts).
 * @throws UserError where the name is none of these.
 */
export function learnTokenizer(name: string, texts: readonly string[]): Tokenizer {
  const [kind = "", size] = name.split(":");
  const make = Object.hasOwn(LEARNERS, kind) ? LEARNERS[kind] : undefined;
  const count = size === undefined ? undefined : Number(size);
  if (!make || (count !== undefined && !(Number.isInteger(count) && count >= 2)))
    throw new UserError(
      `unknown tokenizer "${name}". Known: characters, bytes, words, words:N or bpe:N, where N is the number of tokens`,
    );
  return make(texts, count);
}
