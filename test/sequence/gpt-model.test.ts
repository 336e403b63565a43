import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Data } from "../../src/data/data.ts";
import { POINTS } from "../../src/data/points.ts";
import { lineData, textData } from "../../src/data/text.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { begin } from "../../src/model/assemble.ts";
import { withModel } from "../../src/model/context.ts";
import type { Context, Output, World } from "../../src/model/contract.ts";
import { writeSafeTensors } from "../../src/nn/safetensors.ts";
import { CountModel } from "../../src/sequence/count-model.ts";
import { Gpt } from "../../src/sequence/gpt.ts";
import { gpt } from "../../src/sequence/gpt-model.ts";
import { writeGpt2Weights } from "../../src/sequence/gpt-weights.ts";
import { Key } from "../../src/tensor/random.ts";
import { train } from "../../src/train/loop.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const lines = lineData(
  "lines:words",
  Array.from({ length: 200 }, (_, i) => ["anna", "otto", "eve", "bob"][i % 4]).join("\n"),
);
const tiny = { layers: 1, heads: 2, width: 16, context: 8 };

/** Train a little, and use it. */
async function learned(
  data: Data,
  steps = 150,
): Promise<
  <T>(job: (context: Context<never, Gpt>) => Promise<T>, write?: (text: string) => void) => Promise<T>
> {
  const { task, plan, sets } = begin(gpt, {
    data,
    options: tiny,
    training: { steps, batchSize: 16, warmup: 5, lr: 0.02 },
  });
  for await (const _ of train({ task, plan, examples: sets.train, engine, seed: 0 }));
  const world: World = {
    data: async () => data,
    asset: () => Promise.reject(new Error("no assets")),
    file: () => Promise.reject(new Error("no files")),
    run: () => Promise.reject(new Error("no runs")),
  };
  const options = gpt.options.parse(tiny) as never;
  return (job, write) =>
    withModel(
      { module: task.module as Gpt, options, spec: data.spec, engine, key: Key.seed(0), world, write },
      job,
    );
}

const run =
  (name: string, options: object) =>
  (context: Context<never, Gpt>): Promise<Output> => {
    const command = gpt.commands[name]!;
    return command.run(context as never, command.options.parse(options) as never);
  };

describe("on lines", () => {
  test("it learns them, writes them, and is measured beside the count model", async () => {
    const use = await learned(lines);
    const { text } = await use(run("sample", { count: 20, temperature: 0.5 }));
    expect(text).toHaveLength(20);
    expect(text!.filter((word) => ["anna", "otto", "eve", "bob"].includes(word)).length).toBeGreaterThan(15);

    const pieces: string[] = [];
    const { text: one } = await use(run("sample", { count: 1, prompt: "e", temperature: 0 }), (piece) =>
      pieces.push(piece),
    );
    expect(one).toEqual(["eve"]);
    expect(pieces.filter(Boolean)).toEqual(["e", "v", "e"]);
    expect((await use(run("sample", { beams: 3, prompt: "b" }))).text).toEqual(["bob"]);

    const { numbers } = await use(run("evaluate", {}));
    const count = new CountModel(lines.train, 5, lines.tokenizer.vocabSize, lines.spec.ending).loss(
      lines.test,
    );
    expect(numbers).toMatchObject({ count5gramLoss: count, testTokens: lines.test.length });
    expect(numbers!.perplexity).toBeCloseTo(Math.exp(numbers!.testLoss!), 10);
    // One byte a token.
    expect(numbers!.bitsPerByte).toBeCloseTo(numbers!.testLoss! / Math.LN2, 10);
    const look = await use((context) => gpt.preview!(context));
    expect(look.numbers!.testLoss).toBeCloseTo(numbers!.testLoss!, 4);
    expect(look.text![0]!.split(", ")).toHaveLength(8);
  });
  test("a character that was never seen is named, and so is a prompt longer than the context", async () => {
    const use = await learned(lines, 10);
    await expect(use(run("sample", { prompt: "zoë" }))).rejects.toThrow(
      'the character "z" (U+007A) has no token',
    );
    await expect(use(run("sample", { prompt: "annaannaanna" }))).rejects.toThrow(
      "13 tokens, which is more than the model's context of 8",
    );
    await expect(use(run("evaluate", { stride: 9 }))).rejects.toThrow(
      "tokens would be left out, as the context is 8",
    );
  });
});

describe("on one piece of text", () => {
  const text = textData("text:t", "to be or not to be\n".repeat(30));
  test("a smaller stride lets tokens see more, and helps", async () => {
    const use = await learned(text, 80);
    const [wide, narrow] = [
      await use(run("evaluate", { stride: 8 })),
      await use(run("evaluate", { stride: 1 })),
    ];
    expect(narrow.numbers!.testTokens).toBe(wide.numbers!.testTokens);
    expect(narrow.numbers!.testLoss!).toBeLessThan(wide.numbers!.testLoss!);
    const { text: written } = await use(run("sample", { maxNewTokens: 30, temperature: 0, stop: ["not"] }));
    expect(written![0]).not.toContain("not");
    expect("to be or not to be\n".repeat(3)).toContain(written![0]!.slice(0, 6).trimStart());
  });
});

test("data that are no text are refused", () => {
  expect(() => begin(gpt, { data: POINTS["ring-8"]() as Data })).toThrow(
    'gpt learns from text, and the data set "ring-8" holds points',
  );
});

describe("files of GPT-2", () => {
  const options = {
    ...gpt.options.parse(tiny),
    positions: "learned" as const,
    feedForward: 64,
    vocabSize: 258,
  };
  const files = async (): Promise<Record<string, Uint8Array>> => {
    const module = new Gpt(options).initialize(Key.seed(2));
    const { tensors, config } = writeGpt2Weights(await module.stateDict(), options);
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    const { bpeTokenizer } = await import("../../src/data/bpe.ts");
    const tokenizer = bpeTokenizer(["t o"], ["<|endoftext|>"]);
    const signs = Object.fromEntries(Array.from({ length: 256 }, (_, token) => [signOf(token), token]));
    return {
      "model.safetensors": writeSafeTensors(tensors),
      "config.json": bytes(JSON.stringify(config)),
      "vocab.bpe": bytes("#version: 0.2\nt o\n"),
      "encoder.json": bytes(JSON.stringify({ ...signs, to: 256, "<|endoftext|>": tokenizer.vocabSize - 1 })),
    };
  };
  /** Token i of the bytes in GPT-2's files. */
  const signOf = (token: number): string => {
    const printed = Array.from({ length: 256 }, (_, b) => b).filter(
      (b) => (b > 0x20 && b < 0x7f) || (b > 0xa0 && b !== 0xad),
    );
    return String.fromCodePoint(printed[token] ?? 256 + token - printed.length);
  };
  test("are read whole: options, weights and tokenizer", async () => {
    const all = await files();
    const adopted = await gpt.adopt!(async (name) => all[name], "folder");
    expect(adopted.options).toMatchObject({ layers: 1, width: 16, context: 8, feedForward: 64 });
    expect(adopted.tokenizer).toEqual({ kind: "bpe", merges: ["t o"], special: ["<|endoftext|>"] });
    const data = textData("t", "to be or not to be\n".repeat(9), { tokenizer: adopted.tokenizer });
    const weights = { dict: adopted.dict, source: "folder" };
    const training = { batchSize: 4 };
    expect(
      begin(gpt, { data, options: adopted.options, weights, training }).task.module.parameterCount,
    ).toBeGreaterThan(0);
    const other = textData("t", "to be or not to be\n".repeat(9));
    expect(() => begin(gpt, { data: other, options: adopted.options, weights, training })).toThrow(
      "folder: the weights have 258 tokens and the data's tokenizer has 8",
    );
  });
  test("what is missing is named", async () => {
    const { "encoder.json": _, ...rest } = await files();
    await expect(
      gpt.adopt!(async (name) => (rest as Record<string, Uint8Array>)[name], "folder"),
    ).rejects.toThrow("folder: encoder.json of a GPT is missing");
  });
});
