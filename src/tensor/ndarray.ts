import { allocate, type DataOf, type DType, type TypedArray } from "./dtype.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./float16.ts";
import { type Shape, showShape, sizeOf } from "./shape.ts";

/** An n-d array of values on the host, row-major. What goes into a compiled function and comes out of it. */
export interface NdArray<D extends DType = DType> {
  readonly data: DataOf[D];
  readonly shape: Shape;
  readonly dtype: D;
}

/** Wrap a typed array without copying. The shape defaults to one dimension. */
export function ndarray(data: Float32Array, shape?: Shape): NdArray<"float32">;
export function ndarray(data: Int32Array, shape?: Shape): NdArray<"int32">;
export function ndarray(data: BigInt64Array, shape?: Shape): NdArray<"int64">;
export function ndarray<D extends DType>(data: DataOf[D], shape: Shape, dtype: D): NdArray<D>;
export function ndarray(data: TypedArray, shape: Shape = [data.length], dtype?: DType): NdArray {
  const kind = dtype ?? dtypeOfArray(data);
  if (arrayName(data) !== ARRAY_NAMES[kind])
    throw new TypeError(`ndarray: ${kind} is held by a ${ARRAY_NAMES[kind]}, not by a ${arrayName(data)}`);
  if (sizeOf(shape) !== data.length)
    throw new RangeError(`ndarray: ${data.length} values do not fill shape ${showShape(shape)}`);
  return { data, shape, dtype: kind } as NdArray;
}

export function zeros<D extends DType>(shape: Shape, dtype: D): NdArray<D> {
  return { data: allocate(dtype, sizeOf(shape)), shape, dtype };
}

/** `shape` filled with one number, which must be a value of `dtype`. */
export function filled<D extends DType>(shape: Shape, value: number, dtype: D): NdArray<D> {
  const out = zeros(shape, dtype);
  out.data.fill(element(value, dtype) as never);
  return out;
}

/** A number as a typed array of `dtype` holds it (bits for the 16-bit floats), or an error if it cannot. */
function element(value: number, dtype: DType): number | bigint {
  if (dtype === "float32") return value;
  if (dtype === "float16") return float32ToFloat16(Float32Array.of(value))[0]!;
  if (dtype === "bfloat16") return float32ToBfloat16(Float32Array.of(value))[0]!;
  const [low, high] = RANGES[dtype];
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`${value} is not a value of ${dtype}; cast the tensor it meets to float32 first`);
  return dtype === "int64" ? BigInt(value) : value;
}

const RANGES = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  bool: [0, 1],
  uint8: [0, 255],
} as const;

/** Nested JavaScript numbers or booleans, as `[[1, 2], [3, 4]]`. */
export type Nested = number | boolean | readonly Nested[];

/** From nested numbers (float32 unless said otherwise; booleans make bool). */
export function fromNested(values: Nested, dtype?: DType): NdArray {
  const shape: number[] = [];
  for (let v: Nested = values; Array.isArray(v); v = v[0] as Nested) {
    shape.push(v.length);
    if (v.length === 0) break;
  }
  const flat: (number | boolean)[] = [];
  const walk = (v: Nested, depth: number): void => {
    if (!Array.isArray(v)) {
      if (depth !== shape.length) throw new RangeError("tensor: the nested arrays are ragged");
      flat.push(v as number | boolean);
      return;
    }
    if (v.length !== shape[depth]) throw new RangeError("tensor: the nested arrays are ragged");
    for (const inner of v) walk(inner as Nested, depth + 1);
  };
  walk(values, 0);
  const kind = dtype ?? (typeof flat[0] === "boolean" ? "bool" : "float32");
  const data = allocate(kind, flat.length);
  flat.forEach((v, i) => {
    data[i] = element(Number(v), kind) as never;
  });
  return { data, shape, dtype: kind } as NdArray;
}

/** As nested JavaScript numbers; a scalar comes back as a number. int64 and the 16-bit floats become numbers. */
export function toNested(array: NdArray): Nested {
  let offset = 0;
  const data =
    array.dtype === "float16"
      ? float16ToFloat32(array.data as Uint16Array)
      : array.dtype === "bfloat16"
        ? bfloat16ToFloat32(array.data as Uint16Array)
        : array.data;
  const read = (axis: number): Nested => {
    if (axis === array.shape.length) return Number(data[offset++]);
    return Array.from({ length: array.shape[axis]! }, () => read(axis + 1));
  };
  return read(0);
}

export function isNdArray(value: unknown): value is NdArray {
  return (
    typeof value === "object" && value !== null && "data" in value && "shape" in value && "dtype" in value
  );
}

const ARRAY_NAMES: Readonly<Record<DType, string>> = {
  float32: "Float32Array",
  int32: "Int32Array",
  int64: "BigInt64Array",
  bool: "Uint8Array",
  uint8: "Uint8Array",
  float16: "Uint16Array",
  bfloat16: "Uint16Array",
};

/** "Float64Array", "Array", "number": what a value is, whichever window or worker it comes from. */
export const arrayName = (value: unknown): string =>
  typeof value === "object" ? Object.prototype.toString.call(value).slice(8, -1) : typeof value;

function dtypeOfArray(data: TypedArray): DType {
  const name = arrayName(data);
  if (name === "Float32Array") return "float32";
  if (name === "Int32Array") return "int32";
  if (name === "BigInt64Array") return "int64";
  if (name === "Uint8Array" || name === "Uint16Array")
    throw new TypeError(
      "ndarray: say the dtype of a Uint8Array (uint8 or bool) or a Uint16Array (float16 or bfloat16)",
    );
  throw new TypeError(
    `ndarray: takes a Float32Array, Int32Array, BigInt64Array, Uint8Array or Uint16Array, not ${name === "Array" ? "a plain array: fromNested([[1, 2], [3, 4]]) makes one of nested numbers, Float32Array.from(values) of flat ones" : `a ${name}: convert it, as by Float32Array.from(values)`}`,
  );
}
