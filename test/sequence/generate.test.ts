import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byteTokenizer } from "../../src/data/tokenizer.ts";
import { compile as compileOn } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { planOf } from "../../src/engine/fused/plan.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { init } from "../../src/nn/index.ts";
import { beamSearch } from "../../src/sequence/beam.ts";
import {
  type Compile,
  type Decoder,
  decodingStep,
  gptDecoder,
  plainGptDecoder,
} from "../../src/sequence/decoder.ts";
import { type GenerateOptions, generate, generateText } from "../../src/sequence/generate.ts";
import { Gpt, type GptOptions } from "../../src/sequence/gpt.ts";
import * as logitsBy from "../../src/sequence/logits.ts";
import type { Graph } from "../../src/tensor/graph.ts";
import { ndarray, zeros } from "../../src/tensor/ndarray.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { distance } from "../goldens/read.ts";

let engine: Engine;
let compile: Compile;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
  compile = (fn, name) => compileOn(fn, { engine, ...(name !== undefined && { name }) });
});
afterAll(() => engine.dispose());

const SMALL: GptOptions = {
  vocabSize: 9,
  context: 8,
  width: 16,
  heads: 2,
  layers: 2,
  feedForward: 16,
  attention: true,
  dropout: 0,
  activation: "gelu",
  gated: false,
  norm: "pre",
  normKind: "layer",
  residual: true,
  bias: true,
  positions: "learned",
  causal: true,
  tied: true,
};
/** A GPT whose weights are large enough for its distributions to be far from even. */
function lively(options: Partial<GptOptions> = {}): Gpt {
  const gpt = new Gpt({ ...SMALL, ...options });
  for (const [name, variable] of gpt.variables())
    variable.set({
      data: init.normal(0, 0.5)(Key.seed(5).split(name), variable.shape),
      shape: variable.shape,
      dtype: "float32",
    });
  return gpt;
}
const key = Key.seed(1);

async function tokensOf(
  decoder: Decoder,
  prompt: number[],
  options: Partial<GenerateOptions>,
): Promise<number[][]> {
  const rows = Array.from({ length: decoder.rows }, () => [] as number[]);
  for await (const { row, token } of generate(decoder, prompt, { maxNewTokens: 20, key, ...options }))
    rows[row]!.push(token);
  return rows;
}

describe("with a cache the same tokens as without", () => {
  test.each(["none", "sinusoidal", "learned", "rotary", "alibi"] as const)(
    "positions %s, beyond the context too",
    async (positions) => {
      const gpt = lively({ positions });
      const decoders = [gptDecoder(gpt, 3, compile), plainGptDecoder(gpt, 3, compile)];
      const [cached, plain] = [
        await tokensOf(decoders[0]!, [1, 2, 3], {}),
        await tokensOf(decoders[1]!, [1, 2, 3], {}),
      ];
      expect(cached).toEqual(plain);
      expect(new Set(cached.map(String)).size).toBe(3);
      for (const decoder of decoders) await decoder.dispose();
    },
  );
});

test("in WebAssembly, too; and the graph of a step writes no cache", async () => {
  const wasm = await nodeEngine({ device: "wasm", threads: 1 });
  const gpt = lively();
  const graphs: Promise<Graph>[] = [];
  const onWasm: Compile = (fn, name) => {
    const compiled = compileOn(fn, { engine: wasm, ...(name !== undefined && { name }) });
    graphs.push(compiled.graph(...([Int32Array.of(0, 0), Int32Array.of(0), undefined] as never)));
    return compiled;
  };
  const [cached, plain] = [gptDecoder(gpt, 2, onWasm), plainGptDecoder(gpt, 2, compile)];
  expect(await tokensOf(cached, [4], {})).toEqual(await tokensOf(plain, [4], {}));
  const { rest, jobs } = planOf(await graphs[0]!)!;
  expect([rest.updates, jobs.length]).toEqual([[], 4]);
  for (const decoder of [cached, plain]) await decoder.dispose();
  await wasm.dispose();
});

test("a step for other programs gives the same logits, its cache going in and out", async () => {
  const gpt = lively({ positions: "rotary" });
  const decoder = gptDecoder(gpt, 2, compile);
  const part = decodingStep(gpt, 2);
  const program = compile((inputs: Readonly<Record<string, Tensor>>) => part.run(inputs));
  const cache = (name: string): boolean => !["tokens", "position"].includes(name);
  let state = Object.fromEntries(
    Object.entries(part.inputs).flatMap(([name, { shape }]) =>
      cache(name) ? [[name, zeros(shape, "float32")]] : [],
    ),
  );
  for (const [position, tokens] of [
    [1, 2],
    [3, 4],
    [5, 6],
  ].entries()) {
    const { logits, ...next } = await program({
      ...state,
      tokens: ndarray(Int32Array.from(tokens), [2]),
      position: ndarray(Int32Array.of(position), [1]),
    });
    const expected = await decoder.step(Int32Array.from(tokens), position);
    expect(distance(logits!, ndarray(expected, [2, 9]))).toBeLessThan(1e-6);
    state = Object.fromEntries(
      Object.entries(next).map(([name, value]) => [name.replace("next.", ""), value]),
    ) as never;
  }
  await program.dispose();
  await decoder.dispose();
});

describe("choosing", () => {
  const logits = () => Float64Array.of(2, 1, 0, -1).map((x) => x);
  const none = { tokens: [], prompt: 0 };
  const kept = (processor: logitsBy.LogitsProcessor, history: logitsBy.History = none) =>
    [...processor(logits(), history)].map((x) => x > Number.NEGATIVE_INFINITY);
  // p = 0.644, 0.237, 0.087, 0.032
  test.each([
    ["top-k 2", logitsBy.topK(2), [true, true, false, false]],
    ["top-p 0.6 keeps what reaches it", logitsBy.topP(0.6), [true, false, false, false]],
    ["top-p 0.7", logitsBy.topP(0.7), [true, true, false, false]],
    ["min-p 0.1", logitsBy.minP(0.1), [true, true, true, false]],
    // Entropy 0.947 nats: the surprises are 0.44, 1.44, 2.44 and 3.44.
    ["typical 0.2 takes what is nearest to the entropy", logitsBy.typical(0.2), [false, true, false, false]],
    ["typical 0.7", logitsBy.typical(0.7), [true, true, false, false]],
  ])("%s", (_, processor, expected) => {
    expect(kept(processor)).toEqual(expected);
  });
  test("penalties by hand", () => {
    const history = { tokens: [0, 3, 1, 1], prompt: 2 };
    expect([...logitsBy.repetitionPenalty(2)(logits(), history)]).toEqual([1, 0.5, 0, -2]);
    expect([...logitsBy.countPenalty(0.5, 0.25)(logits(), history)]).toEqual([2, -0.25, 0, -1]);
    expect([...logitsBy.temperature(2)(logits(), history)]).toEqual([1, 0.5, 0, -0.5]);
  });
  test("no n-gram twice, no bad word, no early end", () => {
    expect(kept(logitsBy.noRepeat(2), { tokens: [1, 2, 1, 3, 1], prompt: 0 })).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(kept(logitsBy.badWords([[2], [1, 0]]), { tokens: [3, 1], prompt: 0 })).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(kept(logitsBy.minNewTokens(2, [3]), { tokens: [0, 1], prompt: 1 })).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(kept(logitsBy.minNewTokens(2, [3]), { tokens: [0, 1, 1], prompt: 1 })).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
  test("draws follow the distribution", () => {
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 1000; i++) counts[logitsBy.drawn(logits(), (i + 0.5) / 1000)]!++;
    expect(counts).toEqual([644, 237, 87, 32]);
  });
});

/** A decoder whose next token depends on the last alone: row a of the table holds the logits after a. */
function table(rows: readonly (readonly number[])[], count = 1, capacity = 100): Decoder {
  return {
    vocabSize: rows.length,
    rows: count,
    capacity,
    step: async (tokens) => Float32Array.from([...tokens].flatMap((token) => rows[token]!)),
    dispose: async () => {},
  };
}

describe("writing", () => {
  const cycle = [
    [0, 9, 0, 0],
    [0, 0, 9, 0],
    [0, 0, 0, 9],
    [9, 0, 0, 0],
  ];
  test("greedy, stop tokens, the model's log-probabilities", async () => {
    const written = [];
    for await (const one of generate(table(cycle), [0], {
      maxNewTokens: 9,
      temperature: 0,
      stopTokens: [3],
      key,
    }))
      written.push(one);
    expect(written.map(({ token, end }) => [token, end])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, "stop"],
    ]);
    expect(written[0]!.logProbability).toBeCloseTo(-Math.log(1 + 3 * Math.exp(-9)), 6);
  });
  test("a row's draws do not depend on how many rows there are", async () => {
    const flat = [0, 1, 2, 3].map(() => [1, 1, 1, 1]);
    const [three, one] = [await tokensOf(table(flat, 3), [0], {}), await tokensOf(table(flat), [0], {})];
    expect(three[0]).toEqual(one[0]);
    expect(three[1]).not.toEqual(three[0]);
  });
  test("own processors, bad words and no token left", async () => {
    const forbid: logitsBy.LogitsProcessor = (l) => l.map((x, i) => (i === 1 ? Number.NEGATIVE_INFINITY : x));
    expect(
      await tokensOf(table(cycle), [0], { temperature: 0, processors: [forbid], maxNewTokens: 1 }),
    ).toEqual([[0]]);
    await expect(tokensOf(table(cycle), [0], { badWords: [[0], [1], [2], [3]] })).rejects.toThrow(
      "no token is left",
    );
  });
  test("prompts that cannot be", async () => {
    await expect(tokensOf(table(cycle), [], {})).rejects.toThrow("there is no prompt");
    await expect(tokensOf(table(cycle), [4], {})).rejects.toThrow("the prompt has token 4; the model has 4");
    await expect(tokensOf(table(cycle, 1, 2), [0, 1, 2], {})).rejects.toThrow(
      "3 tokens, which is more than the model's context of 2",
    );
  });
  test("an abort takes effect between tokens", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { token } of generate(table(cycle), [0], {
        maxNewTokens: 9,
        temperature: 0,
        key,
        signal: stop.signal,
      })) {
        seen.push(token);
        if (seen.length === 2) stop.abort();
      }
    };
    await expect(run()).rejects.toThrow("abort");
    expect(seen).toEqual([1, 2]);
  });
});

describe("text", () => {
  /** A decoder that writes these bytes, whatever it reads. */
  const writes = (text: string): Decoder => {
    const bytes = byteTokenizer.encode(text);
    return {
      vocabSize: 256,
      rows: 1,
      capacity: 1000,
      step: async (_, position) =>
        Float32Array.from({ length: 256 }, (__, i) => (i === bytes[position] ? 50 : 0)),
      dispose: async () => {},
    };
  };
  const pieces = async (text: string, stop: string[] = []): Promise<string[]> => {
    const out: string[] = [];
    const options = { maxNewTokens: byteTokenizer.encode(text).length, temperature: 0, key, stop };
    for await (const piece of generateText(writes(text), byteTokenizer, [0], options)) out.push(piece.text);
    return out;
  };
  test("comes in whole characters", async () => {
    expect(await pieces("a🙂é")).toEqual(["a", "🙂", "é"]);
  });
  test("a stop text ends it and is not shown, nor is its beginning before that is known", async () => {
    expect(await pieces("one, two. three", [". "])).toEqual(Array.from("one, two").concat(""));
    expect((await pieces("1.5 and. more", [". "])).join("")).toBe("1.5 and");
    expect((await pieces("the end.", [". "])).join("")).toBe("the end.");
  });
});

describe("beam search", () => {
  const gpt = (): Gpt => lively({ vocabSize: 4, context: 6 });
  /** Every sequence of at most `length` tokens that ends with token 0, or is of that length, by its log p. */
  async function all(decoder: Decoder, length: number): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    const visit = async (tokens: number[], sum: number): Promise<void> => {
      if (tokens.length === length || tokens.at(-1) === 0) return void found.set(tokens.join(""), sum);
      let logits: Float32Array | undefined;
      for (const [i, token] of [1, ...tokens].entries()) logits = await decoder.step(Int32Array.of(token), i);
      const logp = logitsBy.logProbabilities(Float64Array.from(logits!));
      for (let token = 0; token < 4; token++) await visit([...tokens, token], sum + logp[token]!);
    };
    await visit([], 0);
    return found;
  }
  test.each([0, 1])(
    "with beams for all, it finds the best of all sequences; length penalty %s",
    async (lengthPenalty) => {
      const model = gpt();
      const [plain, decoder] = [plainGptDecoder(model, 1, compile), gptDecoder(model, 40, compile)];
      const sequences = await all(plain, 3);
      const [best, second] = [...sequences].sort(
        ([a, p], [b, q]) => q / b.length ** lengthPenalty - p / a.length ** lengthPenalty,
      );
      const found = await beamSearch(decoder, [1], { maxNewTokens: 3, stopTokens: [0], lengthPenalty });
      expect(found.slice(0, 2).map(({ tokens }) => tokens.join(""))).toEqual([best![0], second![0]]);
      expect(found[0]!.logProbability).toBeCloseTo(best![1], 4);
      await plain.dispose();
      await decoder.dispose();
    },
  );
  test("one beam is greedy; more find what is at least as likely", async () => {
    const model = gpt();
    const [one, four] = [gptDecoder(model, 1, compile), gptDecoder(model, 4, compile)];
    const greedy = await tokensOf(one, [2], { maxNewTokens: 5, temperature: 0 });
    const found = await beamSearch(one, [2], { maxNewTokens: 5 });
    expect(found[0]!.tokens).toEqual(greedy[0]);
    const better = await beamSearch(four, [2], { maxNewTokens: 5 });
    expect(better[0]!.logProbability).toBeGreaterThanOrEqual(found[0]!.logProbability - 1e-6);
    await one.dispose();
    await four.dispose();
  });
  test("what draws by chance is refused", async () => {
    await expect(beamSearch(table([[0]]), [0], { maxNewTokens: 1, topK: 3 })).rejects.toThrow(
      "leave option `topK` out",
    );
  });
});
