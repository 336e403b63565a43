/**
 * Explicit randomness. A key is 64 bits; `split(name)` derives an independent key, and filling an array is a
 * pure function of the key. The generator is Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011): counter-based, so nothing is carried from call to call.
 */

/** Where a traced key gets its words: the n-th key argument of the traced function. */
export interface KeyInput {
  readonly argument: number;
}

export class Key {
  /** The two 32-bit words, or the argument of a traced function they will come from. */
  readonly root: readonly [number, number] | KeyInput;
  /** Splits still to be applied (always empty for concrete words). */
  readonly path: readonly (string | number)[];

  private constructor(root: readonly [number, number] | KeyInput, path: readonly (string | number)[]) {
    this.root = root;
    this.path = path;
  }

  /** The key of an integer seed, 0 ≤ seed < 2^53. */
  static seed(seed: number): Key {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new RangeError(`seed: ${seed} is not an integer from 0 to 2^53 - 1`);
    return new Key([Math.floor(seed / 2 ** 32) >>> 0, seed >>> 0], []);
  }

  static fromWords(words: readonly [number, number]): Key {
    return new Key([words[0] >>> 0, words[1] >>> 0], []);
  }

  /** A key whose words are given at each call of a compiled function. */
  static traced(argument: number): Key {
    return new Key({ argument }, []);
  }

  /** An independent key, named by what it is for ("noise", "dropout") or by a number (a step, an index). */
  split(name: string | number): Key {
    if ("argument" in this.root) return new Key(this.root, [...this.path, name]);
    return new Key(splitWords(this.root, name), []);
  }

  get words(): readonly [number, number] {
    if ("argument" in this.root)
      throw new Error("this key belongs to a function being traced: its words are known only when it runs");
    return this.root;
  }

  /** This traced key's words, once the words of the key argument are known. */
  resolve(argument: Key): Key {
    return this.path.reduce((key: Key, name) => key.split(name), argument);
  }
}

function splitWords(words: readonly [number, number], name: string | number): [number, number] {
  // Numbers and strings live in different halves of the counter space: split(1) is not split("1").
  if (typeof name === "number") {
    if (!Number.isSafeInteger(name) || name < 0)
      throw new RangeError(`split: ${name} is not an integer from 0 to 2^53 - 1`);
    return threefry2x32(words[0], words[1], name >>> 0, (0x80000000 | Math.floor(name / 2 ** 32)) >>> 0);
  }
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < name.length; i++) {
    a = Math.imul(a ^ name.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ name.charCodeAt(i), 0x5bd1e995);
    b ^= b >>> 13;
  }
  return threefry2x32(words[0], words[1], a >>> 0, (b >>> 1) | 0);
}

/** One block: two counter words in, two random words out. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const out = new Uint32Array(2);
  fill(out, k0, k1, c0, c1);
  return [out[0]!, out[1]!];
}

const PARITY = 0x1bd11bda;

/** Fill `out` with random words; block i uses counter (first + i, high). Rounds are written out for speed. */
function fill(out: Uint32Array, k0: number, k1: number, first = 0, high = 0): void {
  const k2 = k0 ^ k1 ^ PARITY;
  for (let i = 0; i < out.length; i += 2) {
    let x = (first + (i >>> 1) + k0) | 0;
    let y = (high + k1) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k1) | 0;
    y = (y + k2 + 1) | 0;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + k2) | 0;
    y = (y + k0 + 2) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k0) | 0;
    y = (y + k1 + 3) | 0;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + k1) | 0;
    y = (y + k2 + 4) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k2) | 0;
    y = (y + k0 + 5) | 0;
    out[i] = x;
    if (i + 1 < out.length) out[i + 1] = y;
  }
}

/** What a random leaf of a graph can be filled with. */
export type Distribution = "bits" | "uniform" | "normal";

/** `length` random 32-bit words of this key. */
export function hostBits(key: Key, length: number): Uint32Array {
  const out = new Uint32Array(length);
  fill(out, key.words[0], key.words[1]);
  return out;
}

/** U[0, 1) with 24 random bits: exactly the same float32 values on every platform. */
export function hostUniform(key: Key, length: number): Float32Array {
  const bits = hostBits(key, length);
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) out[i] = (bits[i]! >>> 8) * 2 ** -24;
  return out;
}

/** N(0, 1) by Box and Muller (1958): two words make two normals. */
export function hostNormal(key: Key, length: number): Float32Array {
  const even = length + (length & 1);
  const bits = hostBits(key, even);
  const out = new Float32Array(even);
  for (let i = 0; i < even; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((bits[i]! + 0.5) * 2 ** -32));
    const angle = bits[i + 1]! * (2 * Math.PI * 2 ** -32);
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
  return even === length ? out : out.subarray(0, length);
}

/** A random permutation of 0 … length-1 (Fisher and Yates). */
export function hostPermutation(key: Key, length: number): Int32Array {
  const bits = hostBits(key, length);
  const out = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor((bits[i]! / 2 ** 32) * (i + 1));
    const swap = out[i]!;
    out[i] = out[j]!;
    out[j] = swap;
  }
  return out;
}
