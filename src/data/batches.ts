import { hostPermutation, type Key } from "../tensor/random.ts";
import { type Batch, batchOf, type Split, slice } from "./dataset.ts";
import type { Transform } from "./transforms.ts";

/** How far a run has read: the epoch, and the number of images of it that were given out. */
export interface Position {
  readonly epoch: number;
  readonly index: number;
}

export const START: Position = { epoch: 0, index: 0 };

export interface BatchOptions {
  batchSize: number;
  /** Decides each epoch's order and each batch's transforms. */
  key: Key;
  /** In the order of the data where false. */
  shuffle?: boolean;
  /** Leave out the last images of an epoch where they do not fill a batch. True by default: shapes stay fixed. */
  dropLast?: boolean;
  transform?: Transform;
}

export interface PositionedBatch extends Batch {
  /** Where to go on after this batch. */
  readonly next: Position;
}

/** The order in which an epoch goes through `length` images: a pure function of the key and the epoch. */
export const epochOrder = (key: Key, epoch: number, length: number): Int32Array =>
  hostPermutation(key.split("order").split(epoch), length);

/** The number of batches in an epoch. */
export function batchesPerEpoch(length: number, batchSize: number, dropLast = true): number {
  return dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize);
}

/**
 * Batches without end, epoch after epoch, from a position on. A run that goes on at the `next` of its last batch
 * sees what it would have seen without the break.
 */
export function* batches(
  from: Split,
  options: BatchOptions,
  start: Position = START,
): Generator<PositionedBatch> {
  const { batchSize, key, shuffle = true, dropLast = true, transform } = options;
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new RangeError(`batches: a batch size of ${batchSize} is not possible`);
  if (from.length === 0 || (dropLast && batchSize > from.length))
    throw new RangeError(`batches: ${from.length} images do not fill one batch of ${batchSize}`);
  const end = dropLast ? from.length - (from.length % batchSize) : from.length;
  for (let { epoch, index } = start; ; epoch++, index = 0) {
    const order = shuffle ? epochOrder(key, epoch, from.length) : undefined;
    while (index < end) {
      const stop = Math.min(index + batchSize, end);
      const batch = order ? batchOf(from, order.subarray(index, stop)) : slice(from, index, stop);
      const images = transform
        ? transform(batch.images, key.split("transform").split(epoch).split(index))
        : batch.images;
      index = stop;
      yield { ...batch, images, next: index < end ? { epoch, index } : { epoch: epoch + 1, index: 0 } };
    }
  }
}

/** Every image once, in order, for evaluation; the last batch may be smaller. */
export function* onePass(from: Split, batchSize: number): Generator<Batch> {
  for (let start = 0; start < from.length; start += batchSize) yield slice(from, start, start + batchSize);
}

/**
 * Have the next item ready: after an item is given out, the one after it is made as soon as the consumer waits
 * for something else (a step on another thread, say). The order and the items are those of the source.
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
