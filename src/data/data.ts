import type { NdArray } from "../tensor/ndarray.ts";
import { batchOf, type Dataset, type Split } from "./dataset.ts";
import type { Mixture } from "./mixtures.ts";
import type { Fields, ImageSpec, PairSpec, PointSpec, TokenSpec } from "./spec.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** One batch on the host: named arrays, each with the batch dimension first ("images", "labels", "tokens" …). */
export type HostBatch = Readonly<Record<string, NdArray>>;

/** Examples as training sees them: a fixed number, fetched by index. */
export interface Examples<B extends HostBatch = HostBatch> {
  readonly length: number;
  readonly fields: Fields;
  /** The examples at these indices, stacked along a new first dimension. */
  batch(indices: ArrayLike<number>): B | Promise<B>;
  /** Another order of the same examples in which a batch is of like ones (of like lengths), made from a random order. */
  arrange?(order: Int32Array, batchSize: number): Int32Array;
}

/** An open data set, by what an example is. */
export type Data = ImageData | PointData | TokenData | PairData;

export type ImageBatch = {
  /** [B, C, H, W] in [0, 1]. */
  readonly images: NdArray<"float32">;
  /** [B], where the data have classes. */
  readonly labels?: NdArray<"int32">;
};

export type PointBatch = {
  /** [B, D]. */
  readonly points: NdArray<"float32">;
  /** [B], where the data have classes. */
  readonly labels?: NdArray<"int32">;
};

export interface ImageData {
  readonly kind: "images";
  /** The name that opens it: "mnist". */
  readonly name: string;
  readonly spec: ImageSpec;
  readonly train: Examples<ImageBatch>;
  readonly test: Examples<ImageBatch>;
  /** Names of the classes by index; empty where examples have none. */
  readonly classes: readonly string[];
}

export interface PointData {
  readonly kind: "points";
  readonly name: string;
  readonly spec: PointSpec;
  readonly train: Examples<PointBatch>;
  readonly test: Examples<PointBatch>;
  readonly classes: readonly string[];
  /** Where the examples were drawn from, if that is known: samples can then be measured exactly. */
  readonly mixture?: Mixture | undefined;
}

/** A text as one sequence of tokens. */
export interface TokenStream {
  readonly length: number;
  readonly tokens: Int32Array;
}

export interface TokenData {
  readonly kind: "tokens";
  readonly name: string;
  readonly spec: TokenSpec;
  readonly train: TokenStream;
  readonly test: TokenStream;
  readonly tokenizer: Tokenizer;
}

export interface TokenPair {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

export interface PairData {
  readonly kind: "pairs";
  readonly name: string;
  readonly spec: PairSpec;
  readonly train: readonly TokenPair[];
  /** Held out of both by the data's own rule, where it has one. */
  readonly validation?: readonly TokenPair[];
  readonly test: readonly TokenPair[];
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

export function imageExamples(split: Split): Examples<ImageBatch> {
  const images = { shape: split.imageShape, dtype: "float32" } as const;
  const labels = { shape: [], dtype: "int32" } as const;
  return {
    length: split.length,
    fields: split.labels ? { images, labels } : { images },
    batch: (indices) => {
      const { images, labels } = batchOf(split, indices);
      return labels ? { images, labels } : { images };
    },
  };
}

export const imageData = ({ name, imageShape, classes, train, test }: Dataset): ImageData => ({
  kind: "images",
  name,
  spec: { kind: "images", name, shape: imageShape, classes },
  train: imageExamples(train),
  test: imageExamples(test),
  classes,
});
