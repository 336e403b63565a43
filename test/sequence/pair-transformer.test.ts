import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { targetLoss } from "../../src/sequence/encoder-decoder.ts";
import { readAndNext } from "../../src/sequence/examples.ts";
import { Transformer, type TransformerOptions } from "../../src/sequence/pair-transformer.ts";
import { grad } from "../../src/tensor/grad.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { greaterEqual, unsqueeze, where } from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { compareGolden } from "../goldens/compare.ts";
import { goldens } from "../goldens/read.ts";
import { decodesAsItReads, SOURCES, TARGETS } from "./pair-checks.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const SMALL: TransformerOptions = {
  sourceVocabSize: 5,
  vocabSize: 6,
  context: 8,
  width: 8,
  heads: 2,
  layers: 1,
  feedForward: 12,
  attention: true,
  crossAttention: true,
  activation: "relu",
  gated: false,
  norm: "pre",
  normKind: "layer",
  residual: true,
  dropout: 0,
  bias: true,
  positions: "sinusoidal",
  causal: true,
  tied: true,
};

describe("against torch.nn's Transformer layers, with padding: logits, loss and every gradient", () => {
  const all = goldens("pair-transformer");
  test.each([...all.keys()])("%s", async (name) => {
    const { config } = all.get(name)!;
    const module = new Transformer(config as unknown as TransformerOptions);
    await compareGolden(engine, all.get(name)!, {
      module,
      run: ({ source, target }) => {
        const { read, next } = readAndNext(target!);
        const logits = module.forward(source!, read);
        // What follows the end counts for nothing.
        const own = unsqueeze(greaterEqual(next, 0), -1);
        return { logits: where(own, logits, 0), loss: targetLoss(logits, next) };
      },
    });
  });
});

const CHANGES: readonly Partial<TransformerOptions>[] = [
  {},
  { attention: false },
  { crossAttention: false },
  { feedForward: 0 },
  { activation: "gelu" },
  { gated: true },
  { norm: "post" },
  { norm: "none" },
  { normKind: "rms" },
  { residual: false },
  { bias: false },
  { causal: false },
  { tied: false },
  { heads: 4 },
  { layers: 2 },
  { dropout: 0.5 },
  { positions: "none" },
  { positions: "learned" },
  { positions: "rotary" },
  { positions: "alibi" },
];

test("with every option, all that it has is learnt", async () => {
  for (const change of CHANGES) {
    const module = new Transformer({ ...SMALL, ...change });
    module.initialize(Key.seed(0));
    const all = module.variables().map(([, variable]) => variable);
    const program = compile(
      (source: Tensor, read: Tensor) => grad(targetLoss(module.forward(source, read), read), all),
      { engine },
    );
    await expect(program(SOURCES, TARGETS), JSON.stringify(change)).resolves.toHaveLength(all.length);
    await program.dispose();
  }
});

test("every option changes what is computed", async () => {
  const seen = new Map<string, Partial<TransformerOptions>>();
  for (const change of CHANGES) {
    const module = new Transformer({ ...SMALL, ...change });
    // Biases and gains begin at 0 and 1, where they do nothing.
    for (const [name, variable] of module.variables())
      variable.set(ndarray(hostNormal(Key.seed(0).split(name), variable.size), variable.shape));
    const program = compile(
      (source: Tensor, read: Tensor, key: Key) => module.forward(source, read, { key }),
      { engine },
    );
    const { data } = await program(SOURCES, TARGETS, Key.seed(1));
    await program.dispose();
    // Logits of the first token, which nothing but a mask hides the others from.
    const id = Array.from((data as Float32Array).slice(0, 6), (v) => v.toFixed(4)).join();
    expect(seen.get(id), JSON.stringify(change)).toBeUndefined();
    seen.set(id, change);
  }
});

test.each<Partial<TransformerOptions>>([
  {},
  { positions: "rotary", layers: 2 },
  { positions: "alibi", norm: "post" },
  { positions: "learned", crossAttention: false },
  { attention: false },
])("a step of decoding gives what reading the whole target gives: %o", async (change) => {
  await decodesAsItReads(engine, new Transformer({ ...SMALL, ...change }));
});

test("a source longer than the learned positions is refused", () => {
  const module = new Transformer({ ...SMALL, context: 3, positions: "learned" }).initialize(Key.seed(0));
  const program = compile((source: Tensor, read: Tensor) => module.forward(source, read), { engine });
  return expect(program(SOURCES, TARGETS)).rejects.toThrow("4 tokens are more than the model's context of 3");
});
