import { hostPermutation, Key } from "../../tensor/random.ts";

/**
 * Which `count` of `n` examples stand for them all: in an order that is always the same and follows nothing in the data.
 * (Data sets are sorted by class at times; MNIST's training images take turns between two groups of writers, so that
 * every second image is of one group, and as far as a middling model from the whole.) Of several sets, none shares an
 * example.
 *
 * @param set which of the sets; there are ⌊n / count⌋
 */
export function partOf(n: number, count: number, set = 0): Int32Array {
  if (count >= n) return Int32Array.from({ length: n }, (_, i) => i);
  return hostPermutation(Key.seed(0).split("part"), n).subarray(set * count, (set + 1) * count);
}
