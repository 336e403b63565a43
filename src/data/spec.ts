import { z } from "zod";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";

/** One part of an example, without the batch dimension. */
export interface Field {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What one example holds: `{ images: { shape: [1, 28, 28], dtype: "float32" } }`. */
export type Fields = Readonly<Record<string, Field>>;

const count = z.int().min(1);
const names = z.array(z.string()).readonly();

/** How text becomes token numbers and back. */
export const TokenizerSpec = z.discriminatedUnion("kind", [
  /** Token i is the character `symbols[i]`: one Unicode code point. */
  z.strictObject({
    kind: z.literal("characters"),
    symbols: z
      .array(z.string())
      .min(1)
      .readonly()
      .refine((all) => new Set(all).size === all.length, "a symbol is listed twice")
      .refine((all) => all.every((s) => Array.from(s).length === 1), "a symbol must be one character"),
  }),
  /** The 256 bytes of UTF-8. */
  z.strictObject({ kind: z.literal("bytes") }),
  /** Token i is the word `words[i]`; `unknown` stands for all others, if there is one, and is the last token. */
  z.strictObject({
    kind: z.literal("words"),
    words: z.array(z.string()).min(1).readonly(),
    unknown: z.string().optional(),
  }),
  /** Byte-pair encoding: 256 bytes, what each merge gives ("Ġ t", in GPT-2's notation), then the special tokens. */
  z.strictObject({ kind: z.literal("bpe"), merges: names, special: names }),
]);
export type TokenizerSpec = z.output<typeof TokenizerSpec>;

export const ImageSpec = z.strictObject({
  kind: z.literal("images"),
  name: z.string(),
  /** Channels, height, width. */
  shape: z.tuple([count, count, count]).readonly(),
  /** The classes' names by index; empty where examples have no labels. */
  classes: names,
});
export type ImageSpec = z.output<typeof ImageSpec>;

export const PointSpec = z.strictObject({
  kind: z.literal("points"),
  name: z.string(),
  dimensions: count,
  /** The classes' names by index; empty where examples have no labels. */
  classes: names,
});
export type PointSpec = z.output<typeof PointSpec>;

export const TokenSpec = z.strictObject({
  kind: z.literal("tokens"),
  name: z.string(),
  tokenizer: TokenizerSpec,
  /** The token that ends each document, where the text is of documents (lines) and not one piece. */
  ending: z.int().min(0).optional(),
});
export type TokenSpec = z.output<typeof TokenSpec>;

export const PairSpec = z.strictObject({
  kind: z.literal("pairs"),
  name: z.string(),
  source: TokenizerSpec,
  target: TokenizerSpec,
});
export type PairSpec = z.output<typeof PairSpec>;

/**
 * What a model must know about its data to be built, and later used without them. It is saved with a run; `name` is
 * what the user called the data set ("mnist", "folder:photos").
 */
export const DataSpec = z.discriminatedUnion("kind", [ImageSpec, PointSpec, TokenSpec, PairSpec]);
export type DataSpec = z.output<typeof DataSpec>;

/** The spec of text, whose tokenizers must be used whenever it is read again. */
export const tokenizersOf = (spec: DataSpec | undefined): TokenSpec | PairSpec | undefined =>
  spec?.kind === "tokens" || spec?.kind === "pairs" ? spec : undefined;

/**
 * The fields of an example of such data. Images and points have one form; how a stream of tokens or a pair becomes
 * an example is the model's choice, so those have none here.
 */
export function fieldsOf(spec: DataSpec): Fields {
  const labels = { shape: [], dtype: "int32" } as const;
  switch (spec.kind) {
    case "images":
      return {
        images: { shape: spec.shape, dtype: "float32" },
        ...(spec.classes.length > 0 && { labels }),
      };
    case "points":
      return {
        points: { shape: [spec.dimensions], dtype: "float32" },
        ...(spec.classes.length > 0 && { labels }),
      };
    case "tokens":
    case "pairs":
      return {};
  }
}
