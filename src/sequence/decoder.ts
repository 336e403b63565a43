import type { Compiled } from "../engine/compile.ts";
import type { ExportPart } from "../model/contract.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { KeyValueCache, writtenAt } from "./cache.ts";
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

/**
 * One step of decoding as a function that other programs run: a token of each row and its position in, logits out, and the
 * keys and values of all layers in and out ("keys.0" [batch, heads, context, size], first zeros).
 */
export function decodingStep(gpt: Gpt, batch: number): ExportPart {
  const { layers, heads, width, context } = gpt.options;
  const names = Array.from({ length: layers }, (_, i) => [`keys.${i}`, `values.${i}`] as const);
  const shape = [batch, heads, context, width / heads];
  return {
    description: "one step of decoding: tokens, their position and the cache to logits and the next cache",
    inputs: {
      tokens: { shape: [batch], dtype: "int32" },
      position: { shape: [1], dtype: "int32" },
      ...Object.fromEntries(names.flat().map((name) => [name, { shape, dtype: "float32" }])),
    },
    run: ({ tokens, position, ...cache }) => {
      const next: Record<string, Tensor> = {};
      const writing = (at: Tensor) => (layer: number) => (keys: Tensor, values: Tensor) => {
        const write = (name: string, now: Tensor): Tensor => {
          next[`next.${name}`] = writtenAt(at, cache[name]!, now);
          return cache[name]!;
        };
        const [k, v] = names[layer]!;
        return [write(k, keys), write(v, values)] as const;
      };
      return { logits: gpt.step(tokens!, position!, { capacity: context, writing }), ...next };
    },
  };
}
