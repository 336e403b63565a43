import { hostPermutation, Key } from "../../tensor/random.ts";

/**
 * The indices of `count` of `n` examples that stand for them all: a random subset, always the same. (Data sets may be
 * sorted by class; MNIST's training images alternate between two groups of writers, so that every second image is of
 * one group, and as far from the whole as a middling model.) The sets are disjoint.
 *
 * @param set which of the sets; there are ⌊n / count⌋
 */
export function partOf(n: number, count: number, set = 0): Int32Array {
  if (count >= n) return Int32Array.from({ length: n }, (_, i) => i);
  return hostPermutation(Key.seed(0).split("part"), n).subarray(set * count, (set + 1) * count);
}
