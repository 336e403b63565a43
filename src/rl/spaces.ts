import { UserError } from "../errors.ts";
import { type Generator, npRandom, type Seed } from "./random.ts";

/** A set of observations or actions: Gymnasium's Space. The same seed gives Gymnasium's samples. */
export interface Space<T> {
  /** A random element. Every space has its own random numbers, apart from the environment's. */
  sample(mask?: unknown): T;
  contains(x: unknown): x is T;
  /** Reseeds the space's random numbers. */
  seed(seed?: Seed): void;
  toString(): string;
}

/** For each element 1 if it may be drawn, else 0. */
export type Mask = ArrayLike<number>;

/** Base of the simple spaces: random numbers, made on first use. */
class Seeded {
  #generator: Generator | undefined;

  protected get rng(): Generator {
    return (this.#generator ??= npRandom());
  }

  seed(seed?: Seed): void {
    this.#generator = npRandom(seed);
  }
}

function checkMask(space: Space<unknown>, mask: Mask, length: number, largest = 1): void {
  if (mask.length !== length) {
    throw new UserError(`${String(space)}: a mask has ${length} entries, not ${mask.length}`);
  }
  for (let i = 0; i < length; i++) {
    const m = mask[i]!;
    if (!Number.isInteger(m) || m < 0 || m > largest) {
      throw new UserError(
        `${String(space)}: a mask holds whole numbers from 0 to ${largest}, not ${m} (at ${i})`,
      );
    }
  }
}

/** The indices where the mask is 1; if there are none, the first element, as in Gymnasium. */
function masked(rng: Generator, mask: Mask): number {
  const allowed: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1) allowed.push(i);
  return allowed.length > 0 ? rng.choice(allowed) : 0;
}

function positive(what: string, n: number): void {
  if (!Number.isInteger(n) || n <= 0) throw new UserError(`${what} must be a whole number > 0, not ${n}`);
}

/** start, start + 1, …, start + n − 1. */
export class Discrete extends Seeded implements Space<number> {
  readonly n: number;
  readonly start: number;

  constructor(n: number, start = 0) {
    super();
    positive("Discrete: n", n);
    if (!Number.isInteger(start)) throw new UserError(`Discrete: start must be a whole number, not ${start}`);
    this.n = n;
    this.start = start;
  }

  sample(mask?: Mask): number {
    if (mask === undefined) return this.start + this.rng.integers(this.n);
    checkMask(this, mask, this.n);
    return this.start + masked(this.rng, mask);
  }

  contains(x: unknown): x is number {
    return Number.isInteger(x) && (x as number) >= this.start && (x as number) < this.start + this.n;
  }

  override toString(): string {
    return this.start === 0 ? `Discrete(${this.n})` : `Discrete(${this.n}, start=${this.start})`;
  }
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int32: Int32Array,
  uint8: Uint8Array,
} as const;
export type BoxDType = keyof typeof ARRAYS;
interface BoxArrays {
  float32: Float32Array;
  float64: Float64Array;
  int8: Int8Array;
  int32: Int32Array;
  uint8: Uint8Array;
}
export type BoxArray<D extends BoxDType = BoxDType> = BoxArrays[D];

type Bound = number | ArrayLike<number>;

function short(values: ArrayLike<number>): string {
  const all = Array.from(values, (v) =>
    Number.isFinite(v) ? String(Number(v.toPrecision(8))) : v > 0 ? "inf" : "-inf",
  );
  return all.every((v) => v === all[0]) ? (all[0] ?? "[]") : `[${all.join(" ")}]`;
}

/** Arrays (flat, row by row) of one shape whose elements lie in [low, high]; the bounds may be infinite. */
export class Box<D extends BoxDType = "float32"> extends Seeded implements Space<BoxArray<D>> {
  readonly shape: readonly number[];
  readonly dtype: D;
  /** One bound per element, rounded to the dtype. */
  readonly low: Float64Array;
  readonly high: Float64Array;

  constructor(low: Bound, high: Bound, shape?: readonly number[], dtype: D = "float32" as D) {
    super();
    const first = typeof low === "number" ? high : low;
    this.shape = shape ?? [typeof first === "number" ? 1 : first.length];
    this.dtype = dtype;
    const size = this.shape.reduce((a, b) => a * b, 1);
    const fill = (what: string, bound: Bound): Float64Array => {
      if (typeof bound !== "number" && bound.length !== size) {
        throw new UserError(
          `Box: ${what} has ${bound.length} elements, shape [${this.shape.join(", ")}] has ${size}`,
        );
      }
      return Float64Array.from({ length: size }, (_, i) => {
        const v = typeof bound === "number" ? bound : bound[i]!;
        return dtype === "float32" ? Math.fround(v) : v;
      });
    };
    this.low = fill("low", low);
    this.high = fill("high", high);
    for (let i = 0; i < size; i++) {
      if (!(this.low[i]! <= this.high[i]!)) {
        throw new UserError(`Box: low ${this.low[i]} is not ≤ high ${this.high[i]} (element ${i})`);
      }
      if (!dtype.startsWith("float") && !(Number.isInteger(this.low[i]) && Number.isInteger(this.high[i]))) {
        throw new UserError(
          `Box: bounds of ${dtype} are whole numbers, not ${this.low[i]} and ${this.high[i]}`,
        );
      }
    }
  }

  /** Uniform where bounded; exponential from one bound; standard normal where there is none. */
  sample(mask?: undefined): BoxArray<D> {
    if (mask !== undefined) throw new UserError("Box: a box has no mask; sample() without one");
    const { low, high, rng } = this;
    const out = new Float64Array(low.length);
    // One kind after the other, in Gymnasium's order.
    for (let i = 0; i < out.length; i++)
      if (low[i] === -Infinity && high[i] === Infinity) out[i] = rng.normal();
    for (let i = 0; i < out.length; i++) {
      if (low[i] !== -Infinity && high[i] === Infinity) out[i] = rng.exponential() + low[i]!;
    }
    for (let i = 0; i < out.length; i++) {
      if (low[i] === -Infinity && high[i] !== Infinity) out[i] = -rng.exponential() + high[i]!;
    }
    const whole = !this.dtype.startsWith("float");
    for (let i = 0; i < out.length; i++) {
      if (low[i] === -Infinity || high[i] === Infinity) continue;
      const x = rng.uniform(low[i], high[i]! + (whole ? 1 : 0));
      out[i] = whole ? Math.floor(x) : x;
    }
    return new ARRAYS[this.dtype](out) as BoxArrays[BoxDType] as BoxArray<D>;
  }

  contains(x: unknown): x is BoxArray<D> {
    if (!(x instanceof ARRAYS[this.dtype]) || x.length !== this.low.length) return false;
    for (let i = 0; i < x.length; i++) if (!(x[i]! >= this.low[i]! && x[i]! <= this.high[i]!)) return false;
    return true;
  }

  override toString(): string {
    return `Box(${short(this.low)}, ${short(this.high)}, (${this.shape.join(", ")}${this.shape.length === 1 ? "," : ""}), ${this.dtype})`;
  }
}

/** Several Discrete at once: element i is start[i] … start[i] + nvec[i] − 1. */
export class MultiDiscrete extends Seeded implements Space<Int32Array> {
  readonly nvec: readonly number[];
  readonly start: readonly number[];

  constructor(nvec: readonly number[], start: readonly number[] = nvec.map(() => 0)) {
    super();
    for (const n of nvec) positive("MultiDiscrete: a count", n);
    if (start.length !== nvec.length) {
      throw new UserError(`MultiDiscrete: ${nvec.length} counts but ${start.length} starts`);
    }
    this.nvec = nvec;
    this.start = start;
  }

  /** @param mask one mask for each element */
  sample(mask?: readonly Mask[]): Int32Array {
    if (mask !== undefined && mask.length !== this.nvec.length) {
      throw new UserError(`${String(this)}: needs one mask for each of its ${this.nvec.length} elements`);
    }
    return Int32Array.from(this.nvec, (n, i) => {
      if (mask === undefined) return Math.floor(this.rng.random() * n) + this.start[i]!;
      checkMask(this, mask[i]!, n);
      return masked(this.rng, mask[i]!) + this.start[i]!;
    });
  }

  contains(x: unknown): x is Int32Array {
    if (!(x instanceof Int32Array) || x.length !== this.nvec.length) return false;
    return this.nvec.every((n, i) => x[i]! >= this.start[i]! && x[i]! < this.start[i]! + n);
  }

  override toString(): string {
    const start = this.start.some((s) => s !== 0) ? `, start=[${this.start.join(" ")}]` : "";
    return `MultiDiscrete([${this.nvec.join(" ")}]${start})`;
  }
}

/** Arrays of n bits, or of bits in a shape (flat, row by row). */
export class MultiBinary extends Seeded implements Space<Int8Array> {
  readonly shape: readonly number[];
  readonly #size: number;

  constructor(n: number | readonly number[]) {
    super();
    this.shape = typeof n === "number" ? [n] : n;
    for (const d of this.shape) positive("MultiBinary: n", d);
    this.#size = this.shape.reduce((a, b) => a * b, 1);
  }

  /** @param mask 0 and 1 fix a bit, 2 leaves it to chance */
  sample(mask?: Mask): Int8Array {
    if (mask !== undefined) checkMask(this, mask, this.#size, 2);
    const bits = Int8Array.from(this.rng.bytes(1, this.#size));
    return mask === undefined ? bits : bits.map((bit, i) => (mask[i] === 2 ? bit : mask[i]!));
  }

  contains(x: unknown): x is Int8Array {
    return x instanceof Int8Array && x.length === this.#size && x.every((bit) => bit === 0 || bit === 1);
  }

  override toString(): string {
    return `MultiBinary(${this.shape.length === 1 ? this.shape[0] : `(${this.shape.join(", ")})`})`;
  }
}

/** One seed for every part, drawn from the seed of the whole; without a seed every part gets a fresh one. */
function seedParts(parts: readonly Space<unknown>[], seed: Seed | undefined): void {
  const rng = seed === undefined ? undefined : npRandom(seed);
  const seeds = parts.map(() => rng?.integers(2147483647));
  for (const [i, part] of parts.entries()) part.seed(seeds[i]);
}

type Elements<S> = { -readonly [K in keyof S]: S[K] extends Space<infer T> ? T : never };

/** One element of each of several spaces. */
export class Tuple<S extends readonly Space<unknown>[]> implements Space<Elements<S>> {
  readonly spaces: S;

  constructor(spaces: S) {
    this.spaces = spaces;
  }

  seed(seed?: Seed): void {
    seedParts(this.spaces, seed);
  }

  /** @param mask one mask (or undefined) for each space */
  sample(mask?: readonly unknown[]): Elements<S> {
    if (mask !== undefined && mask.length !== this.spaces.length) {
      throw new UserError(
        `${String(this)}: needs a mask or undefined for each of its ${this.spaces.length} spaces`,
      );
    }
    return this.spaces.map((space, i) => space.sample(mask?.[i])) as unknown as Elements<S>;
  }

  contains(x: unknown): x is Elements<S> {
    return (
      Array.isArray(x) && x.length === this.spaces.length && this.spaces.every((s, i) => s.contains(x[i]))
    );
  }

  toString(): string {
    return `Tuple(${this.spaces.map(String).join(", ")})`;
  }
}

/**
 * Named elements. The keys of an object are in alphabetical order, as Gymnasium sorts them ("10" before "9"); those
 * of a list of pairs in the given order. That order, `keys`, is the order of drawing, of seeds and of rows.
 */
export class Dict<S extends Readonly<Record<string, Space<unknown>>>> implements Space<Elements<S>> {
  readonly spaces: S;
  /** JavaScript puts keys like "9" first in any object: use this list, not Object.keys. */
  readonly keys: readonly string[];

  constructor(spaces: S | readonly (readonly [string, Space<unknown>])[]) {
    const pairs = Array.isArray(spaces)
      ? (spaces as readonly (readonly [string, Space<unknown>])[])
      : Object.entries(spaces as S).sort(([a], [b]) => (a < b ? -1 : 1));
    this.keys = pairs.map(([key]) => key);
    const twice = this.keys.find((key, i) => this.keys.indexOf(key) !== i);
    if (twice !== undefined) throw new UserError(`Dict: the key "${twice}" is given twice`);
    this.spaces = Object.fromEntries(pairs) as S;
  }

  seed(seed?: Seed): void {
    seedParts(
      this.keys.map((key) => this.spaces[key]!),
      seed,
    );
  }

  /** @param mask a mask (or undefined) under each key */
  sample(mask?: Readonly<Record<string, unknown>>): Elements<S> {
    const stranger = Object.keys(mask ?? {}).find((key) => !Object.hasOwn(this.spaces, key));
    if (stranger !== undefined) throw new UserError(`${String(this)}: has no "${stranger}" to mask`);
    return Object.fromEntries(
      this.keys.map((key) => [key, this.spaces[key]!.sample(mask?.[key])]),
    ) as Elements<S>;
  }

  contains(x: unknown): x is Elements<S> {
    if (typeof x !== "object" || x === null) return false;
    const { keys, spaces } = this;
    return (
      Object.keys(x).length === keys.length &&
      keys.every((key) => Object.hasOwn(x, key) && spaces[key]!.contains((x as Record<string, unknown>)[key]))
    );
  }

  toString(): string {
    return `Dict(${this.keys.map((key) => `'${key}': ${String(this.spaces[key])}`).join(", ")})`;
  }
}
