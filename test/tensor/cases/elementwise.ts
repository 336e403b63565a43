/** One case or more for every elementwise op: inputs, attributes, and the result in float64. */
import type { DType } from "../../../src/tensor/dtype.ts";
import type { Attributes } from "../../../src/tensor/tensor.ts";
import {
  below,
  bools,
  type Cases,
  type CheckedOp,
  type Draw,
  distinct,
  erf,
  floats,
  type Input,
  input,
  ints,
  type Maker,
  map,
  pair,
  type Rng,
  shape,
  zip,
} from "../reference.ts";

type None = Record<never, never>;
/** Ops without attributes. */
type Plain = {
  [K in CheckedOp]: None extends Attributes[K] ? K : never;
}[CheckedOp];

const unary =
  (f: (x: number) => number, draw: (r: Rng) => Input, cpuOnly = false): Draw<None> =>
  (r) => ({ inputs: [draw(r)], attrs: {}, reference: map(f), cpuOnly });

const smooth =
  (low = -2, high = 2) =>
  (r: Rng): Input =>
    floats(r, shape(r), low, high);
const kinked = (r: Rng): Input => distinct(r, shape(r));
const whole =
  (dtype: DType, low = -4, high = 4) =>
  (r: Rng): Input =>
    ints(r, shape(r), low, high, dtype);

const binary =
  (
    f: (a: number, b: number) => number,
    left: (r: Rng, of: number[]) => Input,
    right = left,
    cpuOnly = false,
  ): Draw<None> =>
  (r) => {
    const [a, b] = pair(r);
    return { inputs: [left(r, a), right(r, b)], attrs: {}, reference: zip(f), cpuOnly };
  };

const float = (r: Rng, of: number[]): Input => floats(r, of);
const notZero = (r: Rng, of: number[]): Input =>
  input("float32", of, () => Math.fround((r.bool() ? 1 : -1) * (0.5 + r.unit() * 2)));
const between =
  (low: number, high: number) =>
  (r: Rng, of: number[]): Input =>
    floats(r, of, low, high);
const integer =
  (dtype: DType, low = -4, high = 4) =>
  (r: Rng, of: number[]): Input =>
    ints(r, of, low, high, dtype);
const few = (r: Rng, of: number[]): Input => input("float32", of, () => r.pick([-0.5, 0.5, 1.5]));
const bool = (r: Rng, of: number[]): Input => bools(r, of);
const apart =
  (shift: number) =>
  (r: Rng, of: number[]): Input =>
    distinct(r, of, shift);

/** Float, int32 and int64 operands. */
const arithmetic = (f: (a: number, b: number) => number): readonly Draw<None>[] => [
  binary(f, float),
  binary(f, integer("int32")),
  binary(f, integer("int64"), integer("int64"), true),
];
const order = (f: (a: number, b: number) => boolean): readonly Draw<None>[] => [
  binary((a, b) => +f(a, b), float),
  binary((a, b) => +f(a, b), few),
  ...(["int32", "int64"] as const).map((d) =>
    binary((a, b) => +f(a, b), integer(d), integer(d), d === "int64"),
  ),
];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const sign3 = (f: (x: number) => number, draw = kinked): readonly Draw<None>[] => [
  unary(f, draw),
  unary(f, whole("int32")),
  unary(f, whole("int64"), true),
];

/** To the nearest number with `bits` of significand, ties to even, subnormal below 2^least. */
export function nearest(x: number, bits: number, least: number): number {
  if (x === 0) return x;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), least) - bits + 1);
  const low = Math.floor(x / unit);
  const rest = x / unit - low;
  return (rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low) * unit;
}

const CASTS: readonly [DType, DType, (x: number) => number, number?, number?][] = [
  ["float32", "int32", Math.trunc],
  ["float32", "int64", Math.trunc],
  ["float32", "uint8", Math.trunc, 0, 255],
  ["float32", "bool", (x) => +(x !== 0)],
  ["float32", "float16", (x) => nearest(x, 11, -14)],
  ["float32", "bfloat16", (x) => nearest(x, 8, -126)],
  ["float16", "float32", (x) => x],
  ["bfloat16", "float32", (x) => x],
  ["int32", "float32", (x) => x],
  ["int64", "float32", (x) => x],
  ["uint8", "float32", (x) => x, 0, 255],
  ["bool", "float32", (x) => x, 0, 1],
  ["bool", "int32", (x) => x, 0, 1],
  ["int32", "bool", (x) => +(x !== 0)],
  ["int32", "int64", (x) => x],
  ["int64", "int32", (x) => x],
  ["int32", "uint8", (x) => x, 0, 255],
  ["uint8", "int32", (x) => x, 0, 255],
];
const WIDE: readonly DType[] = ["float32", "int32", "bool"];

const casts: readonly Maker<"cast">[] = CASTS.map(([from, dtype, f, low = -9, high = 9]) => (r) => {
  const of = shape(r);
  const exact = from !== "float32";
  const x = exact ? ints(r, of, low, high, from) : floats(r, of, low, high);
  const cpuOnly = !WIDE.includes(from) || !WIDE.includes(dtype);
  return { inputs: [x], attrs: { dtype }, reference: map(f), cpuOnly };
});

const wheres: readonly Maker<"where">[] = (["float32", "int32", "int64", "uint8"] as const).map(
  (dtype) => (r) => {
    const of = shape(r);
    const value = (): Input =>
      dtype === "float32" ? floats(r, below(r, of)) : ints(r, below(r, of), 0, 9, dtype);
    return {
      inputs: [bools(r, below(r, of)), value(), value()],
      attrs: {},
      reference: zip((c, a, b) => (c ? a : b)),
      cpuOnly: dtype === "int64" || dtype === "uint8",
    };
  },
);

export const elementwise: Cases<Plain | "cast" | "clamp"> = {
  neg: sign3((x) => 0 - x, smooth()),
  exp: [unary(Math.exp, smooth())],
  log: [unary(Math.log, smooth(0.3, 3))],
  sqrt: [unary(Math.sqrt, smooth(0.3, 3))],
  abs: sign3(Math.abs),
  sign: sign3(Math.sign),
  sin: [unary(Math.sin, smooth(-4, 4))],
  cos: [unary(Math.cos, smooth(-4, 4))],
  tanh: [unary(Math.tanh, smooth())],
  sigmoid: [unary(sigmoid, smooth(-4, 4))],
  erf: [unary(erf, smooth())],
  floor: [unary(Math.floor, (r) => input("float32", shape(r), () => r.int(-3, 3) + 0.1 + 0.8 * r.unit()))],
  relu: [unary((x) => Math.max(x, 0), kinked)],
  silu: [unary((x) => x * sigmoid(x), smooth(-4, 4))],
  gelu: [unary((x) => x * 0.5 * (1 + erf(x * Math.SQRT1_2)), smooth(-3, 3))],
  softplus: [unary((x) => Math.log1p(Math.exp(x)), smooth(-4, 4))],
  not: [
    unary(
      (x) => 1 - x,
      (r) => bools(r, shape(r)),
    ),
  ],
  add: arithmetic((a, b) => a + b),
  sub: arithmetic((a, b) => a - b),
  mul: arithmetic((a, b) => a * b),
  div: [
    binary((a, b) => a / b, float, notZero),
    binary((a, b) => Math.trunc(a / b), integer("int32", -9, 9), integer("int32", 1, 4)),
    binary((a, b) => Math.trunc(a / b), integer("int64", -9, 9), integer("int64", 1, 4), true),
  ],
  pow: [
    binary((a, b) => a ** b, between(0.4, 2), between(-2, 3)),
    // A negative base has whole exponents only: no derivative by the exponent.
    (r) => {
      const exponent = r.int(1, 4);
      const inputs = [notZero(r, shape(r)), input("float32", [], () => exponent)];
      return { inputs, attrs: {}, reference: zip((a, b) => a ** b), wrt: [0] };
    },
  ],
  maximum: [...arithmetic(Math.max).slice(1), binary(Math.max, apart(0), apart(0.05))],
  minimum: [...arithmetic(Math.min).slice(1), binary(Math.min, apart(0), apart(0.05))],
  equal: [
    binary((a, b) => +(a === b), few),
    ...(["int32", "int64", "uint8"] as const).map((d) =>
      binary((a, b) => +(a === b), integer(d, 0, 2), integer(d, 0, 2), d !== "int32"),
    ),
    binary((a, b) => +(a === b), bool),
  ],
  less: order((a, b) => a < b),
  lessEqual: order((a, b) => a <= b),
  and: [binary((a, b) => a & b, bool)],
  or: [binary((a, b) => a | b, bool)],
  where: wheres,
  cast: casts,
  // Values on a grid that the bounds are not on: there it has a kink.
  clamp: [
    (r) => {
      const [low, high] = [-1 - r.int(0, 1), r.int(0, 1)];
      const x = input("float32", shape(r), () => r.int(-3, 3) + 0.3 + 0.4 * r.unit());
      return { inputs: [x], attrs: { low, high }, reference: map((v) => Math.min(Math.max(v, low), high)) };
    },
  ],
  stopGradient: [
    (r) => ({ inputs: [floats(r, shape(r))], attrs: {}, reference: map((x) => x), stopped: true }),
  ],
};
