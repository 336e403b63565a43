import type { Operand } from "./ops/elementwise.ts";
import type { Tensor } from "./tensor.ts";

/** A row as the step sees it: its numbers may have become tensors. */
export type RowOf<R> = R extends number
  ? Operand
  : R extends Tensor
    ? R
    : R extends object
      ? { readonly [K in keyof R]: RowOf<R[K]> }
      : R;

/**
 * Takes the same step once for each row, each from where the one before it ended, and gives the last one's end. A row
 * is a number, or objects of numbers. What `step` makes has the names, shapes and dtypes of what it is given.
 */
export type Repeat = <C extends Readonly<Record<string, Tensor>>, R>(
  start: C,
  rows: readonly R[],
  step: (carried: C, row: RowOf<R>) => C,
) => C;

/** Every step written out, one after another. */
export const unrolled: Repeat = (start, rows, step) =>
  rows.reduce((carried, row) => step(carried, row as RowOf<typeof row>), start);
