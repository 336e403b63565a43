/**
 * A small assembler for WebAssembly with 128-bit SIMD: an expression is the bytes that leave its value on the stack, so
 * that kernels are written as nested calls. No more of the instruction set than the kernels here use.
 * Binary format: WebAssembly Core Specification 2.0, chapter 5.
 */
export type Type = keyof typeof TYPES;

const TYPES = { i32: 0x7f, v128: 0x7b } as const;

/** The bytes of an expression; `T` is the type of the value it leaves, "none" for a statement. */
export type Code<T extends Type | "none" = "none"> = readonly number[] & { readonly value?: T };

/** An unsigned integer in LEB128. */
function unsigned(value: number): number[] {
  const out: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    out.push((value % 128) | (rest > 0 ? 128 : 0));
    value = rest;
  } while (value > 0);
  return out;
}

/** A 32-bit integer in signed LEB128. */
function signed(value: number): number[] {
  const out: number[] = [];
  for (let rest = value | 0; ; ) {
    const low = rest & 127;
    rest >>= 7;
    const last = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
    out.push(last ? low : low | 128);
    if (last) return out;
  }
}

type V = Code<"v128">;
type I = Code<"i32">;

const simd = (op: number): number[] => [0xfd, ...unsigned(op)];

/** A vector of these lanes. */
function literal<T>(values: readonly T[], set: (view: DataView, at: number, value: T) => void): V {
  const view = new DataView(new ArrayBuffer(16));
  values.forEach((value, i) => {
    set(view, (16 / values.length) * i, value);
  });
  return [...simd(0x0c), ...new Uint8Array(view.buffer)];
}

const one =
  (op: number) =>
  (a: V): V => [...a, ...simd(op)];
const two =
  (op: number) =>
  (a: V, b: V): V => [...a, ...b, ...simd(op)];
const shift =
  (op: number) =>
  (a: V, by: number): V => [...a, ...i32.const(by), ...simd(op)];
const scalar =
  <T extends Type>(op: number) =>
  (a: Code<T>, b: Code<T>): Code<T> => [...a, ...b, op];
const compare =
  (op: number) =>
  (a: I, b: I): I => [...a, ...b, op];

export const i32 = {
  const: (value: number): I => [0x41, ...signed(value)],
  add: scalar<"i32">(0x6a),
  mul: scalar<"i32">(0x6c),
  and: scalar<"i32">(0x71),
  shl: scalar<"i32">(0x74),
  ltU: compare(0x49),
  load: (at: I, offset = 0): I => [...at, 0x28, 2, ...unsigned(offset)],
  store: (at: I, value: I, offset = 0): Code => [...at, ...value, 0x36, 2, ...unsigned(offset)],
};

/** `bytes` of memory copied from one place to another. */
export const copyMemory = (to: I, from: I, bytes: I): Code => [...to, ...from, ...bytes, 0xfc, 10, 0, 0];

export const v128 = {
  load: (at: I, offset = 0): V => [...at, ...simd(0x00), 0, ...unsigned(offset)],
  store: (at: I, value: V, offset = 0): Code => [...at, ...value, ...simd(0x0b), 0, ...unsigned(offset)],
  and: two(0x4e),
  or: two(0x50),
  xor: two(0x51),
  anyTrue: (a: V): I => [...a, ...simd(0x53)],
  /** Bytes of `a` (0 … 15) and `b` (16 … 31). */
  shuffle: (a: V, b: V, bytes: readonly number[]): V => [...a, ...b, ...simd(0x0d), ...bytes],
  not: one(0x4d),
  /** a where the mask's bits are 1, b elsewhere. */
  select: (mask: V, a: V, b: V): V => [...a, ...b, ...mask, ...simd(0x52)],
  /** 32 bits of memory in all four lanes. */
  load32Splat: (at: I, offset = 0): V => [...at, ...simd(0x09), 0, ...unsigned(offset)],
  /** 32 bits of memory in the first lane, zeros in the others. */
  load32Zero: (at: I, offset = 0): V => [...at, ...simd(0x5c), 0, ...unsigned(offset)],
  /** The first lane's 32 bits to memory. */
  store32: (at: I, value: V, offset = 0): Code => [...at, ...value, ...simd(0x5a), 0, ...unsigned(offset), 0],
};

/** A shuffle of lanes: of `a`, then of `b`. */
const lanes = (a: V, b: V, which: readonly number[]): V => {
  const width = 16 / which.length;
  return v128.shuffle(
    a,
    b,
    which.flatMap((lane) => Array.from({ length: width }, (_, i) => lane * width + i)),
  );
};

export const i8x16 = {
  splat: (a: I): V => [...a, ...simd(0x0f)],
  ltU: two(0x26),
};

export const i32x4 = {
  splat: (a: I): V => [...a, ...simd(0x11)],
  const: (...values: number[]): V => literal(values, (view, at, value) => view.setInt32(at, value, true)),
  lane: (a: V, lane: number): I => [...a, ...simd(0x1b), lane],
  shuffle: lanes,
  add: two(0xae),
  sub: two(0xb1),
  shl: shift(0xab),
  shrS: shift(0xac),
  shrU: shift(0xad),
  /** Towards zero, and to the nearest integer there is; 0 for a NaN. */
  truncF32x4: one(0xf8),
};

export const i64x2 = {
  /** The same number twice, given as its bits. */
  const: (bits: bigint): V =>
    literal([bits, bits], (view, at, value) => view.setBigInt64(at, BigInt.asIntN(64, value), true)),
  add: two(0xce),
  sub: two(0xd1),
  shl: shift(0xcb),
  shrU: shift(0xcd),
  eq: two(0xd6),
};

export const f32x4 = {
  const: (value: number): V =>
    literal([value, value, value, value], (view, at, v) => view.setFloat32(at, v, true)),
  convertI32x4S: one(0xfa),
  /** Two doubles become the first two lanes. */
  demoteF64x2: one(0x5e),
  shuffle: lanes,
  eq: two(0x41),
  lt: two(0x43),
  le: two(0x45),
  ge: two(0x46),
  floor: one(0x68),
  /** To the nearest integer, halves to the even one. */
  nearest: one(0x6a),
  abs: one(0xe0),
  neg: one(0xe1),
  sqrt: one(0xe3),
  add: two(0xe4),
  sub: two(0xe5),
  mul: two(0xe6),
  div: two(0xe7),
  min: two(0xe8),
  max: two(0xe9),
};

export const f64x2 = {
  const: (value: number): V => literal([value, value], (view, at, v) => view.setFloat64(at, v, true)),
  sqrt: one(0xef),
  add: two(0xf0),
  sub: two(0xf1),
  mul: two(0xf2),
  shuffle: lanes,
};

export interface Local<T extends Type> {
  readonly get: Code<T>;
  set(value: Code<T>): Code;
}

/** A function in the making; it returns nothing, and takes 32-bit integers. */
export class Func {
  readonly params: readonly Code<"i32">[];
  readonly #locals: Type[] = [];
  readonly #body: number[] = [];

  constructor(params: number) {
    this.params = Array.from({ length: params }, (_, i) => [0x20, i]);
  }

  /** What runs here. */
  emit(...statements: readonly Code[]): void {
    for (const statement of statements) for (const byte of statement) this.#body.push(byte);
  }

  /** A variable with its first value. */
  variable<T extends Type>(type: T, first: Code<T>): Local<T> {
    const index = unsigned(this.params.length + this.#locals.push(type) - 1);
    const set = (value: Code<T>): Code => [...value, 0x21, ...index];
    this.emit(set(first));
    return { get: [0x20, ...index], set };
  }

  /** A vector that is used more than once: computed here and kept. */
  keep(value: V): V {
    return this.variable("v128", value).get;
  }

  /** What `body` emits, again for as long as the test it gives is not 0. */
  repeat(body: () => I): void {
    this.emit([0x03, 0x40]);
    const test = body();
    this.emit([...test, 0x0d, 0, 0x0b]);
  }

  /** What `body` emits, where `test` is not 0. */
  when(test: I, body: () => void): void {
    this.emit([...test, 0x04, 0x40]);
    body();
    this.emit([0x0b]);
  }

  get signature(): number[] {
    return [0x60, ...list(this.params.map(() => [TYPES.i32])), 0];
  }

  get code(): number[] {
    const locals = list(this.#locals.map((type) => [1, TYPES[type]]));
    return sized([...locals, ...this.#body, 0x0b]);
  }
}

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const list = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];
const text = (value: string): number[] => sized([...new TextEncoder().encode(value)]);

/** A module of these functions under their names, over the memory imported as `env.memory`. */
export function assemble(functions: Readonly<Record<string, Func>>): Uint8Array<ArrayBuffer> {
  const names = Object.keys(functions);
  const all = Object.values(functions);
  const section = (id: number, items: readonly (readonly number[])[]): number[] => [
    id,
    ...sized(list(items)),
  ];
  const types = all.map((f) => f.signature);
  const memory = [...text("env"), ...text("memory"), 0x02, 0x00, 0x00];
  const indices = all.map((_, i) => unsigned(i));
  const exports = names.map((name, i) => [...text(name), 0x00, ...unsigned(i)]);
  const code = all.map((f) => f.code);
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const sections = [section(1, types), section(2, [memory]), section(3, indices), section(7, exports)];
  return Uint8Array.from([header, ...sections, section(10, code)].flat());
}
