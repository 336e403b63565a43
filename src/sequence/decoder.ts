import type { Compiled } from "../engine/compile.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { KeyValueCache } from "./cache.ts";
import type { Gpt } from "./gpt.ts";

/**
 * What writes token by token. Rows are written side by side, position by position; what a row has read is remembered.
 */
export interface Decoder {
  readonly vocabSize: number;
  readonly rows: number;
  /** The most positions there are. */
  readonly capacity: number;
  /**
   * Read one token of each row at `position`; all before it were read. Row i goes on from what row `from[i]` has read,
   * or from its own.
   * @returns the logits of what follows, [rows · vocabSize].
   */
  step(tokens: Int32Array, position: number, from?: Int32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Compile on an engine, with the weights that are to be used. */
export type Compile = <A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  name?: string,
) => Compiled<A, R>;

/** A GPT that writes `rows` texts, with its keys and values in a cache of its whole context. */
export function gptDecoder(gpt: Gpt, rows: number, compile: Compile): Decoder {
  const { layers, heads, width, context, vocabSize } = gpt.options;
  const cache = new KeyValueCache({ layers, batch: rows, heads, capacity: context, size: width / heads });
  const program = compile((tokens: Tensor, at: Tensor, from: Tensor | undefined) => {
    if (from) cache.reorder(from);
    return gpt.step(tokens, at, cache);
  }, "decoding step");
  return {
    vocabSize,
    rows,
    capacity: context,
    step: async (tokens, position, from) =>
      (await program(tokens, Int32Array.of(position), from)).data as Float32Array,
    dispose: async () => {
      await program.dispose();
      cache.dispose();
    },
  };
}

/** The same without a cache: everything is read anew at each step. What the cached one is held against. */
export function plainGptDecoder(gpt: Gpt, rows: number, compile: Compile): Decoder {
  const { context, vocabSize } = gpt.options;
  let read: number[][] = Array.from({ length: rows }, () => []);
  const program = compile((tokens: Tensor) => gpt.forward(tokens), "reading anew");
  return {
    vocabSize,
    rows,
    capacity: context,
    step: async (tokens, position, from) => {
      read = Array.from({ length: rows }, (_, i) => [
        ...read[from?.[i] ?? i]!.slice(0, position),
        tokens[i]!,
      ]);
      const length = position + 1;
      const all = { data: Int32Array.from(read.flat()), shape: [rows, length], dtype: "int32" } as const;
      const { data } = await program(all);
      return Float32Array.from({ length: rows * vocabSize }, (_, i) => {
        const [row, token] = [Math.floor(i / vocabSize), i % vocabSize];
        return Number(data[(row * length + position) * vocabSize + token]);
      });
    },
    dispose: () => program.dispose(),
  };
}
