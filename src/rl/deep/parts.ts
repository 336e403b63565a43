import type { StateDict } from "../../nn/module.ts";
import type { DType, TypedArray } from "../../tensor/dtype.ts";
import type { Metrics } from "../../train/checkpoint.ts";

/** Something that is carried from step to step, and so belongs to a checkpoint. */
export interface Part {
  /** All that it needs to go on, as plain data and typed arrays. */
  save(): unknown;
  load(saved: unknown): void;
}

/** Where an agent gathers what it learns from: environments, or games against itself. */
export interface Practice extends Part {
  /** Steps so far, which count toward the budget. */
  readonly steps: number;
  /** Numbers of what ended since the last call, for the log. */
  takeEpisodes(): Metrics;
  close(): void;
}

const KINDS = {
  Float32Array,
  Float64Array,
  Int32Array,
  Int8Array,
  Uint8Array,
  Uint32Array,
} as const;
type Kind = keyof typeof KINDS;

/** Arrays that a file of tensors knows as they are; the others go as bytes. */
const DTYPES: Partial<Record<Kind, DType>> = {
  Float32Array: "float32",
  Int32Array: "int32",
  Uint8Array: "uint8",
};

/** Plain data, and the typed arrays that stood in it. */
export interface Packed {
  readonly tensors: StateDict;
  readonly plain: unknown;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/**
 * A tree of plain data and typed arrays as JSON and tensors: an array becomes a tensor under its path, and numbers
 * that JSON does not know (NaN, ±∞, −0) become words. Arrays are copied.
 */
export function pack(tree: unknown): Packed {
  const tensors: StateDict = {};
  const visit = (value: unknown, path: string): unknown => {
    if (ArrayBuffer.isView(value)) {
      const kind = value.constructor.name as Kind;
      if (!Object.hasOwn(KINDS, kind)) throw new Error(`${path}: a ${kind} cannot be saved`);
      const copy = (value as Float32Array).slice();
      const dtype = DTYPES[kind];
      const data: TypedArray = dtype ? copy : new Uint8Array(copy.buffer);
      tensors[path] = { data, shape: [data.length], dtype: dtype ?? "uint8" } as StateDict[string];
      return { $array: path, kind };
    }
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
      return { $number: Object.is(value, -0) ? "-0" : String(value) };
    if (Array.isArray(value)) return value.map((v, i) => visit(v, `${path}.${i}`));
    if (isRecord(value))
      return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, visit(v, `${path}.${key}`)]));
    return value;
  };
  return { plain: visit(tree, "saved"), tensors };
}

export function unpack({ plain, tensors }: Packed): unknown {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (!isRecord(value)) return value;
    if (typeof value.$number === "string") return Number(value.$number);
    if (typeof value.$array === "string") {
      const kind = value.kind as Kind;
      const { data } = tensors[value.$array]!;
      // A file's tensors are views of the file.
      const own = (data as Float32Array).slice();
      return DTYPES[kind] ? own : new KINDS[kind](own.buffer);
    }
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, visit(v)]));
  };
  return visit(plain);
}
