import type { Seed } from "./random.ts";

/** A set of observations or actions: Gymnasium's Space. */
export interface Space<T> {
  /** A random element. Every space has its own random numbers, apart from the environment's. */
  sample(mask?: unknown): T;
  contains(x: unknown): x is T;
  /** Starts the space's random numbers anew. */
  seed(seed?: Seed): void;
  toString(): string;
}
