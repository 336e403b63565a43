import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { causalBias, joinHeads, splitHeads } from "../../src/nn/attention.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { Gpt, type GptOptions } from "../../src/sequence/gpt.ts";
import { readGptWeights, writeGpt2Weights } from "../../src/sequence/gpt-weights.ts";
import { alibiSlopes } from "../../src/sequence/positions.ts";
import { Block } from "../../src/sequence/transformer.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import { chunk, constant, geluTanh, matmul, reshape, softmax } from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { compareGolden } from "../goldens/compare.ts";
import { distance, golden, goldens } from "../goldens/read.ts";
import { readShared, sharedFile } from "./shared-files.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const SMALL: GptOptions = {
  vocabSize: 7,
  context: 6,
  width: 8,
  heads: 2,
  layers: 2,
  feedForward: 16,
  attention: true,
  dropout: 0,
  activation: "gelu_tanh",
  gated: false,
  norm: "pre",
  normKind: "layer",
  residual: true,
  bias: true,
  positions: "learned",
  causal: true,
  tied: true,
};

describe("against PyTorch: logits, loss and every gradient", () => {
  const all = goldens("gpt");
  const source = "a block with a source";
  test.each([...all.keys()].filter((name) => name !== source))("%s", async (name) => {
    const { config } = all.get(name)!;
    const module = new Gpt(config as unknown as GptOptions);
    await compareGolden(engine, all.get(name)!, {
      module,
      run: ({ tokens }) => {
        const logits = module.forward(tokens!);
        return { logits, loss: crossEntropy(logits.narrow(1, 0, 5), tokens!.narrow(1, 1, 6)) };
      },
    });
  });
  test(source, async () => {
    const one = golden("gpt", source);
    const module = new Block(one.config as unknown as GptOptions, { source: true });
    await compareGolden(engine, one, {
      module,
      run: ({ x, source: states }) => {
        // The golden's own tokens look backwards alone.
        const past = Float32Array.from({ length: 25 }, (_, i) => (i % 5 > Math.floor(i / 5) ? -1e30 : 0));
        const scope = { bias: constant(ndarray(past, [5, 5])) };
        return { y: module.forward(x!, scope, { source: { states: states!, scope: {} } }) };
      },
    });
  });
});

test("ALiBi's slopes: the paper's for eight heads, and between them for six", () => {
  expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((h) => 2 ** -h));
  expect(alibiSlopes(6)).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1, 2 ** -3]);
});

describe("every option changes what is computed", () => {
  const tokens = ndarray(Int32Array.from([1, 2, 3, 4, 5, 6]), [1, 6]);
  const signature = async (options: Partial<GptOptions>): Promise<string> => {
    const module = new Gpt({ ...SMALL, ...options });
    // Biases and gains begin at 0 and 1, where they do nothing.
    for (const [name, variable] of module.variables())
      variable.set(ndarray(hostNormal(Key.seed(0).split(name), variable.size), variable.shape));
    const program = compile((x: Tensor, key: Key) => module.forward(x, key), { engine });
    const { data } = await program(tokens, Key.seed(1));
    await program.dispose();
    return Array.from((data as Float32Array).slice(-7), (v) => v.toFixed(4)).join();
  };
  test("each differs from the others", async () => {
    const changes: Partial<GptOptions>[] = [
      {},
      { attention: false },
      { feedForward: 0 },
      { activation: "relu" },
      { gated: true },
      { norm: "post" },
      { norm: "none" },
      { normKind: "rms" },
      { residual: false },
      { bias: false },
      { causal: false },
      { tied: false },
      { heads: 4 },
      { dropout: 0.5 },
      { positions: "none" },
      { positions: "sinusoidal" },
      { positions: "rotary" },
      { positions: "alibi" },
    ];
    const seen = new Map<string, Partial<GptOptions>>();
    for (const change of changes) {
      // Logits of the last token, which depend on all.
      const id = await signature(change);
      expect(seen.get(id), JSON.stringify(change)).toBeUndefined();
      seen.set(id, change);
    }
  });
  test("sizes that cannot be are refused", () => {
    expect(() => new Gpt({ ...SMALL, heads: 3 })).toThrow("3 heads do not divide the width 8");
    expect(() => new Gpt({ ...SMALL, width: 6, positions: "rotary" })).toThrow("a head has 3");
  });
});

describe("weights of others", () => {
  const config = {
    n_layer: 2,
    n_head: 2,
    n_embd: 8,
    vocab_size: 7,
    n_positions: 6,
    n_inner: 16,
    activation_function: "gelu_new",
  };
  const make = async () => {
    const module = new Gpt(SMALL).initialize(Key.seed(3));
    return { module, dict: await module.stateDict() };
  };
  test("GPT-2's layout is written and read back", async () => {
    const { dict } = await make();
    const { tensors, config: written } = writeGpt2Weights(dict, SMALL);
    expect(tensors["h.0.attn.c_attn.weight"]!.shape).toEqual([8, 24]);
    const read = readGptWeights(tensors, JSON.parse(JSON.stringify(written)));
    expect(read.options).toEqual(SMALL);
    expect(read.dict).toEqual(dict);
  });
  test("minGPT's is told by its shape; prefix, masks and a second copy of tied weights go", async () => {
    const { dict } = await make();
    const theirs = Object.fromEntries(
      Object.entries(dict).map(([name, value]) => [`transformer.${name}`, value]),
    );
    const mask = ndarray(new Float32Array(36), [1, 1, 6, 6]);
    const read = readGptWeights(
      { ...theirs, "transformer.h.0.attn.bias": mask, "lm_head.weight": dict["wte.weight"]! },
      config,
    );
    expect(read.options).toEqual(SMALL);
    expect(read.dict).toEqual(dict);
  });
  test("others are refused by name", async () => {
    const { dict } = await make();
    expect(() => readGptWeights({ "conv.weight": dict["wte.weight"]! }, config)).toThrow(
      "no h.0.attn.c_attn.weight",
    );
    const odd = { ...dict, "h.0.attn.c_attn.weight": ndarray(new Float32Array(80), [8, 10]) };
    expect(() => readGptWeights(odd, config, "x")).toThrow(
      "x: these are no weights of a GPT. h.0.attn.c_attn.weight is [8, 10]",
    );
    expect(() => readGptWeights(dict, { ...config, vocab_size: 9 })).toThrow(
      "says 9 tokens, and wte.weight has 7",
    );
    expect(() => readGptWeights(dict, { n_head: 2 })).toThrow("no usable n_layer");
    expect(() => writeGpt2Weights(dict, { ...SMALL, norm: "post" })).toThrow("option `norm` is not pre");
  });
});

const sorter = sharedFile("gpt-nano-sort-model.json");
describe.skipIf(!sorter)("minGPT's trained sorter", () => {
  interface Stored {
    readonly shape: number[];
    readonly data: string;
  }
  const arrays = (file: string): Record<string, NdArray> =>
    Object.fromEntries(
      Object.entries(JSON.parse(readShared(file)) as Record<string, Stored>)
        .filter(([, value]) => "shape" in value)
        .map(([name, { shape, data }]) => [
          name,
          ndarray(new Float32Array(Uint8Array.from(Buffer.from(data, "base64")).buffer), shape),
        ]),
    );
  const load = (): Gpt => {
    const { config } = JSON.parse(readShared(sorter!)) as { config: unknown };
    const { options, dict } = readGptWeights(arrays(sorter!), config, "the sorter");
    expect(options).toMatchObject({ tied: false, layers: 3, heads: 3, context: 11, bias: true });
    return new Gpt(options).loadStateDict(dict);
  };

  test("every recorded activation agrees to 1e-4", async () => {
    const recorded = arrays(sharedFile("gpt-nano-sort-t0-partials.json")!);
    const module = load();
    const program = compile(
      (idx: Tensor) => {
        const seen: Record<string, Tensor> = {};
        const lm_head = module.forward(idx, undefined, (name, value) => {
          seen[name] = value;
        });
        const { ln_1, attn, ln_2, mlp } = module.h[0]!;
        const x = seen.embedding!;
        const ln1 = ln_1!.forward(x);
        const qkv = attn!.c_attn.forward(ln1);
        const [q, k, v] = chunk(qkv, 3, -1).map((t) => splitHeads(t, 3)) as [Tensor, Tensor, Tensor];
        const bias = causalBias(11, 11);
        const y = joinHeads(matmul(seen["h.0.weights"]!, v));
        const yProj = attn!.forward(ln1, { bias });
        const attnResid = x.add(yProj);
        const ln2 = ln_2!.forward(attnResid);
        const fc = mlp!.c_fc.forward(ln2);
        return {
          tok_emb: module.wte.forward(idx),
          pos_emb: reshape(module.wpe!.weight, [1, 11, 48]),
          x,
          ln1,
          qkv,
          q,
          k,
          v,
          attSm: seen["h.0.weights"]!,
          y,
          yProj,
          attnResid,
          ln2,
          fc,
          gelu: geluTanh(fc),
          mlp: mlp!.forward(ln2),
          mlpResid: seen["h.0"]!,
          block0: seen["h.0"]!,
          block1: seen["h.1"]!,
          block2: seen["h.2"]!,
          ln_f: module.ln_f!.forward(seen["h.2"]!),
          lm_head,
          probs: softmax(lm_head),
          // Scores before the mask, which the recording has as −∞.
          att: matmul(q, k, { transB: true, alpha: 1 / 4 }),
        };
      },
      { engine },
    );
    const { idx, att, ...rest } = recorded;
    const found: Record<string, NdArray> = await program(
      ndarray(Int32Array.from(idx!.data, Number), [3, 11]),
    );
    expect(Object.keys(rest).sort()).toEqual(
      Object.keys(found)
        .filter((name) => name !== "att")
        .sort(),
    );
    for (const [name, value] of Object.entries(rest))
      expect(distance(found[name]!, value), name).toBeLessThan(1e-4);
    att!.data.forEach((score, i) => {
      if (Number.isFinite(Number(score))) expect(Number(found.att!.data[i])).toBeCloseTo(Number(score), 4);
    });
    await program.dispose();
  });

  test("it sorts all 729 inputs", async () => {
    const module = load();
    const program = compile((tokens: Tensor) => module.forward(tokens).argmax(-1), { engine });
    const inputs = Array.from({ length: 729 }, (_, n) =>
      Array.from({ length: 6 }, (__, i) => Math.floor(n / 3 ** i) % 3),
    );
    const rows = inputs.map((input) => [...input]);
    for (let i = 5; i < 11; i++) {
      const { data } = await program(ndarray(Int32Array.from(rows.flat()), [729, i + 1]));
      for (const [n, row] of rows.entries()) row.push(Number(data[n * (i + 1) + i]));
    }
    expect(rows.map((row) => row.slice(6))).toEqual(inputs.map((input) => input.toSorted((a, b) => a - b)));
    await program.dispose();
  });
});
