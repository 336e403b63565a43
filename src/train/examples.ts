import { batchIndices, type Position } from "../data/batches.ts";
import { batchOf, type Dataset, type Split } from "../data/dataset.ts";
import { drawMixture, type Mixture } from "../data/mixtures.ts";
import type { DType } from "../tensor/dtype.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { Key } from "../tensor/random.ts";
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
  /** Where the examples were drawn from, if that is known: samples can then be measured exactly. */
  readonly mixture?: Mixture | undefined;
}

export const imageData = (set: Dataset): Data => ({
  name: set.name,
  train: imageExamples(set.train),
  test: imageExamples(set.test),
  classes: set.classes,
});

const TRAINING_POINTS = 100_000;
const TEST_POINTS = 10_000;

/** Points of a mixture as `points` float32 [B, 2], with the mode each comes from as its label; always the same ones. */
export function mixtureData(mixture: Mixture): Data {
  const examples = (part: string, length: number): Examples => {
    const drawn = drawMixture(mixture, length, Key.seed(0).split(mixture.name).split(part));
    return {
      length,
      fields: { points: { shape: [2], dtype: "float32" }, labels: { shape: [], dtype: "int32" } },
      batch: (indices) => {
        const points = new Float32Array(2 * indices.length);
        const labels = new Int32Array(indices.length);
        for (let i = 0; i < indices.length; i++) {
          const at = indices[i]!;
          if (!(at >= 0 && at < length))
            throw new RangeError(`${mixture.name}: there is no point ${at}; there are ${length}`);
          points.set(drawn.points.subarray(2 * at, 2 * at + 2), 2 * i);
          labels[i] = drawn.labels[at]!;
        }
        return { points: ndarray(points, [indices.length, 2]), labels: ndarray(labels) };
      },
    };
  };
  return {
    name: mixture.name,
    train: examples("train", TRAINING_POINTS),
    test: examples("test", TEST_POINTS),
    classes: mixture.centres.map((_, i) => String(i)),
    mixture,
  };
}

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
