/** What one example of an encoder–decoder model is: a source and its target, padded, in batches of like lengths. */
import type { Examples, HostBatch, PairData, TokenPair } from "../data/data.ts";
import { UserError } from "../errors.ts";
import type { ExampleSets } from "../model/contract.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { bucketsOf } from "./buckets.ts";
import { PADDING } from "./examples.ts";

/** Tokens that a pair needs room for: the longer side, the target with its end. */
const lengthOf = ({ source, target }: TokenPair): number => Math.max(source.length, target.length + 1);

/** Rows of tokens padded behind to `width`. */
export function padded(rows: readonly ArrayLike<number>[], width: number): Int32Array {
  const out = new Int32Array(rows.length * width).fill(PADDING);
  for (const [n, row] of rows.entries()) out.set(row, n * width);
  return out;
}

/**
 * Pairs as examples: `source` [B, S] and `target` [B, T + 1], which begins and ends with the token `end`; padding is behind.
 * A batch is of pairs of like lengths, and there are few different shapes (`paddedLengths`). Which pairs are in it, and the
 * order of batches, are random.
 * @param most different shapes at most
 */
export function pairExamples(pairs: readonly TokenPair[], end: number, most?: number): Examples {
  const { edges, bucketOf, arrange } = bucketsOf(pairs.map(lengthOf), most);
  const shapes = edges.map((_, bucket) => {
    const own = pairs.filter((__, i) => bucketOf[i] === bucket);
    const longest = (side: keyof TokenPair): number =>
      own.reduce((most, pair) => Math.max(most, pair[side].length), 0);
    return { source: longest("source"), target: longest("target") + 2 };
  });
  /** What examples of several buckets fit in. */
  const shapeOf = (buckets: Iterable<number>): { source: number; target: number } => {
    const [first, ...rest] = new Set(buckets);
    return rest.reduce(
      (room, bucket) => ({
        source: Math.max(room.source, shapes[bucket]!.source),
        target: Math.max(room.target, shapes[bucket]!.target),
      }),
      shapes[first ?? 0] ?? { source: 0, target: 0 },
    );
  };
  const room = shapeOf(edges.keys());
  return {
    length: pairs.length,
    fields: {
      source: { shape: [room.source], dtype: "int32" },
      target: { shape: [room.target], dtype: "int32" },
    },
    batch: (indices): HostBatch => {
      const some = Array.from(indices, (i) => pairs[i]!);
      const shape = shapeOf(Array.from(indices, (i) => bucketOf[i]!));
      const rows = {
        source: some.map(({ source }) => source),
        target: some.map(({ target }) => [end, ...target, end]),
      };
      return {
        source: ndarray(padded(rows.source, shape.source), [some.length, shape.source]),
        target: ndarray(padded(rows.target, shape.target), [some.length, shape.target]),
      };
    },
    arrange,
  };
}

/** The token that begins and ends a target: behind those of the tokenizer. */
export const endOf = (data: Pick<PairData, "target">): number => data.target.vocabSize;

/**
 * The pairs of a data set as examples.
 * @param most The most tokens of a source, and of a target with its end.
 * @throws UserError naming a pair that is longer.
 */
export function pairSets(data: PairData, most = Number.POSITIVE_INFINITY): ExampleSets {
  const sides = ["train", "validation", "test"] as const;
  for (const side of sides)
    for (const [i, pair] of (data[side] ?? []).entries()) {
      if (lengthOf(pair) <= most) continue;
      const long = pair.source.length > most ? "source" : "target";
      const count =
        long === "source" ? `${pair.source.length} tokens` : `${pair.target.length} tokens and its end`;
      throw new UserError(
        `"${data.name}": the ${long} of pair ${i + 1} (${side}) has ${count}, more than the model's context of ${most}: ${JSON.stringify(data[long].decode(pair[long]).slice(0, 60))}. Give a larger option \`context\`, or leave such pairs out`,
      );
    }
  const end = endOf(data);
  return { train: pairExamples(data.train, end), test: pairExamples(data.test, end) };
}
