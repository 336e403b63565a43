/** Element types. float16 and bfloat16 are storage types: cast to float32 to compute. */
export const DTYPES = ["float32", "int32", "int64", "bool", "uint8", "float16", "bfloat16"] as const;
export type DType = (typeof DTYPES)[number];

/** The typed array that holds each dtype on the host. float16 and bfloat16 are kept as their raw bits. */
export interface DataOf {
  float32: Float32Array;
  int32: Int32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
  uint8: Uint8Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
}
export type TypedArray = DataOf[DType];

export const BYTES: Readonly<Record<DType, number>> = {
  float32: 4,
  int32: 4,
  int64: 8,
  bool: 1,
  uint8: 1,
  float16: 2,
  bfloat16: 2,
};

const CONSTRUCTORS = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
} as const;

/** A zeroed typed array of `length` elements. */
export function allocate<D extends DType>(dtype: D, length: number): DataOf[D] {
  return new CONSTRUCTORS[dtype](length) as DataOf[D];
}

/** A view of `bytes` as elements of `dtype`; copies only where the offset is not aligned. */
export function viewAs<D extends DType>(dtype: D, bytes: Uint8Array): DataOf[D] {
  const aligned = bytes.byteOffset % BYTES[dtype] === 0 ? bytes : bytes.slice();
  return new CONSTRUCTORS[dtype](
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    aligned.byteLength / BYTES[dtype],
  ) as DataOf[D];
}

export const isFloat = (dtype: DType): boolean => dtype === "float32";
