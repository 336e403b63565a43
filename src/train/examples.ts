import { batchIndices, type Position } from "../data/batches.ts";
import { batchOf, type Dataset, type Split } from "../data/dataset.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Key } from "../tensor/random.ts";
import type { Shape } from "../tensor/shape.ts";
import type { HostBatch } from "./task.ts";

/** What one example holds, without the batch dimension: `{ images: { shape: [1, 28, 28], dtype: "float32" } }`. */
export type Fields = Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>>;

/** A data set as training sees it: a fixed number of examples, fetched by index. */
export interface Examples {
  readonly length: number;
  readonly fields: Fields;
  /** The examples at these indices, stacked along a new first dimension. */
  batch(indices: ArrayLike<number>): HostBatch | Promise<HostBatch>;
}

/** Images as `images` float32 [B, C, H, W] in [0, 1] and, where there are classes, `labels` int32 [B]. */
export function imageExamples(split: Split): Examples {
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

/** A data set with its two parts, as models see it. */
export interface Data {
  /** As the user names it: "mnist". */
  readonly name: string;
  readonly train: Examples;
  readonly test: Examples;
  /** Names of the classes by index; empty where examples have none. */
  readonly classes: readonly string[];
}

export const imageData = (set: Dataset): Data => ({
  name: set.name,
  train: imageExamples(set.train),
  test: imageExamples(set.test),
  classes: set.classes,
});

/** A batch on its way, and where to go on after it. */
export interface Fetch {
  readonly batch: HostBatch | Promise<HostBatch>;
  readonly next: Position;
}

/** Shuffled batches without end, from a position on; the rest of an epoch that fills no batch is left out. */
export function* fetches(
  examples: Examples,
  batchSize: number,
  key: Key,
  start?: Position,
): Generator<Fetch> {
  for (const { indices, next } of batchIndices(examples.length, { batchSize, key }, start))
    yield { batch: examples.batch(indices), next };
}
