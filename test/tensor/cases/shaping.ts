/** Cases for reductions and for the ops that move values: shape, slices, indices. */
import type { DType } from "../../../src/tensor/dtype.ts";
import {
  along,
  at,
  below,
  bools,
  type Cases,
  distinct,
  floats,
  type Input,
  input,
  ints,
  type Maker,
  make,
  type Ref,
  type Rng,
  shape,
} from "../reference.ts";

const MOVED: readonly DType[] = ["float32", "int32", "bool", "int64", "uint8", "float16", "bfloat16"];
/** What WebGPU's kernels move. */
const wide = (dtype: DType): boolean => dtype === "float32" || dtype === "int32";

const values = (r: Rng, of: number[], dtype: DType): Input =>
  dtype === "float32" ? floats(r, of) : dtype === "bool" ? bools(r, of) : ints(r, of, 0, 9, dtype);

type Numeric = "float32" | "int32" | "int64";
const NUMERIC: readonly Numeric[] = ["float32", "int32", "int64"];

function someAxes(r: Rng, rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, i) => i).filter(() => r.bool());
  return axes.length > 0 ? axes : [r.int(0, rank - 1)];
}

const overAxes = (x: Ref, axes: readonly number[], f: (line: number[]) => number): Ref =>
  axes.length === 1
    ? along(x, axes[0]!, (line) => [f(line)])
    : overAxes(
        along(x, axes[0]!, (line) => [f(line)]),
        axes.slice(1),
        f,
      );

const add = (line: number[]): number => line.reduce((a, b) => a + b, 0);
const top = (line: number[]): number => Math.max(...line);

const sums: readonly Maker<"sum">[] = [
  ...NUMERIC.map(
    (dtype): Maker<"sum"> =>
      (r) => {
        const of = shape(r, 1);
        const axes = someAxes(r, of.length);
        return {
          inputs: [values(r, of, dtype)],
          attrs: { axes },
          reference: (x) => overAxes(x!, axes, add),
          cpuOnly: dtype === "int64",
        };
      },
  ),
  // Leading axes have a lowering of their own.
  (r) => {
    const of = shape(r, 2);
    const axes = Array.from({ length: r.int(1, of.length - 1) }, (_, i) => i);
    return { inputs: [floats(r, of)], attrs: { axes }, reference: (x) => overAxes(x!, axes, add) };
  },
];

/** Pieces that differ along one axis only. */
function pieces(r: Rng, count: number, dtype: DType): { inputs: Input[]; axis: number } {
  const of = shape(r, 1, 3);
  const axis = r.int(0, of.length - 1);
  const inputs = Array.from({ length: count }, () =>
    values(
      r,
      of.map((d, i) => (i === axis ? r.int(1, 3) : d)),
      dtype,
    ),
  );
  return { inputs, axis };
}

const joined = (xs: Ref[], axis: number): Ref => {
  const starts = xs.map((_, i) => add(xs.slice(0, i).map((x) => x.shape[axis]!)));
  const total = add(xs.map((x) => x.shape[axis]!));
  return make(
    xs[0]!.shape.map((d, i) => (i === axis ? total : d)),
    (...i) => {
      const which = starts.findLastIndex((s) => s <= i[axis]!);
      return at(xs[which]!, i.with(axis, i[axis]! - starts[which]!));
    },
  );
};

/** A tensor, an index tensor that may differ from it along one axis, and that axis. */
function indexed(r: Rng, dtype: "int32" | "int64"): { x: Input; index: Input; axis: number } {
  const of = shape(r, 1, 3);
  const axis = r.int(0, of.length - 1);
  const x = floats(r, of);
  return { x, index: ints(r, of.with(axis, r.int(1, 6)), 0, of[axis]! - 1, dtype), axis };
}

const INDEX = ["int32", "int64"] as const;

export const shaping: Cases<
  | "sum"
  | "max"
  | "argmax"
  | "cumsum"
  | "reshape"
  | "transpose"
  | "broadcastTo"
  | "slice"
  | "concat"
  | "pad"
  | "gather"
  | "gatherElements"
  | "scatterAdd"
  | "writeAt"
> = {
  sum: sums,
  max: (["float32", "int32"] as const).map((dtype) => (r) => {
    const of = shape(r, 1);
    const axes = someAxes(r, of.length);
    const x = dtype === "float32" ? distinct(r, of) : ints(r, of);
    return { inputs: [x], attrs: { axes }, reference: (v) => overAxes(v!, axes, top) };
  }),
  argmax: (["float32", "int32"] as const).map((dtype) => (r) => {
    const of = shape(r, 1);
    const axis = r.int(0, of.length - 1);
    // Integers have ties: the first of the largest counts.
    const x = dtype === "float32" ? distinct(r, of) : ints(r, of, 0, 2);
    return { inputs: [x], attrs: { axis }, reference: (v) => along(v!, axis, (l) => [l.indexOf(top(l))]) };
  }),
  cumsum: NUMERIC.map((dtype) => (r) => {
    const of = shape(r, 1);
    const axis = r.int(0, of.length - 1);
    const reverse = r.bool();
    return {
      inputs: [values(r, of, dtype)],
      attrs: { axis, reverse },
      reference: (x) =>
        along(x!, axis, (line) => line.map((_, i) => add(reverse ? line.slice(i) : line.slice(0, i + 1)))),
      cpuOnly: dtype === "int64",
    };
  }),
  reshape: MOVED.map((dtype) => (r) => {
    const of = shape(r);
    const to = [...of];
    for (let cuts = r.int(0, 2); cuts > 0 && to.length > 1; cuts--) to.splice(0, 2, to[0]! * to[1]!);
    to.splice(r.int(0, to.length), 0, 1);
    return {
      inputs: [values(r, of, dtype)],
      attrs: { shape: to },
      reference: (x) => ({ shape: to, data: x!.data }),
      cpuOnly: !wide(dtype),
    };
  }),
  transpose: MOVED.map((dtype) => (r) => {
    const of = shape(r, 1);
    const perm = r.order(of.length);
    return {
      inputs: [values(r, of, dtype)],
      attrs: { perm },
      reference: (x) =>
        make(
          perm.map((p) => of[p]!),
          (...i) =>
            at(
              x!,
              of.map((_, axis) => i[perm.indexOf(axis)]!),
            ),
        ),
      cpuOnly: !wide(dtype),
    };
  }),
  broadcastTo: (["float32", "int32", "bool", "int64", "uint8"] as const).map((dtype) => (r) => {
    const to = shape(r);
    const x = values(r, below(r, to), dtype);
    return {
      inputs: [x],
      attrs: { shape: to },
      reference: (v) => make(to, (...i) => at(v!, i)),
      cpuOnly: !wide(dtype),
    };
  }),
  slice: MOVED.map((dtype) => (r) => {
    const of = shape(r, 1);
    const cuts = of.map((d) => {
      const [a, b] = [r.int(0, d - 1), r.int(0, d - 1)];
      const step = r.int(1, 3);
      const length = Math.floor(Math.abs(b - a) / step) + 1;
      return [a, length, b < a ? -step : step] as const;
    });
    const [starts, lengths, steps] = [0, 1, 2].map((k) => cuts.map((c) => c[k]!)) as [
      number[],
      number[],
      number[],
    ];
    return {
      inputs: [values(r, of, dtype)],
      attrs: { starts, lengths, steps },
      reference: (x) =>
        make(lengths, (...i) =>
          at(
            x!,
            i.map((v, axis) => starts[axis]! + v * steps[axis]!),
          ),
        ),
      cpuOnly: !wide(dtype),
    };
  }),
  concat: [
    // More pieces than WebGPU binds at once.
    (r) => {
      const { inputs, axis } = pieces(r, 19, "float32");
      return { inputs, attrs: { axis }, reference: (...xs) => joined(xs, axis) };
    },
    ...MOVED.map(
      (dtype): Maker<"concat"> =>
        (r) => {
          const { inputs, axis } = pieces(r, r.int(1, 4), dtype);
          return { inputs, attrs: { axis }, reference: (...xs) => joined(xs, axis), cpuOnly: !wide(dtype) };
        },
    ),
  ],
  pad: (["float32", "int32", "int64", "uint8", "bool"] as const).map((dtype) => (r) => {
    const of = shape(r, 1);
    const [low, high] = [of.map(() => r.int(0, 2)), of.map(() => r.int(0, 2))];
    const value = r.pick(dtype === "float32" ? [0, -1.5] : [0, 1]);
    return {
      inputs: [values(r, of, dtype)],
      attrs: { low, high, value },
      reference: (x) =>
        make(
          of.map((d, i) => d + low[i]! + high[i]!),
          (...i) => {
            const from = i.map((v, axis) => v - low[axis]!);
            return from.every((v, axis) => v >= 0 && v < of[axis]!) ? at(x!, from) : value;
          },
        ),
      cpuOnly: !wide(dtype),
    };
  }),
  gather: INDEX.flatMap((dtype) =>
    (["float32", "int32"] as const).map(
      (kind): Maker<"gather"> =>
        (r) => {
          const of = shape(r, 1, 3);
          const axis = r.int(0, of.length - 1);
          const index = ints(r, shape(r, 0, 2), 0, of[axis]! - 1, dtype);
          const rank = index.shape.length;
          return {
            inputs: [values(r, of, kind), index],
            attrs: { axis },
            reference: (x, k) =>
              make([...of.slice(0, axis), ...index.shape, ...of.slice(axis + 1)], (...i) =>
                at(x!, [...i.slice(0, axis), at(k!, i.slice(axis, axis + rank)), ...i.slice(axis + rank)]),
              ),
            cpuOnly: dtype === "int64",
          };
        },
    ),
  ),
  gatherElements: INDEX.map((dtype) => (r) => {
    const { x, index, axis } = indexed(r, dtype);
    return {
      inputs: [x, index],
      attrs: { axis },
      reference: (v, k) => make(index.shape, (...i) => at(v!, i.with(axis, at(k!, i)))),
      cpuOnly: dtype === "int64",
    };
  }),
  scatterAdd: INDEX.map((dtype) => (r) => {
    const { x, index, axis } = indexed(r, dtype);
    return {
      inputs: [x, index, input("float32", index.shape, () => Math.fround(r.unit() * 4 - 2))],
      attrs: { axis },
      reference: (base, k, updates) =>
        make(base!.shape, (...i) => {
          let total = at(base!, i);
          for (let j = 0; j < k!.shape[axis]!; j++)
            if (at(k!, i.with(axis, j)) === i[axis]) total += at(updates!, i.with(axis, j));
          return total;
        }),
      cpuOnly: dtype === "int64",
    };
  }),
  writeAt: (["float32", "int32"] as const).map(
    (kind): Maker<"writeAt"> =>
      (r) => {
        const of = shape(r, 1, 3);
        const axis = r.int(0, of.length - 1);
        return {
          inputs: [
            values(r, of, kind),
            ints(r, r.pick([[], [1]]), 0, of[axis]! - 1),
            values(r, of.with(axis, 1), kind),
          ],
          attrs: { axis },
          reference: (x, position, value) =>
            make(of, (...i) => (i[axis] === position!.data[0] ? at(value!, i.with(axis, 0)) : at(x!, i))),
        };
      },
  ),
};
