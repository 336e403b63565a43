/** How prompts, answers and completions are told in tokens, whatever the data are. */
import type { Data, PairData, TokenData } from "../../data/data.ts";
import type { DataSpec } from "../../data/spec.ts";
import { tokenizerOf } from "../../data/tokenizers.ts";
import { UserError } from "../../errors.ts";
import { vocabularyOf } from "../../sequence/answers.ts";

export interface Dialogue {
  readonly vocabSize: number;
  /** The token that ends a completion; it is drawn, learned and counted like the others. */
  readonly ending: number;
  /** What is read before a completion. */
  prompt(text: string): Int32Array;
  /** An answer, and its ending. */
  answer(text: string): Int32Array;
  /** A completion as text, up to its ending. */
  text(tokens: ArrayLike<number>): string;
}

/** A prompt, and the answer to it where there is one. */
export interface Asked {
  readonly prompt: string;
  readonly answer?: string;
}

const BREAK = "\n";

/**
 * A text of documents: a prompt stands behind an ending and is gone on from; the next ending ends it. Pairs: a marker before the
 * prompt, between prompt and answer, and at the end (`answers.ts`).
 * @throws UserError for data without documents or pairs.
 */
export function dialogueOf(spec: DataSpec): Dialogue {
  if (spec.kind === "tokens" && spec.ending !== undefined) {
    const tokenizer = tokenizerOf(spec.tokenizer);
    const { ending } = spec;
    return {
      vocabSize: tokenizer.vocabSize,
      ending,
      prompt: (text) => Int32Array.of(ending, ...tokenizer.encode(text)),
      answer: (text) => Int32Array.of(...tokenizer.encode(text), ending),
      text: (tokens) => tokenizer.decode(upTo(tokens, ending)),
    };
  }
  if (spec.kind !== "pairs")
    throw new UserError(
      `"${spec.name}" has no prompts: choose pairs (pairs:FILE, task:sort, rhymes) or a text of documents (names, lines:FILE)`,
    );
  const { vocabSize, marker, tokenizer, target } = vocabularyOf(spec);
  const answers = tokenizerOf(spec.target);
  return {
    vocabSize,
    ending: marker,
    prompt: (text) => Int32Array.of(marker, ...tokenizer.encode(text), marker),
    answer: (text) => Int32Array.of(...target(answers.encode(text)), marker),
    text: (tokens) => tokenizer.decode(upTo(tokens, marker)),
  };
}

const upTo = (tokens: ArrayLike<number>, ending: number): number[] => {
  const all = Array.from(tokens);
  const end = all.indexOf(ending);
  return end < 0 ? all : all.slice(0, end);
};

/** The prompts of data: the sources of pairs, or the first `promptLength` characters of documents. */
export function promptsOf(
  data: Data,
  promptLength: number,
): { train: readonly Asked[]; test: readonly Asked[] } {
  if (data.kind === "pairs") {
    const told = (pairs: PairData["train"]): Asked[] =>
      pairs.map(({ source, target }) => ({
        prompt: data.source.decode(source),
        answer: data.target.decode(target),
      }));
    return { train: told(data.train), test: told(data.test) };
  }
  if (data.kind !== "tokens") throw new UserError(`"${data.name}" holds ${data.kind}, and no prompts`);
  const told = (part: TokenData["train"]): Asked[] =>
    data.tokenizer
      .decode(part.tokens)
      .split(BREAK)
      .filter((line) => line !== "")
      .map((line) => {
        const characters = Array.from(line);
        return {
          prompt: characters.slice(0, promptLength).join(""),
          answer: characters.slice(promptLength).join(""),
        };
      });
  return { train: told(data.train), test: told(data.test) };
}
