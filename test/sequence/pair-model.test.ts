import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PairData } from "../../src/data/data.ts";
import { taskData } from "../../src/data/tasks.ts";
import { lineData, pairData } from "../../src/data/text.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { exportOnnx } from "../../src/engine/onnx/export.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { begin } from "../../src/model/assemble.ts";
import { withModel } from "../../src/model/context.ts";
import type { AnyModel, Context, Model, Output, World } from "../../src/model/contract.ts";
import type { EncoderDecoder } from "../../src/sequence/encoder-decoder.ts";
import { seq2seq } from "../../src/sequence/seq2seq-model.ts";
import { transformer } from "../../src/sequence/transformer-model.ts";
import { agreement, editDistance, referencesOf } from "../../src/sequence/translation.ts";
import { Key } from "../../src/tensor/random.ts";
import { train } from "../../src/train/loop.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const data = taskData("reverse,length=5,symbols=4,count=1300", "task:reverse") as PairData;

const worldOf = (all: PairData): World => ({
  data: async () => all,
  asset: () => Promise.reject(new Error("no assets")),
  file: () => Promise.reject(new Error("no files")),
  run: () => Promise.reject(new Error("no runs")),
});

type Use = <T>(job: (context: Context<never, EncoderDecoder>) => Promise<T>) => Promise<T>;

/** Train a little, and use it. */
async function learned(model: AnyModel, options: object, training: object): Promise<Use> {
  const { task, plan, sets } = begin(model, { data, options: options as never, training: training as never });
  for await (const _ of train({ task, plan, examples: sets.train, engine, seed: 0, sampleEvery: 1e6 }));
  const world = worldOf(data);
  const parsed = model.options.parse(options) as never;
  const parts = { options: parsed, spec: data.spec, engine, key: Key.seed(0), world };
  return (job) => withModel({ ...parts, module: task.module as EncoderDecoder }, job);
}

const run =
  (model: AnyModel, name: string, options: object) =>
  (context: Context<never, EncoderDecoder>): Promise<Output> => {
    const command = (model as Model).commands[name]!;
    return command.run(context as never, command.options.parse(options));
  };

const TRAINED = [
  ["seq2seq", seq2seq, { width: 32, embedding: 8, dropout: 0 }, { steps: 300, batchSize: 32, lr: 0.02, warmup: 10 }],
  ["transformer", transformer, { width: 32, layers: 1, heads: 2, context: 32, dropout: 0 }, { steps: 600, batchSize: 32, lr: 0.01, warmup: 50 }],
] as const; // biome-ignore format: a table

describe.each(TRAINED)("%s on reversing", (name, model, options, training) => {
  let use: Use;
  beforeAll(async () => {
    use = await learned(model as AnyModel, options, training);
  });
  const does = (command: string, given: object): Promise<Output> =>
    use(run(model as AnyModel, command, given));
  test("it learns, translates, and is measured", async () => {
    const { numbers } = await does("evaluate", {});
    expect(numbers!.exactMatch).toBeGreaterThan(0.6);
    expect(numbers!.tokenAccuracy).toBeGreaterThan(numbers!.exactMatch!);
    expect(numbers!.sequenceErrorRate).toBeCloseTo(1 - numbers!.exactMatch!, 10);
    expect(numbers!.tokenErrorRate).toBeLessThan(numbers!.sequenceErrorRate!);
    const searched = await does("evaluate", { beams: 3, byLength: true });
    const rows = searched.text!.slice(2).map((row) => row.split("|").map((cell) => Number.parseFloat(cell)));
    expect(rows.map(([, length]) => length)).toEqual([1, 2, 3, 4, 5]);
    const wrong = rows.reduce((all, [, , count, percent]) => all + (count! * percent!) / 100, 0);
    expect(wrong / numbers!.sources!).toBeCloseTo(searched.numbers!.sequenceErrorRate!, 2);
    expect(searched.numbers!.testLoss).toBeCloseTo(numbers!.testLoss!, 5);
    expect(searched.numbers!.exactMatch).toBeGreaterThan(numbers!.exactMatch! - 0.05);

    const { text } = await does("translate", { source: "abcad\ncbadc", beams: 3 });
    expect(text).toHaveLength(6);
    expect([text![0], text![3]]).toEqual(["abcad → dacba", "cbadc → cdabc"]);
    // Searches side by side find what each finds alone.
    const alone = await does("translate", { source: "cbadc", beams: 3 });
    expect(alone.text).toEqual(text!.slice(3));
    const examples = await does("translate", { count: 20 });
    expect(examples.text!.filter((line) => !line.includes("right:")).length).toBeGreaterThan(10);
    const look = await use((context) => model.preview!(context as never));
    expect(look.numbers!.testLoss).toBeCloseTo(numbers!.testLoss!, 4);
  });
  test("its maps of attention are drawn, and kept as data whose rows sum to one", async () => {
    const { pictures, files, text } = await does("attention", { source: "abca", target: "acba" });
    expect(text).toEqual(["abca → acba"]);
    const { maps, source, written } = JSON.parse(files![0]!.text) as {
      maps: { layer: string; head: number; weights: number[][] }[];
      source: string[];
      written: string[];
    };
    expect(source).toEqual(["a", "b", "c", "a"]);
    expect(written).toEqual(["a", "c", "b", "a", "end"]);
    for (const { weights } of maps)
      for (const row of weights) expect(row.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 4);
    const across = maps.filter(({ layer }) => /alignment|cross/.test(layer));
    expect(across.map(({ weights }) => [weights.length, weights[0]!.length])).toEqual(
      across.map(() => [5, 4]),
    );
    expect(pictures!.map(({ name: picture }) => picture)).toEqual(
      name === "seq2seq" ? ["alignment"] : ["cross-attention", "decoder-attention", "encoder-attention"],
    );
  });
  test("a letter that was never seen is named", async () => {
    await expect(does("translate", { source: "abz" })).rejects.toThrow(
      'the character "z" (U+007A) has no token',
    );
  });
  test("its encoder and a step of decoding run without this package", async () => {
    const file = await use(async ({ module, options: own, spec }) => {
      const lengths = { sourceLength: 5, targetLength: 6 };
      const parts = model.exports!.parts({ module, options: own, spec } as never, 1, lengths as never);
      const freeze = module.variables().map(([, v]) => v);
      const written = Object.entries(parts).map(async ([part, { run: fn, inputs }]) => [
        part,
        await exportOnnx(fn, inputs, { engine, freeze }),
      ]);
      return Object.fromEntries(await Promise.all(written)) as Record<string, { bytes: Uint8Array }>;
    });
    const [encoder, step] = await Promise.all([
      InferenceSession.create(file.encoder!.bytes),
      InferenceSession.create(file.step!.bytes),
    ]);
    const tokens = data.source.encode("dcba");
    const source = new OrtTensor("int32", Int32Array.of(...tokens, -1), [1, 5]);
    let now: Record<string, OrtTensor> = await encoder.run({ source });
    const written: number[] = [];
    for (let token = data.target.vocabSize, at = 0; at < 5; at++) {
      const { logits, ...next } = await step.run({
        ...now,
        tokens: new OrtTensor("int32", Int32Array.of(token), [1]),
        position: new OrtTensor("int32", Int32Array.of(at), [1]),
      });
      const scores = Array.from(logits!.data as Float32Array);
      token = scores.indexOf(Math.max(...scores));
      written.push(token);
      const renamed = Object.entries(next).map(([key, value]) => [key.replace("next.", "state."), value]);
      now = { ...now, ...Object.fromEntries(renamed) };
    }
    const { text } = await does("translate", { source: "dcba" });
    const end = written.indexOf(data.target.vocabSize);
    expect(end).toBeGreaterThan(0);
    expect(text).toEqual([`dcba → ${data.target.decode(written.slice(0, end))}`]);
  });
});

test("data that are no pairs are refused, and so is a source longer than the context", async () => {
  const lines = lineData("lines:l", "a\n".repeat(20));
  expect(() => begin(seq2seq, { data: lines })).toThrow(
    'seq2seq learns from pairs of a source and a target, and the data set "lines:l" holds tokens',
  );
  const long = pairData("pairs:p", Array.from({ length: 10 }, () => `${"a".repeat(9)}\tb`).join("\n"));
  expect(() => begin(transformer, { data: long, options: { context: 8 } })).toThrow(
    "the source of pair 1 (train) has 9 tokens, more than the model's context of 8",
  );
});

test("a fixed code has no map of attention", async () => {
  const use = await learned(seq2seq, { width: 8, attention: "none" }, { steps: 1, batchSize: 4, warmup: 0 });
  await expect(use(run(seq2seq, "attention", { source: "ab" }))).rejects.toThrow(
    "this model has no attention, so there is no map of it",
  );
});

test("a translation is right where it equals any of a source's targets; errors count from the nearest", () => {
  const of = (...tokens: number[]): Int32Array => Int32Array.from(tokens);
  const references = referencesOf([
    { source: of(1), target: of(1, 2, 3) },
    { source: of(2), target: of(4) },
    { source: of(1), target: of(1, 2) },
  ]);
  expect(references.map(({ targets }) => targets.length)).toEqual([2, 1]);
  expect(agreement(references, [[1, 2], [5, 6]])).toEqual({ exactMatch: 1 / 2, tokenErrorRate: 2 / 3 }); // biome-ignore format: rows
  expect(editDistance([1, 2, 3], [2, 3, 4])).toBe(2);
});
