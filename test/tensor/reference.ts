/** What the property tests are made of: a seeded generator of inputs, and arrays of plain float64 numbers. */
import type { DType } from "../../src/tensor/dtype.ts";
import { broadcastShapes, type Shape, sizeOf, stridesOf } from "../../src/tensor/shape.ts";
import type { Attributes, OpName } from "../../src/tensor/tensor.ts";

export type Leaf = "constant" | "input" | "state" | "random" | "argument";
/** Loops have tests of their own (loop.test.ts). */
export type Loops = "scan" | "final" | "stacked";
/** So does the mean over processes (train/parallel.test.ts). */
export type CheckedOp = Exclude<OpName, Leaf | Loops | "acrossPeers">;

/** Values in row-major order, as numbers whatever the dtype. */
export interface Ref {
  readonly shape: Shape;
  readonly data: readonly number[];
}
export interface Input extends Ref {
  readonly dtype: DType;
}

/** One use of one op: what goes in, and what should come out, computed here in float64. */
export interface Case<A> {
  readonly inputs: readonly Input[];
  readonly attrs: A;
  reference(...inputs: Ref[]): Ref;
  /** Inputs to differentiate by; all that are float32 when left out. */
  readonly wrt?: readonly number[];
  /** The gradient is zero by decree, not by calculus (stopGradient). */
  readonly stopped?: boolean;
  /** Not for GPUs in browsers: dtypes of other than 32 bits, and layouts that only CPUs have. */
  readonly cpuOnly?: boolean;
}
export type Draw<A> = (r: Rng) => Case<A>;
export type Maker<K extends CheckedOp> = Draw<Attributes[K]>;
export type Cases<K extends CheckedOp = CheckedOp> = { readonly [N in K]: readonly Draw<Attributes[N]>[] };

/** A small seeded generator (mulberry32), independent of the code under test. */
export class Rng {
  #state: number;
  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b9);
  }
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  /** An integer, both ends included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }
  pick<T>(from: readonly T[]): T {
    return from[this.int(0, from.length - 1)]!;
  }
  bool(): boolean {
    return this.unit() < 0.5;
  }
  order(length: number): number[] {
    const out = Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}

// ---- shapes and inputs ----

/** Dimensions 1 to 5, at most about 60 elements. */
export function shape(r: Rng, minRank = 0, maxRank = 4, minDim = 1): number[] {
  const rank = r.int(minRank, maxRank);
  let room = 60;
  return Array.from({ length: rank }, () => {
    const d = r.int(minDim, Math.max(minDim, Math.min(5, room)));
    room = Math.floor(room / d);
    return d;
  });
}

/** A shape that broadcasts to `to`: leading dimensions dropped, others set to 1. */
export function below(r: Rng, to: Shape): number[] {
  const kept = to.slice(r.bool() ? 0 : r.int(0, to.length));
  return kept.map((d) => (r.unit() < 0.3 ? 1 : d));
}

/** Two shapes that broadcast together, neither of them always the larger. */
export function pair(r: Rng): [number[], number[]] {
  const full = shape(r);
  return r.bool() ? [full, below(r, full)] : [below(r, full), full];
}

export function input(dtype: DType, of: Shape, value: (i: number) => number): Input {
  return { dtype, shape: of, data: Array.from({ length: sizeOf(of) }, (_, i) => value(i)) };
}

export const floats = (r: Rng, of: Shape, low = -2, high = 2): Input =>
  input("float32", of, () => Math.fround(low + r.unit() * (high - low)));

/** Integers of any dtype, both ends included. */
export const ints = (r: Rng, of: Shape, low = -4, high = 4, dtype: DType = "int32"): Input =>
  input(dtype, of, () => r.int(low, high));

export const bools = (r: Rng, of: Shape): Input => input("bool", of, () => +r.bool());

/** Values no two of which are closer than 0.1, none closer to 0: for ops with kinks. `shift` parts two such arrays. */
export function distinct(r: Rng, of: Shape, shift = 0): Input {
  const n = sizeOf(of);
  const order = r.order(n);
  return input("float32", of, (i) => Math.fround((order[i]! - Math.floor(n / 2)) * 0.1 + 0.03 + shift));
}

// ---- arrays of numbers ----

/** An array from its elements by index. */
export function make(of: Shape, value: (...index: number[]) => number): Ref {
  const strides = stridesOf(of);
  const data = Array.from({ length: sizeOf(of) }, (_, flat) =>
    value(...of.map((d, axis) => Math.floor(flat / strides[axis]!) % d)),
  );
  return { shape: of, data };
}

/** The element at an index; dimensions of size 1 and missing leading ones broadcast. */
export function at(x: Ref, index: readonly number[]): number {
  const lead = index.length - x.shape.length;
  let flat = 0;
  x.shape.forEach((d, axis) => {
    flat = flat * d + (d === 1 ? 0 : index[lead + axis]!);
  });
  return x.data[flat]!;
}

export const map =
  (f: (x: number) => number) =>
  (x: Ref): Ref => ({ shape: x.shape, data: x.data.map(f) });

export const zip =
  (f: (...values: number[]) => number) =>
  (...xs: Ref[]): Ref =>
    make(broadcastShapes("reference", ...xs.map((x) => x.shape)), (...i) => f(...xs.map((x) => at(x, i))));

/** Replace each line along an axis by a line (or a single number) computed from it. */
export function along(x: Ref, axis: number, f: (line: number[]) => number[]): Ref {
  const length = x.shape[axis]!;
  const lines = new Map<string, number[]>();
  const line = (index: number[]): number[] => {
    const key = index.map((v, a) => (a === axis ? 0 : v)).join();
    const have =
      lines.get(key) ??
      f(
        Array.from({ length }, (_, j) =>
          at(
            x,
            index.map((v, a) => (a === axis ? j : v)),
          ),
        ),
      );
    lines.set(key, have);
    return have;
  };
  const width = line(x.shape.map(() => 0)).length;
  return make(
    x.shape.map((d, a) => (a === axis ? width : d)),
    (...i) => line(i)[i[axis]!]!,
  );
}

/** erf by its Taylor series: exact to float64 for the arguments used here (|x| ≤ 4). */
export function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}
