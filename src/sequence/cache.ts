import { zeros } from "../tensor/ndarray.ts";
import { gather, writeAt } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assign, readVariable } from "../tensor/trace.ts";
import { Variable } from "../tensor/variable.ts";
import type { Memory } from "./transformer.ts";

export interface CacheShape {
  readonly layers: number;
  /** Rows that are written at once. */
  readonly batch: number;
  readonly heads: number;
  /** The most positions it holds. */
  readonly capacity: number;
  /** Numbers of a head's key. */
  readonly size: number;
}

/** What a step of attention remembers by: each layer's memory, which writes at position `at` (int32 [1]). */
export interface Remembering {
  readonly capacity: number;
  writing(at: Tensor): (layer: number) => Memory;
}

/** `all` [B, H, capacity, D] with `now` [B, H, 1, D] written at position `at`. */
export const writtenAt = (at: Tensor, all: Tensor, now: Tensor): Tensor => writeAt(all, at, now, 2);

/**
 * Keys and values of what was read, layer by layer, in variables of fixed shape [batch, heads, capacity, size]: they stay
 * in the engine from step to step, and one program serves all positions. Engines that compute on the CPU write a step's in
 * place, so that a step reads the cache and does not copy it.
 */
export class KeyValueCache implements Remembering {
  readonly capacity: number;
  readonly #layers: readonly { readonly keys: Variable; readonly values: Variable }[];

  constructor({ layers, batch, heads, capacity, size }: CacheShape) {
    this.capacity = capacity;
    const shape = [batch, heads, capacity, size];
    const part = (name: string): Variable =>
      new Variable(shape, { name: `cache.${name}`, value: zeros(shape, "float32") });
    this.#layers = Array.from({ length: layers }, (_, i) => ({
      keys: part(`${i}.keys`),
      values: part(`${i}.values`),
    }));
  }

  /** While tracing. */
  writing(at: Tensor): (layer: number) => Memory {
    return (layer) => (keys, values) => {
      const part = this.#layers[layer]!;
      const write = (variable: Variable, now: Tensor): Tensor => {
        const before = readVariable(variable);
        assign(variable, writtenAt(at, before, now));
        return before;
      };
      return [write(part.keys, keys), write(part.values, values)];
    };
  }

  /** While tracing: row i becomes what row `from[i]` was, as beams of a search go on from others. */
  reorder(from: Tensor): void {
    for (const { keys, values } of this.#layers)
      for (const variable of [keys, values]) assign(variable, gather(readVariable(variable), from));
  }

  dispose(): void {
    for (const { keys, values } of this.#layers) {
      keys.dispose();
      values.dispose();
    }
  }
}
