import { hostPermutation, type Key, type Share } from "../tensor/random.ts";
import type { Examples, HostBatch } from "./data.ts";
import { type Batch, batchOf, type Split, slice } from "./dataset.ts";
import type { Transform } from "./transforms.ts";

/** How far a run has read: the epoch, and the number of its images that were read. */
export interface Position {
  readonly epoch: number;
  readonly index: number;
}

export const START: Position = { epoch: 0, index: 0 };

export interface OrderOptions {
  batchSize: number;
  /** Decides each epoch's order and each batch's transforms. */
  key: Key;
  /** False: in the order of the data. */
  shuffle?: boolean;
  /** Leave out the last examples of an epoch where they do not fill a batch. True by default: shapes stay fixed. */
  dropLast?: boolean;
  /** What the examples make of a shuffled order. */
  arrange?: Examples["arrange"];
}

export interface BatchOptions extends OrderOptions {
  transform?: Transform;
}

export interface PositionedBatch extends Batch {
  /** The position after this batch. */
  readonly next: Position;
}

/** The order in which an epoch goes through `length` examples: a pure function of the key and the epoch. */
export const epochOrder = (key: Key, epoch: number, length: number): Int32Array =>
  hostPermutation(key.split("order").split(epoch), length);

/** The number of batches in an epoch. */
export function batchesPerEpoch(length: number, batchSize: number, dropLast = true): number {
  return dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize);
}

/**
 * The indices of each batch's examples, endlessly, epoch after epoch, from a position on. A run that continues at the
 * `next` of its last batch sees what it would have seen without the break.
 */
export function* batchIndices(
  length: number,
  { batchSize, key, shuffle = true, dropLast = true, arrange = (order) => order }: OrderOptions,
  start: Position = START,
): Generator<{ readonly indices: Int32Array; readonly at: Position; readonly next: Position }> {
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new RangeError(
      `batches: a batch size of ${batchSize} is not possible: give a whole number above 0`,
    );
  if (length === 0 || (dropLast && batchSize > length))
    throw new RangeError(`batches: ${length} images do not fill one batch of ${batchSize}`);
  const end = dropLast ? length - (length % batchSize) : length;
  for (let { epoch, index } = start; ; epoch++, index = 0) {
    const order = shuffle
      ? arrange(epochOrder(key, epoch, length), batchSize)
      : Int32Array.from({ length }, (_, i) => i);
    while (index < end) {
      const at = { epoch, index };
      index = Math.min(index + batchSize, end);
      const next = index < end ? { epoch, index } : { epoch: epoch + 1, index: 0 };
      yield { indices: order.subarray(at.index, index), at, next };
    }
  }
}

/** Shuffled batches of images, endlessly, from a position on. */
export function* batches(
  from: Split,
  { transform, ...order }: BatchOptions,
  start: Position = START,
): Generator<PositionedBatch> {
  for (const { indices, at, next } of batchIndices(from.length, order, start)) {
    const batch = batchOf(from, indices);
    const key = order.key.split("transform").split(at.epoch).split(at.index);
    yield { ...batch, images: transform ? transform(batch.images, key) : batch.images, next };
  }
}

/** A batch, perhaps still being read, and the position after it. */
export interface Fetch {
  readonly batch: HostBatch | Promise<HostBatch>;
  readonly next: Position;
}

/**
 * Shuffled batches, endlessly, from a position on; the rest of an epoch that fills no batch is left out. With a share, its
 * rows of each batch alone.
 */
export function* fetches(
  examples: Examples,
  batchSize: number,
  key: Key,
  start?: Position,
  { rank, rows }: Pick<Share, "rank" | "rows"> = { rank: 0, rows: batchSize },
): Generator<Fetch> {
  const arrange = examples.arrange && { arrange: examples.arrange.bind(examples) };
  for (const { indices, next } of batchIndices(examples.length, { batchSize, key, ...arrange }, start))
    yield { batch: examples.batch(indices.subarray(rank * rows, (rank + 1) * rows)), next };
}

/** Every image once, in order, for evaluation; the last batch may be smaller. */
export function* onePass(from: Split, batchSize: number): Generator<Batch> {
  for (let start = 0; start < from.length; start += batchSize) yield slice(from, start, start + batchSize);
}

/**
 * Prepare one item ahead: while the consumer of an item waits for something else (a step on another thread, say),
 * the next one is made. The order and the items are those of the source.
 */
export async function* prefetch<T>(source: Iterator<T>): AsyncGenerator<T> {
  let ready: IteratorResult<T> | undefined;
  let failure: { error: unknown } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const prepare = (): void => {
    try {
      ready = source.next();
    } catch (error) {
      failure = { error };
    }
  };
  try {
    while (true) {
      if (!ready && !failure) prepare();
      if (failure) throw failure.error;
      const { done, value } = ready!;
      if (done) return;
      ready = undefined;
      // A timer, and not a microtask: the consumer must get to start its own work first.
      timer = setTimeout(prepare);
      yield value;
      clearTimeout(timer);
    }
  } finally {
    clearTimeout(timer);
    source.return?.();
  }
}
