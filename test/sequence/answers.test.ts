import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Data, PairData } from "../../src/data/data.ts";
import { taskData } from "../../src/data/tasks.ts";
import { pairData, pairsData } from "../../src/data/text.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { begin } from "../../src/model/assemble.ts";
import { withModel } from "../../src/model/context.ts";
import type { Context, Output, World } from "../../src/model/contract.ts";
import { answerExamples, rowsOfPairs, vocabularyOf } from "../../src/sequence/answers.ts";
import type { Gpt } from "../../src/sequence/gpt.ts";
import { gpt } from "../../src/sequence/gpt-model.ts";
import { toNested } from "../../src/tensor/ndarray.ts";
import { Key } from "../../src/tensor/random.ts";
import { train } from "../../src/train/loop.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const pairs = (left: string, right: string, lines: readonly (readonly [string, string])[]): PairData =>
  pairsData("pairs:x", { train: lines, test: lines }, { tokenizers: [left, right] });

describe("one vocabulary for both sides", () => {
  test("a character is one token on both sides; then those that only answers have, then the marker", () => {
    const { spec, train: [pair] } = pairs("characters", "characters", [["1+2", "=3"], ["3+1", "=4"]]); // biome-ignore format: one line
    const vocabulary = vocabularyOf(spec);
    // + 1 2 3 in questions; = and 4 in answers alone.
    expect([vocabulary.vocabSize, vocabulary.marker]).toEqual([7, 6]);
    expect(vocabulary.target(pair!.target)).toEqual([5, 3]);
    expect(vocabulary.tokenizer.decode([5, 3, 1])).toBe("=31");
    expect([...vocabulary.tokenizer.encode("1+2")]).toEqual([1, 0, 2]);
  });

  test("words likewise; bytes are shared; different byte pairs stand beside one another", () => {
    const lines = [["one two", "two three"]] as const;
    expect(vocabularyOf(pairs("words", "words", lines).spec).vocabSize).toBe(4);
    expect(vocabularyOf(pairs("bytes", "bytes", lines).spec).vocabSize).toBe(257);
    const { spec, train: [pair] } = pairs("bytes", "characters", [["a", "b"]]); // biome-ignore format: one line
    const vocabulary = vocabularyOf(spec);
    expect([vocabulary.vocabSize, vocabulary.target(pair!.target)]).toEqual([258, [256]]);
    expect(vocabulary.tokenizer.decode([256])).toBe("b");
  });

  test("of a row, the answer and its end are predicted, and nothing else", () => {
    const { spec, train: all } = pairs("characters", "characters", [["ab", "ba"], ["a", "a"]]); // biome-ignore format: one line
    const { tokens, next } = rowsOfPairs(all, 7, vocabularyOf(spec));
    expect(toNested(tokens)).toEqual([[2, 0, 1, 2, 1, 0, 2], [2, 0, 2, 0, 2, -1, -1]]); // biome-ignore format: one line
    expect(toNested(next)).toEqual([[-1, -1, -1, 1, 0, 2], [-1, -1, 0, 2, -1, -1]]); // biome-ignore format: one line
  });

  test("a batch is padded to its own longest pair", async () => {
    const lines = Array.from(
      { length: 40 },
      (_, i) => [i % 2 ? "ab" : "abcd", i % 2 ? "b" : "dcba"] as const,
    );
    const { train: examples } = answerExamples(
      pairData("pairs:x", lines.map((line) => line.join("\t")).join("\n")),
      20,
    );
    const order = examples.arrange!(
      Int32Array.from({ length: examples.length }, (_, i) => i),
      8,
    );
    const shapes: (readonly number[])[] = [];
    for (const from of [0, 8]) shapes.push((await examples.batch(order.slice(from, from + 8))).tokens!.shape);
    expect(shapes.toSorted(([, x], [, y]) => x! - y!)).toEqual([[8, 6], [8, 11]]); // biome-ignore format: one line
  });

  test("what is longer than the context is refused", () => {
    const data = pairData("pairs:x", Array.from({ length: 10 }, () => "abc\tcba").join("\n"));
    expect(answerExamples(data, 8).train.length).toBe(9);
    expect(() => answerExamples(data, 7)).toThrow("8 tokens together, which is more than the context of 7");
  });
});

test("it learns to sort, and is measured by answers that are right as a whole", async () => {
  const data = taskData("sort,length=3,min=3,symbols=3", "task:sort");
  const options = { layers: 1, heads: 2, width: 32, context: 8 };
  const training = { steps: 250, batchSize: 16, warmup: 10, lr: 0.01 };
  const { task, plan, sets } = begin(gpt, { data, options, training });
  for await (const _ of train({ task, plan, examples: sets.train, engine, seed: 0 }));
  const never = (): Promise<never> => Promise.reject(new Error("not here"));
  const world: World = { data: async (): Promise<Data> => data, asset: never, file: never, run: never };
  const use = (name: string, given: object): Promise<Output> =>
    withModel(
      { module: task.module as Gpt, options: gpt.options.parse(options), spec: data.spec, engine, key: Key.seed(0), world },
      (context) => {
        const command = gpt.commands[name]!;
        return command.run(context as Context<never, Gpt>, command.options.parse(given) as never);
      },
    ); // biome-ignore format: a long call
  const { numbers } = await use("evaluate", {});
  expect(numbers).toMatchObject({ exactMatch: 1, tokenAccuracy: 1, testPairs: 2 });
  expect((await use("sample", { prompt: "cab", temperature: 0 })).text).toEqual(["cab → abc"]);
  const { text } = await use("sample", { temperature: 0 });
  const [question] = text![0]!.split(" → ");
  expect(text).toHaveLength(2);
  expect(text![0]).toBe(`${question} → ${Array.from(question!).sort().join("")}`);
  await expect(use("sample", { prompt: "cab", beams: 2 })).rejects.toThrow("leave option `beams` out");
  await expect(use("evaluate", { stride: 1 })).rejects.toThrow("are for text");
}, 20_000);
