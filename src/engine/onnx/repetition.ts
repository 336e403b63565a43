import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import type { Repeat, RowOf } from "../../tensor/repeat.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A step that is repeated: traced once, between leaves that stand for what only its runs will know. */
export interface Repetition {
  /** What the first step starts from. */
  readonly start: readonly Tensor[];
  /** Leaves of the step: what it is carried, and the numbers of its row. */
  readonly carried: readonly Tensor[];
  readonly columns: readonly { readonly leaf: Tensor; readonly table: NdArray }[];
  /** What the step makes of them. */
  readonly end: readonly Tensor[];
  /** Leaves that stand, outside, for what the last step makes. */
  readonly results: readonly Tensor[];
}

const leafOf = (name: string, { shape, dtype }: Pick<Tensor, "shape" | "dtype">): Tensor =>
  new Tensor("input", [], { name, index: -1 }, shape, dtype);

/** A `repeat` that writes down what was repeated. */
export function recorder(): { repeat: Repeat; repetitions: Repetition[] } {
  const repetitions: Repetition[] = [];
  const repeat: Repeat = (start, rows, step) => {
    const names = Object.keys(start);
    const leaves = (): Tensor[] => names.map((name) => leafOf(name, start[name]!));
    const carried = leaves();
    const columns: { leaf: Tensor; table: NdArray }[] = [];
    const end = step(
      named(names, carried) as typeof start,
      across(rows, "row", columns) as RowOf<unknown> as never,
    );
    for (const name of names) requireAlike(name, start[name]!, end[name]);
    const results = leaves();
    const values = (of: typeof start): Tensor[] => names.map((name) => of[name]!);
    repetitions.push({ start: values(start), carried, columns, end: values(end), results });
    return named(names, results) as typeof start;
  };
  return { repeat, repetitions };
}

const named = (names: readonly string[], tensors: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));

/** One row that stands for all: what is the same in all rows stays, a number that differs becomes a scalar leaf. */
function across(
  values: readonly unknown[],
  name: string,
  columns: { leaf: Tensor; table: NdArray }[],
): unknown {
  const [first] = values;
  if (values.every((value) => Object.is(value, first))) return first;
  if (values.every((value) => typeof value === "number")) {
    const leaf = leafOf(name, { shape: [], dtype: "float32" });
    columns.push({ leaf, table: ndarray(Float32Array.from(values as number[]), [values.length]) });
    return leaf;
  }
  if (values.every((value) => typeof value === "object" && value !== null && !(value instanceof Tensor)))
    return Object.fromEntries(
      Object.keys(first as object).map((key) => [
        key,
        across(
          values.map((value) => (value as Record<string, unknown>)[key]),
          `${name}.${key}`,
          columns,
        ),
      ]),
    );
  throw new TypeError(`${name}: the rows of a repeated step are numbers, or objects of numbers`);
}

function requireAlike(name: string, start: Tensor, end: Tensor | undefined): void {
  const show = ({ dtype, shape }: Tensor): string => `${dtype}${showShape(shape)}`;
  if (!end || end.dtype !== start.dtype || !sameShape(end.shape, start.shape))
    throw new TypeError(
      `a repeated step makes of ${name} ${end ? show(end) : "nothing"}; it was given ${show(start)}, and must give the same`,
    );
}

/** Where each node belongs: in the step of a repetition, or outside, after so many of them. */
export function places(
  nodes: readonly Tensor[],
  repetitions: readonly Repetition[],
): Map<Tensor, { readonly after: number; readonly inside?: Repetition }> {
  const place = new Map<Tensor, { after: number; inside?: Repetition }>();
  repetitions.forEach((repetition, k) => {
    for (const leaf of [...repetition.carried, ...repetition.columns.map((c) => c.leaf)])
      place.set(leaf, { after: k, inside: repetition });
    for (const leaf of repetition.results) place.set(leaf, { after: k + 1 });
  });
  for (const node of nodes) {
    if (place.has(node)) continue;
    const from = node.inputs.map((input) => place.get(input)!);
    const after = Math.max(0, ...from.map((p) => p.after));
    const inside = from.find((p) => p.inside)?.inside;
    if (
      inside &&
      (after !== repetitions.indexOf(inside) || from.some((p) => p.inside && p.inside !== inside))
    )
      throw new Error(
        "a value of a repeated step was used outside it: carry it, and use what the repetition gives",
      );
    place.set(node, { after, ...(inside && { inside }) });
  }
  return place;
}
