import { UserError } from "../errors.ts";
import { BYTES, type DType, viewAs } from "../tensor/dtype.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import { sizeOf } from "../tensor/shape.ts";

/** The contents of a safetensors file: named arrays, and metadata as named strings. */
export interface SafeTensors {
  readonly tensors: Readonly<Record<string, NdArray>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const CODE_OF: Readonly<Record<DType, string>> = {
  float32: "F32",
  int32: "I32",
  int64: "I64",
  bool: "BOOL",
  uint8: "U8",
  float16: "F16",
  bfloat16: "BF16",
};
const DTYPE_OF = Object.fromEntries(Object.entries(CODE_OF).map(([dtype, code]) => [code, dtype as DType]));

/** Limit of the reference implementation for the JSON header. */
const MAX_HEADER = 100_000_000;

/**
 * Safetensors bytes: the header's length (u64, little-endian), a JSON header padded with spaces to a multiple of
 * eight, then the data. As in the reference implementation the widest types come first, so that every tensor is
 * aligned; within a type the order is that of the names, so equal contents make equal bytes.
 */
export function writeSafeTensors(
  tensors: Readonly<Record<string, NdArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const names = Object.keys(tensors).sort((a, b) => {
    const wider = BYTES[tensors[b]!.dtype] - BYTES[tensors[a]!.dtype];
    return wider || (a < b ? -1 : 1);
  });
  const entries: [string, object][] = [];
  if (Object.keys(metadata).length > 0)
    entries.push([
      "__metadata__",
      Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))),
    ]);
  let end = 0;
  for (const name of names) {
    if (name === "__metadata__")
      throw new RangeError("writeSafeTensors: a tensor cannot be named __metadata__");
    const { dtype, shape } = tensors[name]!;
    const start = end;
    end += sizeOf(shape) * BYTES[dtype];
    entries.push([name, { dtype: CODE_OF[dtype], shape, data_offsets: [start, end] }]);
  }
  // Not JSON.stringify of one object: it would move names like "0" to the front.
  const json = `{${entries.map(([name, info]) => `${JSON.stringify(name)}:${JSON.stringify(info)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const header = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + header + end).fill(0x20, 8 + text.length, 8 + header);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header), true);
  bytes.set(text, 8);
  let at = 8 + header;
  for (const name of names) {
    const { data } = tensors[name]!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Read safetensors bytes. The arrays are views of them where alignment allows.
 * @throws UserError naming the file (and the tensor) where it is cut short, damaged, or of an unsupported type.
 */
export function readSafeTensors(bytes: Uint8Array, file: string): SafeTensors {
  const fail = (why: string): never => {
    throw new UserError(`${file}: ${why}`);
  };
  if (bytes.length < 8) fail(`this is not a safetensors file: it has only ${bytes.length} bytes.`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (declared > MAX_HEADER || declared < 2)
    fail(`this is not a safetensors file: its first eight bytes declare a header of ${declared} bytes.`);
  const length = Number(declared);
  if (bytes.length < 8 + length)
    fail(`the file was cut short: its header has ${length} bytes, and ${bytes.length - 8} are there.`);
  const header = parseHeader(bytes.subarray(8, 8 + length)) ?? fail("its header is not a JSON object.");
  const data = bytes.subarray(8 + length);

  const tensors: Record<string, NdArray> = {};
  let metadata: Record<string, string> = {};
  const spans: { name: string; start: number; end: number }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") {
      if (!isTexts(value)) fail("its __metadata__ must hold only strings.");
      metadata = value as Record<string, string>;
      continue;
    }
    const { code, shape, start, end } =
      parseEntry(value) ?? fail(`the header's entry of "${name}" is malformed.`);
    if (!Object.hasOwn(DTYPE_OF, code))
      fail(
        `"${name}" is of type ${code}, which is not supported. Convert it to F32; known: ${Object.keys(DTYPE_OF).join(", ")}.`,
      );
    const dtype = DTYPE_OF[code]!;
    const size = sizeOf(shape) * BYTES[dtype];
    if (end - start !== size)
      fail(
        `"${name}" is ${code} [${shape.join(", ")}], ${size} bytes, and its offsets ${start} to ${end} span ${end - start}.`,
      );
    if (end > data.length)
      fail(
        `the file was cut short: "${name}" ends at byte ${end} of the data, and ${data.length} are there.`,
      );
    spans.push({ name, start, end });
    Object.defineProperty(tensors, name, {
      value: { data: viewAs(dtype, data.subarray(start, end)), shape, dtype },
      enumerable: true,
    });
  }
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  let last = { name: "the header", end: 0 };
  for (const span of spans) {
    if (span.start < last.end) fail(`the data of "${last.name}" and "${span.name}" overlap.`);
    if (span.start > last.end)
      fail(`${span.start - last.end} bytes before "${span.name}" belong to no tensor.`);
    last = span;
  }
  if (last.end !== data.length) fail(`${data.length - last.end} bytes after the last tensor belong to none.`);
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function parseEntry(
  value: unknown,
): { code: string; shape: number[]; start: number; end: number } | undefined {
  if (!isObject(value)) return undefined;
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
    return undefined;
  const [start, end] = offsets as [number, number];
  return start <= end ? { code: dtype, shape, start, end } : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
const isTexts = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every((v) => typeof v === "string");
