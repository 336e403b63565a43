import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { targetLoss } from "../../src/sequence/encoder-decoder.ts";
import { readAndNext } from "../../src/sequence/examples.ts";
import { pairExamples } from "../../src/sequence/pairs.ts";
import { Seq2seq, type Seq2seqOptions } from "../../src/sequence/seq2seq.ts";
import { grad } from "../../src/tensor/grad.ts";
import type { NdArray } from "../../src/tensor/ndarray.ts";
import { constant, greaterEqual, unsqueeze, where } from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { compareGolden } from "../goldens/compare.ts";
import { distance, goldens } from "../goldens/read.ts";
import { decodesAsItReads, SOURCES, TARGETS } from "./pair-checks.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const SMALL: Seq2seqOptions = {
  sourceVocabSize: 5,
  vocabSize: 6,
  cell: "lstm",
  embedding: 4,
  width: 6,
  layers: 1,
  bidirectional: false,
  attention: "none",
  inputFeeding: false,
  dropout: 0,
};

describe("against PyTorch with packed sequences: logits, loss and every gradient", () => {
  const all = goldens("seq2seq");
  test.each([...all.keys()])("%s", async (name) => {
    const { config } = all.get(name)!;
    const module = new Seq2seq(config as unknown as Seq2seqOptions);
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

const VARIANTS: Partial<Seq2seqOptions>[] = [
  { layers: 2 },
  { cell: "gru", bidirectional: true },
  { attention: "additive", cell: "rnn" },
  { attention: "dot", layers: 2, bidirectional: true },
  { attention: "general", inputFeeding: true },
];

test.each(VARIANTS)("a step of decoding gives what reading the whole target gives: %o", async (change) => {
  await decodesAsItReads(engine, new Seq2seq({ ...SMALL, ...change }));
});

test.each(VARIANTS)("a padded batch has the loss of its sentences one by one: %o", async (change) => {
  const module = new Seq2seq({ ...SMALL, ...change }).initialize(Key.seed(1));
  const pairs = [
    { source: Int32Array.of(1, 2, 3, 4, 0), target: Int32Array.of(1) },
    { source: Int32Array.of(2), target: Int32Array.of(0, 1, 2, 3) },
    { source: Int32Array.of(4, 4), target: Int32Array.of(2, 2) },
  ];
  const program = compile(
    (source: Tensor, target: Tensor) => {
      const { read, next } = readAndNext(target);
      return targetLoss(module.forward(source, read), next, { reduction: "sum" });
    },
    { engine },
  );
  const lossOf = async (some: typeof pairs): Promise<number> => {
    const examples = pairExamples(some, 5);
    const { source, target } = await examples.batch(some.map((_, i) => i));
    return Number((await program(source!, target!)).data[0]);
  };
  const alone = await Promise.all(pairs.map((pair) => lossOf([pair])));
  expect(await lossOf(pairs)).toBeCloseTo(
    alone.reduce((sum, loss) => sum + loss, 0),
    3,
  );
  await program.dispose();
});

describe("scheduled sampling", () => {
  const make = (own: number) => {
    const module = new Seq2seq({ ...SMALL, attention: "additive" }).initialize(Key.seed(2));
    const program = compile(
      (source: Tensor, read: Tensor, key: Key) => {
        const logits = module.forward(source, read, { key, own: constant(own) });
        const forced = module.forward(source, read, { key });
        return { logits, forced, grads: grad(logits.mul(logits).sum(), module.parameters()) };
      },
      { engine },
    );
    return program(SOURCES, TARGETS, Key.seed(3));
  };
  test("never is teacher forcing; always reads its own tokens from the second on, and still learns", async () => {
    const never = await make(0);
    expect(distance(never.logits, never.forced)).toBeLessThan(1e-5);
    const always = await make(1);
    const first = (t: NdArray): number[] => Array.from(t.data.slice(0, 6), Number);
    expect(first(always.logits)).toEqual(first(never.logits));
    expect(distance(always.logits, always.forced)).toBeGreaterThan(1e-3);
    for (const g of always.grads) expect(Array.from(g.data, Number).some((x) => x !== 0)).toBe(true);
  });
});

test("what cannot be is refused", () => {
  expect(() => new Seq2seq({ ...SMALL, width: 5, bidirectional: true })).toThrow(
    "option `width` must be even, not 5",
  );
  expect(() => new Seq2seq({ ...SMALL, attention: "additive", inputFeeding: true })).toThrow(
    "option `inputFeeding` is for attention dot or general, not additive",
  );
});
