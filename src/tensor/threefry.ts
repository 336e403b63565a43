/**
 * The generator, Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011),
 * and what numbers are made of its words, in plain JavaScript; `random-kernel.ts` makes the same numbers faster.
 */

/** By how much y turns left in round r: ROTATIONS[r mod 8]. */
export const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
export const PARITY = 0x1bd11bda;
export const ROUNDS = 20;

/** One block: two counter words in, two random words out. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const key = [k0, k1, k0 ^ k1 ^ PARITY] as const;
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const turn = ROTATIONS[(round - 1) % 8]!;
    x = (x + y) | 0;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if (round % 4 > 0) continue;
    const i = round / 4;
    x = (x + key[i % 3]!) | 0;
    y = (y + key[(i + 1) % 3]! + i) | 0;
  }
  return [x >>> 0, y >>> 0];
}

/** U[0, 1): the 24 high bits, so that every value is a float32. */
const unit = (word: number): number => (word >>> 8) * 2 ** -24;

/** Box and Muller (1958): two words make two normals. */
export function boxMuller(x: number, y: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log((x + 0.5) * 2 ** -32));
  const angle = y * (2 * Math.PI * 2 ** -32);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

type Words = readonly [number, number];

/**
 * Fills arrays with the numbers of a key: block i of counters (i, 0) makes elements 2i and 2i + 1. They begin with those of
 * block `first`.
 */
export interface Generator {
  bits(key: Words, out: Uint32Array, first?: number): void;
  uniform(key: Words, out: Float32Array, first?: number): void;
  normal(key: Words, out: Float32Array, first?: number): void;
  /** 1 with probability keep / 256, else 0: a byte of a word each. */
  mask(key: Words, out: Uint8Array, keep: number, first?: number): void;
}

function blocks(
  [k0, k1]: Words,
  out: Uint32Array | Float32Array,
  start: number,
  of: (x: number, y: number) => readonly [number, number],
): void {
  for (let i = 0; i < out.length; i += 2) {
    const [first, second] = of(...threefry2x32(k0, k1, start + i / 2, 0));
    out[i] = first;
    if (i + 1 < out.length) out[i + 1] = second;
  }
}

export const plain: Generator = {
  bits: (key, out, first = 0) => blocks(key, out, first, (x, y) => [x, y]),
  uniform: (key, out, first = 0) => blocks(key, out, first, (x, y) => [unit(x), unit(y)]),
  normal: (key, out, first = 0) => blocks(key, out, first, boxMuller),
  mask(key, out, keep, first) {
    const words = new Uint32Array(Math.ceil(out.length / 4));
    plain.bits(key, words, first);
    for (let i = 0; i < out.length; i++) out[i] = +(((words[i >>> 2]! >>> (8 * (i & 3))) & 255) < keep);
  },
};
