/**
 * Explicit randomness. A key is 64 bits; `split(name)` derives an independent key, and filling an array is a
 * pure function of the key: the generator (Threefry-2x32) is counter-based, so nothing is carried from call to call.
 */

import { randomKernel } from "./random-kernel.ts";
import { type Generator, plain, threefry2x32 } from "./threefry.ts";

/** Where a traced key gets its words: the n-th key argument of the traced function. */
export interface KeyInput {
  readonly argument: number;
}

/**
 * A share of a batch: rows `rank · rows` to `(rank + 1) · rows` of one of `size · rows`. What is drawn for each example from a
 * key with a share is what the whole batch would draw, the share's rows of it.
 */
export interface Share {
  readonly rank: number;
  readonly size: number;
  readonly rows: number;
}

export class Key {
  /** The two 32-bit words, or the argument of a traced function they will come from. */
  readonly root: readonly [number, number] | KeyInput;
  /** Splits still to be applied (always empty for concrete words). */
  readonly path: readonly (string | number)[];
  /** Of which rows of a batch it draws; of all where undefined. */
  readonly share: Share | undefined;

  private constructor(
    root: readonly [number, number] | KeyInput,
    path: readonly (string | number)[],
    share?: Share,
  ) {
    this.root = root;
    this.path = path;
    this.share = share;
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
    return new Key(splitWords(this.root, name), [], this.share);
  }

  /** The same key, which draws for these rows of a batch. It passes the share on to keys split from it. */
  forShare(share: Share): Key {
    return new Key(this.root, this.path, share);
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

/**
 * What a random leaf of a graph can be filled with; `keep`: bool, true with probability keep / 256, four draws from a
 * word (an integer from 0 to 255).
 */
export type Distribution = "bits" | "uniform" | "normal" | { readonly keep: number };

/** From so many words on the kernel is faster, and worth making. */
const WORTH = 128;
let kernel: Generator | undefined;

function generatorFor(words: number): Generator {
  if (words < WORTH) return plain;
  kernel ??= randomKernel() ?? plain;
  return kernel;
}

/** An array of the distribution's kind: Uint32Array or Int32Array (bits), Float32Array, Uint8Array (a mask). */
export type Numbers = Uint32Array | Int32Array | Float32Array | Uint8Array;

/** Fill an array with the key's numbers from the `start`-th on. */
export function fillRandom(distribution: Distribution, key: Key, out: Numbers, start = 0): void {
  const perBlock = 8 / out.BYTES_PER_ELEMENT;
  const inside = start % perBlock;
  if (inside > 0) {
    // A block makes several numbers: those before the first that is wanted are made as well.
    const wider = new (out.constructor as new (length: number) => Numbers)(inside + out.length);
    fillRandom(distribution, key, wider, start - inside);
    out.set(wider.subarray(inside));
    return;
  }
  const by = generatorFor(out.byteLength / 4);
  const first = start / perBlock;
  if (distribution === "bits")
    by.bits(key.words, new Uint32Array(out.buffer, out.byteOffset, out.length), first);
  else if (distribution === "uniform") by.uniform(key.words, out as Float32Array, first);
  else if (distribution === "normal") by.normal(key.words, out as Float32Array, first);
  else by.mask(key.words, out as Uint8Array, distribution.keep, first);
}

/**
 * Fill an array of this shape from a key; of a key with a share, with the share's rows of what the whole batch would draw.
 * The axis of examples is the first that holds a whole number of the share's rows (several, where it was flattened with
 * others behind it); what has none is drawn alike by all ranks.
 */
export function fillShaped(
  distribution: Distribution,
  key: Key,
  out: Numbers,
  shape: readonly number[],
): void {
  const { share } = key;
  const axis = share === undefined ? -1 : shape.findIndex((n) => n > 0 && n % share.rows === 0);
  if (axis < 0) {
    fillRandom(distribution, key, out);
    return;
  }
  const { rank, size } = share!;
  const piece = shape.slice(axis).reduce((n, d) => n * d, 1);
  for (let at = 0; at < out.length; at += piece)
    fillRandom(distribution, key, out.subarray(at, at + piece), at * size + rank * piece);
}

function filled<A extends Numbers>(distribution: Distribution, key: Key, out: A): A {
  fillRandom(distribution, key, out);
  return out;
}

/** `length` random 32-bit words of this key. */
export const hostBits = (key: Key, length: number): Uint32Array<ArrayBuffer> =>
  filled("bits", key, new Uint32Array(length));

/** U[0, 1) with 24 random bits: exactly the same float32 values on every platform. */
export const hostUniform = (key: Key, length: number): Float32Array<ArrayBuffer> =>
  filled("uniform", key, new Float32Array(length));

/** N(0, 1): two words make two. The last bit may differ where a platform's log, cos and sin do. */
export const hostNormal = (key: Key, length: number): Float32Array<ArrayBuffer> =>
  filled("normal", key, new Float32Array(length));

/** Bytes 1 with probability keep / 256, else 0, four from a word; `keep` is an integer from 0 to 255. */
export const hostMask = (key: Key, length: number, keep: number): Uint8Array<ArrayBuffer> =>
  filled({ keep }, key, new Uint8Array(length));

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
