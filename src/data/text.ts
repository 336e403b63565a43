import { UserError } from "../errors.ts";
import type { PairData, TokenData, TokenPair, TokenStream } from "./data.ts";
import type { OpenOptions } from "./sources.ts";
import type { TokenizerSpec } from "./spec.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { learnTokenizer, tokenizerOf } from "./tokenizers.ts";

/** A file's text. @throws UserError where it is not UTF-8, or longer than a string can be. */
export function decodeText(bytes: Uint8Array, file: string): string {
  if (bytes.length > MAX_BYTES)
    throw new UserError(
      `${file}: a text of ${bytes.length} bytes is more than can be held at once (${MAX_BYTES}). Take a part of it.`,
    );
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${file}: this is not UTF-8 text. Convert it, or give another file.`);
  }
}

/** Less than V8's longest string, 2²⁹ − 24 characters. */
const MAX_BYTES = 500_000_000;

type TextOptions = Pick<OpenOptions, "tokenizer" | "like">;

/**
 * A text as one sequence of tokens: the first 90 % of its characters are for training, the rest for testing (as in nanoGPT).
 * @throws UserError where it is shorter than ten characters.
 */
export function textData(name: string, text: string, options: TextOptions = {}): TokenData {
  const characters = count(text);
  if (characters < 10)
    throw new UserError(
      `${name}: the text has ${characters} characters; at least 10 are needed, because the last tenth is for testing.`,
    );
  const cut = offsetOf(text, Math.floor(0.9 * characters));
  const tokenizer = tokenizerFor([text], likeTokens(options), options.tokenizer);
  const stream = (part: string): TokenStream => streamOf(encode(name, tokenizer, part));
  const spec = { kind: "tokens", name, tokenizer: tokenizer.spec } as const;
  return {
    kind: "tokens",
    name,
    spec,
    train: stream(text.slice(0, cut)),
    test: stream(text.slice(cut)),
    tokenizer,
  };
}

/**
 * A text of short documents, one per line. Every tenth is for testing. Each document ends with a line break, by
 * which a model knows where it ends; empty lines are left out.
 */
export function lineData(name: string, text: string, options: TextOptions = {}): TokenData {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  return documentData(name, everyTenth(name, lines, "lines"), options);
}

/** Documents in two parts, each a text without line breaks. */
export function documentData(
  name: string,
  { train, test }: { readonly train: readonly string[]; readonly test: readonly string[] },
  options: TextOptions = {},
): TokenData {
  const all = [...train, ...test].map((line) => `${line}\n`);
  const tokenizer = tokenizerFor(all, likeTokens(options), options.tokenizer);
  const [ending] = tokenizer.encode("\n") as unknown as [number];
  // One by one: byte-pair encoding would merge what ends a document with what begins the next.
  const stream = (documents: readonly string[]): TokenStream =>
    streamOf(Int32Array.from(documents.flatMap((text) => [...encode(name, tokenizer, text), ending])));
  const spec = { kind: "tokens", name, tokenizer: tokenizer.spec, ending } as const;
  return { kind: "tokens", name, spec, train: stream(train), test: stream(test), tokenizer };
}

/**
 * Pairs of texts, one pair per line: source, tab, target. Every tenth pair is for testing; empty lines are left out.
 * @throws UserError naming the line that is not a pair.
 */
export function pairData(name: string, text: string, options: TextOptions = {}): PairData {
  const pairs = text.split(/\r?\n/).flatMap((line, i): (readonly [string, string])[] => {
    if (line === "") return [];
    const [source, target, ...more] = line.split("\t");
    const fail = (why: string): UserError =>
      new UserError(
        `${name}, line ${i + 1}: ${why}. A line is a source text, one tab and a target text: ${JSON.stringify(line.slice(0, 60))}`,
      );
    if (target === undefined) throw fail("there is no tab");
    if (more.length > 0) throw fail(`there are ${more.length + 1} tabs`);
    if (!source || target === "") throw fail(`the ${source ? "target" : "source"} is empty`);
    return [[source, target]];
  });
  return pairsData(name, everyTenth(name, pairs, "pairs"), options);
}

/** A source text and its target. */
export type TextPair = readonly [source: string, target: string];

export interface PairParts {
  readonly train: readonly TextPair[];
  /** What is neither trained on nor tested by. */
  readonly validation?: readonly TextPair[];
  readonly test: readonly TextPair[];
}

/** Pairs in their parts, each side by the tokenizer that is named for it. */
export function pairsData(
  name: string,
  { train, validation, test }: PairParts,
  options: TextOptions & { readonly tokenizers?: readonly [source: string, target: string] | undefined } = {},
): PairData {
  const { like, tokenizer, tokenizers = [tokenizer, tokenizer] } = options;
  // What was trained on text reads both sides by its one tokenizer.
  const saved =
    like?.kind === "pairs"
      ? [like.source, like.target]
      : like?.kind === "tokens"
        ? [like.tokenizer, like.tokenizer]
        : [];
  const all = [...train, ...(validation ?? []), ...test];
  const side = (i: 0 | 1): Tokenizer =>
    tokenizerFor(
      all.map((pair) => pair[i]),
      saved[i],
      tokenizers[i],
    );
  const [source, target] = [side(0), side(1)];
  const tokens = ([s, t]: TextPair): TokenPair => ({
    source: encode(name, source, s),
    target: encode(name, target, t),
  });
  return {
    kind: "pairs",
    name,
    spec: { kind: "pairs", name, source: source.spec, target: target.spec },
    train: train.map(tokens),
    ...(validation && { validation: validation.map(tokens) }),
    test: test.map(tokens),
    source,
    target,
  };
}

const streamOf = (tokens: Int32Array): TokenStream => ({ length: tokens.length, tokens });

const likeTokens = ({ like }: TextOptions): TokenizerSpec | undefined =>
  like?.kind === "tokens" ? like.tokenizer : undefined;

/** The tokenizer of a run, or one of these texts. */
const tokenizerFor = (
  texts: readonly string[],
  saved: TokenizerSpec | undefined,
  choice: TextOptions["tokenizer"] = "characters",
): Tokenizer => {
  const spec = saved ?? (typeof choice === "object" ? choice : undefined);
  return spec ? tokenizerOf(spec) : learnTokenizer(choice as string, texts);
};

function encode(name: string, tokenizer: Tokenizer, text: string): Int32Array {
  try {
    return tokenizer.encode(text);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${name}: ${error.message}`) : error;
  }
}

/** Split as images are (`holdOut`): the 10th, 20th … for testing. */
function everyTenth<T>(
  name: string,
  all: readonly T[],
  what: string,
): { readonly train: T[]; readonly test: T[] } {
  if (all.length < 10)
    throw new UserError(
      `${name}: there are ${all.length} ${what}; at least 10 are needed, because every tenth is for testing.`,
    );
  return { train: all.filter((_, i) => i % 10 !== 9), test: all.filter((_, i) => i % 10 === 9) };
}

/** The number of characters, by code point. */
function count(text: string): number {
  let n = 0;
  for (const _ of text) n++;
  return n;
}

/** The offset in a string at which character number `index` begins. */
function offsetOf(text: string, index: number): number {
  let offset = 0;
  for (let i = 0; i < index; i++) offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  return offset;
}
