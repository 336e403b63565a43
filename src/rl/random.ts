import { UserError } from "../errors.ts";
import { type BitGenerator, type BitGeneratorState, Pcg64, Xoshiro128 } from "./random/bits.ts";
import { standardGamma } from "./random/gamma.ts";
import { type Seed, SeedSequence } from "./random/seed.ts";
import { standardExponential, standardNormal } from "./random/ziggurat.ts";

export {
  type BitGenerator,
  type BitGeneratorState,
  Pcg64,
  type Pcg64State,
  Xoshiro128,
  type Xoshiro128State,
} from "./random/bits.ts";
export { freshEntropy, type Seed, SeedSequence } from "./random/seed.ts";

/** The random numbers of algorithms and environments. */
export type Rng = Generator;

/** NumPy's `default_rng(seed)`, and so Gymnasium's `np_random`: the same seed gives the same numbers. */
export function npRandom(seed?: Seed): Generator {
  return new Generator(new Pcg64(new SeedSequence(seed)));
}

/** A faster generator for an algorithm's own choices: reproducible, but not NumPy's numbers. */
export function fastRandom(seed?: Seed): Generator {
  return new Generator(new Xoshiro128(new SeedSequence(seed)));
}

/**
 * NumPy's `Generator` over a source of bits: with `Pcg64` every method gives NumPy's numbers. Only the tails
 * of `normal` and `exponential` (three draws in ten thousand) may differ in the last bit, by the platform's log1p.
 */
export class Generator {
  readonly bits: BitGenerator;

  constructor(bits: BitGenerator) {
    this.bits = bits;
  }

  /** A generator that continues from a saved state, of the same kind as the state. */
  static from(state: BitGeneratorState): Generator {
    return new Generator(state?.bitGenerator === "xoshiro128**" ? new Xoshiro128(state) : new Pcg64(state));
  }

  /** The state needed to continue with the same numbers, as plain data: for checkpoints and other processes. */
  state(): BitGeneratorState {
    return this.bits.state();
  }

  /** Restores a saved state. @throws UserError for the state of another kind of generator, or an invalid one. */
  restore(state: BitGeneratorState): void {
    this.bits.restore(state);
  }

  /** A copy that continues with the same numbers. */
  clone(): Generator {
    return new Generator(this.bits.clone());
  }

  /** U[0, 1), 53 bits. */
  random(): number {
    return this.bits.random();
  }

  /** U[low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * this.bits.random();
  }

  /** N(loc, scale²). */
  normal(loc = 0, scale = 1): number {
    return loc + scale * standardNormal(this.bits);
  }

  /** Exponential with mean `scale`. */
  exponential(scale = 1): number {
    return scale * standardExponential(this.bits);
  }

  /** Gamma with this shape and scale. */
  gamma(shape: number, scale = 1): number {
    if (!(shape > 0)) throw new UserError(`gamma: the shape must be above 0, not ${shape}`);
    return scale * standardGamma(this.bits, shape);
  }

  /** Probabilities of n outcomes from the symmetric Dirichlet distribution, Dir(α, …, α). */
  dirichlet(alpha: number, n: number): number[] {
    const draws = Array.from({ length: n }, () => this.gamma(alpha));
    const total = draws.reduce((sum, x) => sum + x, 0);
    // All may underflow where α is tiny: one outcome then has everything.
    if (total === 0) draws[this.integers(n)] = 1;
    return draws.map((x) => x / (total || 1));
  }

  /** A whole number: `integers(n)` in 0 … n − 1, `integers(low, high)` in low … high − 1. */
  integers(low: number, high?: number): number {
    const from = high === undefined ? 0 : low;
    const span = (high ?? low) - from - 1;
    if (!(span >= 0)) {
      throw new UserError(`integers(${low}${high === undefined ? "" : `, ${high}`}): low must be below high`);
    }
    return from + this.#bounded(span);
  }

  /** A whole number in 0 … max, by Lemire's method (2019), as NumPy takes it from 32 or 64 bits. */
  #bounded(max: number): number {
    if (max === 0) return 0;
    if (max === 0xffffffff) return this.bits.next32();
    if (max > 0xffffffff) return this.#bounded64(max);
    const n = max + 1;
    // n × a 32-bit draw is exact in a double while n ≤ 2^21; above that its halves are.
    for (;;) {
      const u = this.bits.next32();
      const upper = Math.floor(u / 65536) * n;
      const lower = (u % 65536) * n;
      const sum = (upper % 65536) * 65536 + lower;
      const leftover = sum % 4294967296;
      if (leftover >= n || leftover >= (0xffffffff - max) % n) {
        return Math.floor(upper / 65536) + Math.floor(sum / 4294967296);
      }
    }
  }

  #bounded64(max: number): number {
    if (!Number.isSafeInteger(max)) throw new UserError(`integers: a range of ${max} is beyond 2^53`);
    const n = BigInt(max) + 1n;
    const threshold = (2n ** 64n - n) % n;
    for (;;) {
      this.bits.next64();
      const product = (BigInt(this.bits.hi >>> 0) * 2n ** 32n + BigInt(this.bits.lo >>> 0)) * n;
      if (BigInt.asUintN(64, product) >= threshold) return Number(product >> 64n);
    }
  }

  /** `size` bits 0 or 1 as `integers(0, 2, size, dtype=int8)` draws them: four to a 32-bit word. */
  bytes(max: number, size: number): Uint8Array {
    const out = new Uint8Array(size);
    if (max === 0) return out;
    const n = max + 1;
    const threshold = (255 - max) % n;
    let buffer = 0;
    let left = 0;
    for (let i = 0; i < size; i++) {
      let product: number;
      do {
        if (left === 0) {
          buffer = this.bits.next32();
          left = 4;
        }
        product = max === 255 ? (buffer & 255) << 8 : (buffer & 255) * n;
        buffer >>>= 8;
        left--;
      } while (max !== 255 && (product & 255) < threshold);
      out[i] = product >>> 8;
    }
    return out;
  }

  /** One element, uniformly: NumPy's `choice(items)`. */
  choice<T>(items: ArrayLike<T>): T {
    if (items.length === 0) throw new UserError("choice: nothing to choose from");
    return items[this.#bounded(items.length - 1)] as T;
  }

  /** An index with probability p[index]: NumPy's `choice(n, p=p)`. */
  categorical(p: ArrayLike<number>): number {
    let total = 0;
    for (let i = 0; i < p.length; i++) total += p[i]!;
    if (!(Math.abs(total - 1) < 1e-8))
      throw new UserError(`categorical: probabilities sum to ${total}, not to 1`);
    const u = this.bits.random();
    let sum = 0;
    for (let i = 0; i < p.length; i++) {
      sum += p[i]!;
      if (u < sum / total) return i;
    }
    return p.length - 1;
  }

  /** Shuffles in place (Fisher–Yates from the end) and returns its argument. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    // NumPy rejects masked draws here, and uses Lemire's method everywhere else.
    this.#shuffleTail(items, 1, (max) => this.#masked(max));
    return items;
  }

  /** A whole number in 0 … max: draws as many bits as max has until one fits. */
  #masked(max: number): number {
    const mask = 0xffffffff >>> Math.clz32(max);
    for (;;) {
      const u = (this.bits.next32() & mask) >>> 0;
      if (u <= max) return u;
    }
  }

  #shuffleTail(
    items: { length: number; [index: number]: unknown },
    first: number,
    draw: (max: number) => number,
  ): void {
    for (let i = items.length - 1; i >= first; i--) {
      const j = draw(i);
      const item = items[j];
      items[j] = items[i];
      items[i] = item;
    }
  }

  /** 0 … n − 1 in random order. */
  permutation(n: number): Int32Array {
    return this.shuffle(Int32Array.from({ length: n }, (_, i) => i));
  }

  /** `size` different numbers from 0 … n − 1: NumPy's `choice(n, size, replace=False)`. */
  sampleWithoutReplacement(n: number, size: number): number[] {
    if (size > n) throw new UserError(`cannot draw ${size} different numbers from ${n}`);
    if (n > 10000 && size > Math.floor(n / 50)) {
      const all = Array.from({ length: n }, (_, i) => i);
      this.#shuffleTail(all, Math.max(n - size, 1), (max) => this.#bounded(max));
      return all.slice(n - size);
    }
    // R. Floyd's algorithm
    const seen = new Set<number>();
    for (let j = n - size; j < n; j++) {
      const draw = this.#bounded(j);
      seen.add(seen.has(draw) ? j : draw);
    }
    const drawn = [...seen];
    this.#shuffleTail(drawn, 1, (max) => this.#bounded(max));
    return drawn;
  }

  /** Poisson with mean `lam`: by multiplication below 10, above by W. Hörmann's PTRS (1993), as NumPy. */
  poisson(lam: number): number {
    if (!(lam >= 0)) throw new UserError(`poisson: the mean must be ≥ 0, not ${lam}`);
    if (lam === 0) return 0;
    if (lam >= 10) return this.#poissonPtrs(lam);
    const limit = Math.exp(-lam);
    let product = this.bits.random();
    let n = 0;
    for (; product > limit; n++) product *= this.bits.random();
    return n;
  }

  #poissonPtrs(lam: number): number {
    const logLam = Math.log(lam);
    const b = 0.931 + 2.53 * Math.sqrt(lam);
    const a = -0.059 + 0.02483 * b;
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    const vr = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const u = this.bits.random() - 0.5;
      const v = this.bits.random();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + lam + 0.43);
      if (us >= 0.07 && v <= vr) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      const accept = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
      if (accept <= -lam + k * logLam - logFactorial(k)) return k;
    }
  }
}

/** ln k!, by Stirling's series for large k. */
function logFactorial(k: number): number {
  if (k < 20) {
    let product = 1;
    for (let i = 2; i <= k; i++) product *= i;
    return Math.log(product);
  }
  const n = k + 1;
  const series = 1 / (12 * n) - 1 / (360 * n ** 3) + 1 / (1260 * n ** 5);
  return (n - 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + series;
}
