import { UserError } from "../errors.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";

/** Rows start ≤ i < end of the first axis, as a view. */
export function rows<D extends "float32" | "int32">(
  array: NdArray<D>,
  start: number,
  end: number,
): NdArray<D> {
  const width = array.data.length / array.shape[0]!;
  const data = array.data.subarray(start * width, end * width) as NdArray<D>["data"];
  return { data, shape: [data.length / width, ...array.shape.slice(1)], dtype: array.dtype };
}

/** The rows at these indices of the first axis, as a copy. */
export function rowsAt<D extends "float32" | "int32">(
  array: NdArray<D>,
  indices: ArrayLike<number>,
): NdArray<D> {
  const width = array.data.length / array.shape[0]!;
  const data = emptyLike(array, indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * width;
    data.set(array.data.subarray(from, from + width) as never, i * width);
  }
  return ndarray(data, [indices.length, ...array.shape.slice(1)], array.dtype);
}

/** The pieces concatenated along the first axis. @throws UserError where there are none. */
export function joined<D extends "float32" | "int32">(pieces: readonly NdArray<D>[]): NdArray<D> {
  const [first] = pieces;
  if (!first) throw new UserError("there are no examples");
  if (pieces.length === 1) return first;
  const length = pieces.reduce((n, p) => n + p.shape[0]!, 0);
  const width = first.data.length / first.shape[0]!;
  const data = emptyLike(first, length * width);
  let offset = 0;
  for (const piece of pieces) {
    data.set(piece.data as never, offset);
    offset += piece.data.length;
  }
  return ndarray(data, [length, ...first.shape.slice(1)], first.dtype);
}

const emptyLike = <D extends "float32" | "int32">({ dtype }: NdArray<D>, size: number): NdArray<D>["data"] =>
  (dtype === "int32" ? new Int32Array(size) : new Float32Array(size)) as NdArray<D>["data"];
