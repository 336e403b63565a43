import type { SeedSequence } from "./seed.ts";

/**
 * A source of random bits. `next64` leaves its 64 bits in `hi` and `lo` (signed 32-bit halves), so that no
 * BigInt is made.
 */
export interface BitGenerator {
  hi: number;
  lo: number;
  next64(): void;
  /** 32 bits, 0 … 2^32 − 1. */
  next32(): number;
  /** 53 bits, in [0, 1). */
  random(): number;
  /** A copy that continues with the same numbers. */
  clone(): BitGenerator;
}

const R16 = 1 / 65536;

/**
 * PCG64 (XSL-RR 128/64), bit for bit NumPy's. Source: M. O'Neill, "PCG: A family of simple fast
 * space-efficient statistically good algorithms for random number generation" (2014).
 *
 * The 128-bit product is a school multiplication of 32-bit limbs (state) by 16-bit limbs (the constant
 * multiplier): every column stays below 2^52 and so is exact in a double.
 */
export class Pcg64 implements BitGenerator {
  hi = 0;
  lo = 0;
  /** The state (0–3) and the increment (4–7): 32-bit limbs, least significant first. */
  private readonly s = new Float64Array(8);
  /** NumPy hands out the two halves of a 64-bit draw one after the other, the low one first. */
  private spare = -1;

  constructor(seed: SeedSequence) {
    const w = seed.generateState(8);
    // The seed's high 64 bits come first: words (2,3 | 0,1) are the limbs, least significant first.
    const state = [w[2]!, w[3]!, w[0]!, w[1]!];
    const stream = [w[6]!, w[7]!, w[4]!, w[5]!];
    const s = this.s;
    for (let i = 0; i < 4; i++) s[4 + i] = ((stream[i]! << 1) | (i === 0 ? 1 : stream[i - 1]! >>> 31)) >>> 0;
    this.next64();
    let carry = 0;
    for (let i = 0; i < 4; i++) {
      const sum = s[i]! + state[i]! + carry;
      s[i] = sum >>> 0;
      carry = sum > 0xffffffff ? 1 : 0;
    }
    this.next64();
  }

  next64(): void {
    const s = this.s;
    const a0 = s[0]!;
    const a1 = s[1]!;
    const a2 = s[2]!;
    const a3 = s[3]!;
    // multiplier 0x2360ED05_1FC65DA4_4385DF64_9FCCF645
    let t = a0 * 0xf645 + s[4]!;
    let k = Math.floor(t * R16);
    let low = t - k * 65536;
    t = a0 * 0x9fcc + k;
    k = Math.floor(t * R16);
    const n0 = low + (t - k * 65536) * 65536;
    t = a0 * 0xdf64 + a1 * 0xf645 + s[5]! + k;
    k = Math.floor(t * R16);
    low = t - k * 65536;
    t = a0 * 0x4385 + a1 * 0x9fcc + k;
    k = Math.floor(t * R16);
    const n1 = low + (t - k * 65536) * 65536;
    t = a0 * 0x5da4 + a1 * 0xdf64 + a2 * 0xf645 + s[6]! + k;
    k = Math.floor(t * R16);
    low = t - k * 65536;
    t = a0 * 0x1fc6 + a1 * 0x4385 + a2 * 0x9fcc + k;
    k = Math.floor(t * R16);
    const n2 = low + (t - k * 65536) * 65536;
    t = a0 * 0xed05 + a1 * 0x5da4 + a2 * 0xdf64 + a3 * 0xf645 + s[7]! + k;
    k = Math.floor(t * R16);
    low = t - k * 65536;
    t = a0 * 0x2360 + a1 * 0x1fc6 + a2 * 0x4385 + a3 * 0x9fcc + k;
    const n3 = low + (t - Math.floor(t * R16) * 65536) * 65536;
    s[0] = n0;
    s[1] = n1;
    s[2] = n2;
    s[3] = n3;
    // XSL-RR: xor the halves, rotate right by the top six bits.
    const x1 = n3 ^ n1;
    const x0 = n2 ^ n0;
    const turn = n3 >>> 26;
    const swap = turn >= 32;
    const h = swap ? x0 : x1;
    const l = swap ? x1 : x0;
    const r = turn & 31;
    // (v << 1) << (31 − r) is v << (32 − r), and 0 where r is 0.
    this.hi = (h >>> r) | ((l << 1) << (31 - r));
    this.lo = (l >>> r) | ((h << 1) << (31 - r));
  }

  next32(): number {
    if (this.spare >= 0) {
      const out = this.spare;
      this.spare = -1;
      return out;
    }
    this.next64();
    this.spare = this.hi >>> 0;
    return this.lo >>> 0;
  }

  random(): number {
    this.next64();
    return ((this.hi >>> 0) * 2097152 + (this.lo >>> 11)) * 1.1102230246251565e-16;
  }

  clone(): Pcg64 {
    const copy = Object.create(Pcg64.prototype) as Pcg64;
    return Object.assign(copy, this, { s: this.s.slice() });
  }
}

/**
 * xoshiro128**, for the algorithms' own use: some times faster than PCG64 where no integer is wider than
 * 32 bits. Source: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators" (2018).
 */
export class Xoshiro128 implements BitGenerator {
  hi = 0;
  lo = 0;
  private readonly s: Int32Array;

  constructor(seed: SeedSequence) {
    this.s = new Int32Array(seed.generateState(4));
    if (this.s.every((word) => word === 0)) this.s[0] = 1;
  }

  private next(): number {
    const s = this.s;
    const s1 = s[1]!;
    const x = Math.imul(s1, 5);
    const out = Math.imul((x << 7) | (x >>> 25), 9);
    const s2 = s[2]! ^ s[0]!;
    const s3 = s[3]! ^ s1;
    s[1] = s1 ^ s2;
    s[0] = s[0]! ^ s3;
    s[2] = s2 ^ (s1 << 9);
    s[3] = (s3 << 11) | (s3 >>> 21);
    return out;
  }

  next64(): void {
    this.lo = this.next();
    this.hi = this.next();
  }

  next32(): number {
    return this.next() >>> 0;
  }

  random(): number {
    const hi = this.next() >>> 5;
    return (hi * 67108864 + (this.next() >>> 6)) * 1.1102230246251565e-16;
  }

  clone(): Xoshiro128 {
    const copy = Object.create(Xoshiro128.prototype) as Xoshiro128;
    return Object.assign(copy, this, { s: this.s.slice() });
  }
}
