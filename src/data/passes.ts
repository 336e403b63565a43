import type { NdArray } from "../tensor/ndarray.ts";
import type { Examples } from "./data.ts";

/** Images or points, whichever the examples are. */
export type ExampleBatch = {
  /** [B, C, H, W] in [0, 1], or [B, D]. */
  readonly x: NdArray<"float32">;
  /** [B], where the data have classes. */
  readonly labels?: NdArray<"int32">;
};

/** The images or points at these indices. */
export async function batchAt(examples: Examples, indices: ArrayLike<number>): Promise<ExampleBatch> {
  const { images, points, labels } = await examples.batch(indices);
  const x = (images ?? points) as NdArray<"float32">;
  return { x, ...(labels && { labels: labels as NdArray<"int32"> }) };
}

/** Examples read at a time. */
const PIECE = 500;

/** Where progress is reported. */
interface Listener {
  readonly progress: (done: number, total: number, what?: string) => void;
}

/** The first `limit` images or points in order, in pieces, with progress. */
export async function* pass(
  { progress }: Listener,
  examples: Examples,
  what: string,
  limit: number = examples.length,
): AsyncGenerator<ExampleBatch & { readonly start: number }> {
  const end = Math.min(limit, examples.length);
  for (let start = 0; start < end; start += PIECE) {
    progress(start, end, what);
    const count = Math.min(PIECE, end - start);
    const batch = await batchAt(
      examples,
      Int32Array.from({ length: count }, (_, i) => start + i),
    );
    yield { ...batch, start };
  }
  progress(end, end, what);
}

/** The indices of `count` examples to show: of each class in turn, where there are classes. */
export async function showcase(examples: Examples, count: number): Promise<number[]> {
  const seen = Math.min(examples.length, Math.max(20 * count, 200));
  const order = Array.from({ length: seen }, (_, i) => i);
  const { labels } = await batchAt(examples, order);
  if (!labels) return order.slice(0, count);
  // The r-th example of each class belongs to round r.
  const round = new Map<number, number>();
  const rounds = Array.from(labels.data, (label) => {
    round.set(label, (round.get(label) ?? -1) + 1);
    return round.get(label)!;
  });
  return order
    .sort((a, b) => rounds[a]! - rounds[b]! || labels.data[a]! - labels.data[b]! || a - b)
    .slice(0, count);
}
