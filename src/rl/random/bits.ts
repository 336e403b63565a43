import { UserError } from "../../errors.ts";
import { show } from "../show.ts";
import { SeedSequence } from "./seed.ts";

/** NumPy's `bit_generator.state` of a PCG64: the two 128-bit numbers are decimal strings. */
export interface Pcg64State {
  readonly bitGenerator: "PCG64";
  readonly state: { readonly state: string; readonly inc: string };
  /** 1: the high half of the last 64-bit draw, `uinteger`, is the next 32-bit draw. */
  readonly hasUint32: 0 | 1;
  readonly uinteger: number;
}

export interface Xoshiro128State {
  readonly bitGenerator: "xoshiro128**";
  readonly words: readonly number[];
}

/** The state of a source of bits, as plain JSON data. */
export type BitGeneratorState = Pcg64State | Xoshiro128State;

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
  state(): BitGeneratorState;
  /** @throws UserError for the state of another kind of generator, or an invalid one. */
  restore(state: BitGeneratorState): void;
  /** A copy that continues with the same numbers. */
  clone(): BitGenerator;
}

function refuse(kind: BitGeneratorState["bitGenerator"], state: unknown): UserError {
  const got = (state as { bitGenerator?: unknown } | undefined)?.bitGenerator;
  return new UserError(
    typeof got === "string" && got !== kind
      ? `the state of a ${got} generator does not fit a ${kind} generator: make one with Generator.from(state)`
      : `not the state of a ${kind} generator: ${show(state)}. Use the result of state().`,
  );
}

const isWord = (x: unknown): x is number =>
  Number.isInteger(x) && (x as number) >= 0 && (x as number) < 2 ** 32;

/** A 128-bit number as text into four 32-bit limbs, least significant first; false if it is not a valid number. */
function readLimbs(text: unknown, limbs: Float64Array, at: number): boolean {
  if (typeof text !== "string" || !/^\d{1,39}$/.test(text)) return false;
  let rest = BigInt(text);
  for (let i = 0; i < 4; i++, rest >>= 32n) limbs[at + i] = Number(rest & 0xffffffffn);
  return rest === 0n;
}

function limbsText(limbs: Float64Array, at: number): string {
  let n = 0n;
  for (let i = 3; i >= 0; i--) n = (n << 32n) | BigInt(limbs[at + i]!);
  return n.toString();
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
  readonly #s = new Float64Array(8);
  /** NumPy hands out the two halves of a 64-bit draw one after the other, the low one first. */
  #spare = -1;

  constructor(from: SeedSequence | Pcg64State) {
    if (from instanceof SeedSequence) this.#seed(from);
    else this.restore(from);
  }

  #seed(seed: SeedSequence): void {
    const w = seed.generateState(8);
    // The seed's high 64 bits come first: words (2,3 | 0,1) are the limbs, least significant first.
    const state = [w[2]!, w[3]!, w[0]!, w[1]!];
    const stream = [w[6]!, w[7]!, w[4]!, w[5]!];
    const s = this.#s;
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
    const s = this.#s;
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
    if (this.#spare >= 0) {
      const out = this.#spare;
      this.#spare = -1;
      return out;
    }
    this.next64();
    this.#spare = this.hi >>> 0;
    return this.lo >>> 0;
  }

  random(): number {
    this.next64();
    return ((this.hi >>> 0) * 2097152 + (this.lo >>> 11)) * 1.1102230246251565e-16;
  }

  state(): Pcg64State {
    const state = { state: limbsText(this.#s, 0), inc: limbsText(this.#s, 4) };
    const has = this.#spare >= 0;
    return { bitGenerator: "PCG64", state, hasUint32: has ? 1 : 0, uinteger: has ? this.#spare : 0 };
  }

  restore(from: BitGeneratorState): void {
    const limbs = new Float64Array(8);
    if (
      from?.bitGenerator !== "PCG64" ||
      !readLimbs(from.state?.state, limbs, 0) ||
      !readLimbs(from.state.inc, limbs, 4) ||
      (from.hasUint32 !== 0 && from.hasUint32 !== 1) ||
      !isWord(from.uinteger)
    )
      throw refuse("PCG64", from);
    this.#s.set(limbs);
    this.#spare = from.hasUint32 === 1 ? from.uinteger : -1;
  }

  clone(): Pcg64 {
    return new Pcg64(this.state());
  }
}

/**
 * xoshiro128**, for the algorithms' own use: some times faster than PCG64 where no integer is wider than
 * 32 bits. Source: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators" (2018).
 */
export class Xoshiro128 implements BitGenerator {
  hi = 0;
  lo = 0;
  readonly #s = new Int32Array(4);

  constructor(from: SeedSequence | Xoshiro128State) {
    if (from instanceof SeedSequence) {
      this.#s.set(from.generateState(4));
      if (this.#s.every((word) => word === 0)) this.#s[0] = 1;
    } else this.restore(from);
  }

  #next(): number {
    const s = this.#s;
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
    this.lo = this.#next();
    this.hi = this.#next();
  }

  next32(): number {
    return this.#next() >>> 0;
  }

  random(): number {
    const hi = this.#next() >>> 5;
    return (hi * 67108864 + (this.#next() >>> 6)) * 1.1102230246251565e-16;
  }

  state(): Xoshiro128State {
    return { bitGenerator: "xoshiro128**", words: Array.from(this.#s, (word) => word >>> 0) };
  }

  restore(from: BitGeneratorState): void {
    if (
      from?.bitGenerator !== "xoshiro128**" ||
      !Array.isArray(from.words) ||
      from.words.length !== 4 ||
      !from.words.every(isWord) ||
      from.words.every((word) => word === 0)
    )
      throw refuse("xoshiro128**", from);
    this.#s.set(from.words.map((word) => word | 0));
  }

  clone(): Xoshiro128 {
    return new Xoshiro128(this.state());
  }
}
