/** Batches of like lengths: examples are padded to one of a few lengths, and a batch is of those of one. */
import type { Examples } from "../data/data.ts";

/** Lengths that there are at most: each has a program of its own. */
const MOST = 8;

export interface Buckets {
  /** The lengths that examples are padded to, rising. */
  readonly edges: readonly number[];
  /** The place among `edges` of each example. */
  readonly bucketOf: readonly number[];
  /** The length that all of these examples fit in. */
  readonly widthOf: (indices: ArrayLike<number>) => number;
  readonly arrange: NonNullable<Examples["arrange"]>;
}

/** @param lengths of each example */
export function bucketsOf(lengths: readonly number[], most = MOST): Buckets {
  const edges = paddedLengths(lengths, most);
  const bucketOf = lengths.map((length) => edges.findIndex((edge) => length <= edge));
  return {
    edges,
    bucketOf,
    widthOf: (indices) => edges[Array.from(indices).reduce((last, i) => Math.max(last, bucketOf[i]!), 0)]!,
    arrange: (order, batchSize) => alike(order, batchSize, (i) => bucketOf[i]!),
  };
}

/**
 * The lengths up to which examples are padded: at most `most` of them, so that all examples together have the fewest tokens,
 * padding included. `lengths` holds the length of each; the longest is always among them.
 */
export function paddedLengths(lengths: readonly number[], most: number): readonly number[] {
  const counts = new Map<number, number>();
  for (const length of lengths) counts.set(length, (counts.get(length) ?? 0) + 1);
  const distinct = [...counts.keys()].sort((a, b) => a - b);
  const below = [0];
  for (const length of distinct) below.push(below.at(-1)! + counts.get(length)!);
  /** best[j]: the fewest tokens of examples no longer than distinct[j − 1], and the lengths that they are padded to. */
  let best: Padded[] = distinct.map((length, j) => ({ tokens: length * below[j + 1]!, to: [length] }));
  for (let k = 1; k < most; k++)
    best = distinct.map((length, j) => {
      let found = best[j]!;
      for (let i = 0; i < j; i++) {
        const tokens = best[i]!.tokens + length * (below[j + 1]! - below[i + 1]!);
        if (tokens < found.tokens) found = { tokens, to: [...best[i]!.to, length] };
      }
      return found;
    });
  return best.at(-1)?.to ?? [];
}

interface Padded {
  readonly tokens: number;
  readonly to: readonly number[];
}

/** Batches of one bucket each, in the order of their first examples; what fills none is mixed, and comes last. */
function alike(order: Int32Array, batchSize: number, bucketOf: (i: number) => number): Int32Array {
  const open = new Map<number, number[]>();
  const batches: { readonly first: number; readonly members: readonly number[] }[] = [];
  const firsts = new Map<number, number>();
  for (const [place, i] of order.entries()) {
    const bucket = bucketOf(i);
    const members = open.get(bucket) ?? [];
    if (members.length === 0) firsts.set(bucket, place);
    members.push(i);
    open.set(bucket, members);
    if (members.length < batchSize) continue;
    batches.push({ first: firsts.get(bucket)!, members });
    open.delete(bucket);
  }
  batches.sort((a, b) => a.first - b.first);
  // Those of like lengths beside one another; the shortest last, where an epoch may end before a batch is full.
  const rest = [...open].sort(([a], [b]) => b - a).flatMap(([, members]) => members);
  return Int32Array.from([...batches.flatMap(({ members }) => members), ...rest]);
}
