import { expect } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { EncoderDecoder } from "../../src/sequence/encoder-decoder.ts";
import { pairDecoder } from "../../src/sequence/pair-decoder.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** Sources of 5 tokens and what is read of targets of 6, padded. */
export const SOURCES = ndarray(Int32Array.of(1, 4, 0, 2, 3, 2, -1, -1), [2, 4]);
export const TARGETS = ndarray(Int32Array.of(5, 1, 2, 0, 5, 3, 4, 1), [2, 4]);

const ROWS = [[1, 4, 0, 2], [3, 2]]; // biome-ignore format: the sources as rows

/** Decoding step by step, with the first row's source in both rows and back, gives the logits of the whole target. */
export async function decodesAsItReads(engine: Engine, module: EncoderDecoder): Promise<void> {
  module.initialize(Key.seed(5));
  const whole = compile((source: Tensor, read: Tensor) => module.forward(source, read), { engine });
  const { data } = await whole(SOURCES, TARGETS);
  const decoder = pairDecoder(module, { rows: 2, sourceLength: 6, capacity: 5 }, (fn, name) =>
    compile(fn, { engine, name: name ?? "" }),
  );
  // What was read before leaves nothing behind.
  await decoder.read([[0], [0, 0, 0]]);
  await decoder.step(Int32Array.of(5, 5), 0);
  await decoder.read(ROWS);
  for (let t = 0; t < 4; t++) {
    const tokens = Int32Array.of(Number(TARGETS.data[t]), Number(TARGETS.data[4 + t]));
    // From the second step on rows go on from themselves, said aloud.
    const logits = await decoder.step(tokens, t, t > 1 ? Int32Array.of(0, 1) : undefined);
    for (const row of [0, 1])
      for (let v = 0; v < 6; v++)
        expect(logits[row * 6 + v], `step ${t}, row ${row}`).toBeCloseTo(
          Number(data[(row * 4 + t) * 6 + v]),
          4,
        );
  }
  await decoder.dispose();
  await whole.dispose();
}
