import { ndarray } from "../ndarray.ts";
import { constant, type Operand } from "../ops/elementwise.ts";
import { stack } from "../ops/shaping.ts";
import { Tensor } from "../tensor.ts";
import { scan, type Tree } from "./scan.ts";

/** A row as the step sees it: its numbers may have become tensors. */
export type RowOf<R> = R extends number
  ? Operand
  : R extends Tensor
    ? R
    : R extends object
      ? { readonly [K in keyof R]: RowOf<R[K]> }
      : R;

/**
 * Takes the same step once for each row, each from where the one before it ended, and gives the last one's end: a scan over
 * a table. A row is a number, a tensor, or objects of them; what is the same in all rows stays what it is, and a number
 * that differs becomes a scalar.
 */
export function scanRows<C extends Tree, R>(
  start: C,
  rows: readonly R[],
  step: (carried: C, row: RowOf<R>) => C,
): C {
  const columns: Tensor[] = [];
  const rowOf = across(rows, "row", columns);
  const [end] = scan(
    (carried: C, slices: readonly Tensor[]): [C, undefined] => [
      step(carried, rowOf(slices) as RowOf<R>),
      undefined,
    ],
    start,
    columns,
    { length: rows.length },
  );
  return end;
}

/** One row that stands for all, once its columns are given. */
function across(
  values: readonly unknown[],
  name: string,
  columns: Tensor[],
): (slices: readonly Tensor[]) => unknown {
  const [first] = values;
  if (values.every((value) => Object.is(value, first))) return () => first;
  const column = (all: Tensor): ((slices: readonly Tensor[]) => unknown) => {
    const at = columns.push(all) - 1;
    return (slices) => slices[at];
  };
  if (values.every((value) => typeof value === "number"))
    return column(constant(ndarray(Float32Array.from(values), [values.length])));
  if (values.every((value) => value instanceof Tensor)) return column(stack(values));
  if (values.every((value) => typeof value === "object" && value !== null && !(value instanceof Tensor))) {
    const fields = Object.keys(first as object).map(
      (key) =>
        [
          key,
          across(
            values.map((value) => (value as Record<string, unknown>)[key]),
            `${name}.${key}`,
            columns,
          ),
        ] as const,
    );
    return (slices) => Object.fromEntries(fields.map(([key, field]) => [key, field(slices)]));
  }
  throw new TypeError(`${name}: the rows of a repeated step are numbers, tensors, or objects of them`);
}
