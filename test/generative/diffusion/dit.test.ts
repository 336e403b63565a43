import { describe, expect, test } from "vitest";
import { CONDITIONINGS } from "../../../src/generative/diffusion/dit-blocks.ts";
import { DIT_VARIANTS, DiT, type DiTOptions, ditVariant } from "../../../src/generative/diffusion/index.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { constant } from "../../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { golden } from "../../goldens/read.ts";
import { compiler } from "./helpers.ts";
import { expectGolden } from "./networks.ts";

const mnist: DiTOptions = { shape: [1, 28, 28], patch: 4, depth: 2, width: 16, heads: 2, labels: 11 };

describe("as published", () => {
  // Latents of 256-pixel images, 1000 classes and the null label, variance said too.
  const latents = { shape: [4, 32, 32], labels: 1001, learnSigma: true } as const;

  test("parameters of S, B, L and XL are 33, 130, 458 and 675 million, counted without making them", () => {
    const millions = { S: 33, B: 130, L: 458, XL: 675 };
    expect(Object.keys(DIT_VARIANTS)).toHaveLength(12);
    for (const name of Object.keys(DIT_VARIANTS)) {
      const net = ditVariant(name, latents);
      const [, size] = /DiT-(\w+)/.exec(name) as unknown as [string, keyof typeof millions];
      expect(Math.abs(net.parameterCount / 1e6 - millions[size]), name).toBeLessThan(1);
      expect(net.variables().every(([, variable]) => variable.value === undefined)).toBe(true);
    }
    const xl = ditVariant("DiT-XL/2", latents);
    expect(xl.parameterCount + xl.pos_embed.size).toBe(675_129_632);
  });

  test("the authors' names", () => {
    const names = ditVariant("DiT-S/8", latents)
      .variables()
      .map(([name]) => name);
    const block = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "adaLN_modulation.1"];
    const layers = [
      "x_embedder.proj",
      "t_embedder.mlp.0",
      "t_embedder.mlp.2",
      "final_layer.linear",
      "final_layer.adaLN_modulation.1",
    ].concat(Array.from({ length: 12 }, (_, i) => block.map((part) => `blocks.${i}.${part}`)).flat());
    const expected = layers.flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]);
    expected.push("pos_embed", "y_embedder.embedding_table.weight");
    expect(names.toSorted()).toEqual(expected.toSorted());
  });

  test.each(["dit", "dit-sigma"])("%s: values and gradients of PyTorch", async (name) => {
    await expectGolden(new DiT(golden("diffusion", name).config as unknown as DiTOptions), name);
  });

  test("positions are fixed: those the reference computes", async () => {
    const { config, state } = golden("diffusion", "dit");
    const own = (await new DiT(config as unknown as DiTOptions).initialize(Key.seed(0)).stateDict())
      .pos_embed!;
    const expected = state.pos_embed!;
    expect(own.shape).toEqual(expected.shape);
    for (const [i, value] of expected.data.entries())
      expect(Number(own.data[i])).toBeCloseTo(Number(value), 6);
  });
});

describe("how time and class reach the tokens (figure 5 of the paper)", () => {
  const key = Key.seed(3);
  const small: DiTOptions = { shape: [1, 8, 8], patch: 4, depth: 2, width: 8, heads: 2, labels: 3 };
  const awake = (net: DiT): DiT => {
    net.initialize(key);
    for (const [name, p] of net.namedParameters())
      p.set(ndarray(hostNormal(key.split(name), p.size).map((v) => v / 2), p.shape)); // biome-ignore format: short
    return net;
  };
  const outOf = async (net: DiT, t: number, label: number): Promise<number[]> => {
    const run = compiler((x: Tensor, at: Tensor, y: Tensor) => net.forward(x, at, y));
    const x = ndarray(hostNormal(Key.seed(1), 64), [1, 1, 8, 8]);
    return Array.from((await run(x, Float32Array.of(t), Int32Array.of(label))).data as Float32Array);
  };

  test.each(CONDITIONINGS)("%s: both change the image, which keeps its shape", async (conditioning) => {
    const net = awake(new DiT({ ...small, conditioning }));
    const base = await outOf(net, 5, 0);
    expect(base).toHaveLength(64);
    expect(await outOf(net, 50, 0)).not.toEqual(base);
    expect(await outOf(net, 5, 1)).not.toEqual(base);
  });

  test("adaLN is adaLN-Zero with open gates", async () => {
    const open = awake(new DiT({ ...small, conditioning: "adaln" }));
    const gated = new DiT(small).initialize(key);
    const [D, given] = [small.width, await open.stateDict()];
    // Rows of the authors' order: shift, scale, gate of attention, then of the MLP. A gate of 1 is a bias of 1.
    const spread = (rows: ArrayLike<number>, width: number, gate: number): Float32Array => {
      const half = Array.from(rows).slice(0, 2 * D * width);
      const other = Array.from(rows).slice(2 * D * width);
      const gates = Array.from({ length: D * width }, () => gate);
      return Float32Array.from([...half, ...gates, ...other, ...gates]);
    };
    for (const [name, p] of gated.namedParameters()) {
      const { data } = given[name]!;
      const isTold = name.startsWith("blocks") && name.includes("adaLN");
      const [width, gate] = name.endsWith("weight") ? [D, 0] : [1, 1];
      p.set(ndarray(isTold ? spread(data as Float32Array, width, gate) : (data as Float32Array), p.shape));
    }
    const [a, b] = [await outOf(open, 5, 1), await outOf(gated, 5, 1)];
    for (const [i, v] of a.entries()) expect(b[i]).toBeCloseTo(v, 4);
  });

  test("in context nothing is modulated, and the norms have weights of their own", () => {
    const names = new DiT({ ...small, conditioning: "in-context" }).variables().map(([name]) => name);
    expect(names.filter((name) => name.includes("adaLN"))).toEqual([]);
    expect(names).toContain("blocks.1.norm2.weight");
    expect(names).toContain("final_layer.norm_final.bias");
  });
});

describe("the network", () => {
  const labels = constant(ndarray(Int32Array.of(3)));
  const image = (...shape: number[]) =>
    constant(ndarray(new Float32Array(shape.reduce((a, b) => a * b)), shape));

  test("starts at zero, gates shut: adaLN-Zero", async () => {
    const net = new DiT(mnist).initialize(Key.seed(5));
    const run = compiler((x: Tensor, t: Tensor, y: Tensor) => net.forward(x, t, y));
    const x = ndarray(hostNormal(Key.seed(1), 784), [1, 1, 28, 28]);
    const out = await run(x, Float32Array.of(7), Int32Array.of(3));
    expect(out.shape).toEqual([1, 1, 28, 28]);
    expect(Array.from(out.data as Float32Array).every((v) => v === 0)).toBe(true);
    const state = await net.stateDict();
    expect(state["blocks.1.adaLN_modulation.1.weight"]!.data.every((v) => v === 0)).toBe(true);
    expect(state["blocks.1.attn.qkv.weight"]!.data.some((v) => v !== 0)).toBe(true);
  });

  test("32 × 32 colour images, and no classes", () => {
    const net = new DiT({ ...mnist, shape: [3, 32, 32], patch: 8, labels: 0 }).initialize(Key.seed(0));
    expect(net.forward(image(2, 3, 32, 32), image(2)).shape).toEqual([2, 3, 32, 32]);
    expect(net.variables().some(([name]) => name.startsWith("y_embedder"))).toBe(false);
  });

  test("what cannot be is refused", () => {
    expect(() => new DiT({ ...mnist, patch: 8 })).toThrow(
      "patches of 8 pixels do not tile images [1, 28, 28]",
    );
    expect(() => new DiT({ ...mnist, heads: 3 })).toThrow(
      "width 16 must be a multiple of its 3 heads and of 4",
    );
    expect(() => new DiT({ ...mnist, depth: 1e9 })).toThrow("DiT: depth 1000000000 and width");
    expect(() => ditVariant("DiT-M/2", { shape: [1, 32, 32], labels: 0 })).toThrow(
      'unknown DiT variant "DiT-M/2"',
    );
    const net = new DiT(mnist);
    expect(() => net.forward(image(1, 1, 32, 32), image(1), labels)).toThrow(
      "takes images [1, 28, 28], not [1, 1, 32, 32]",
    );
    expect(() => net.forward(image(1, 1, 28, 28), image(1))).toThrow(
      "this DiT has 11 labels and needs one for each image",
    );
    const free = new DiT({ ...mnist, labels: 0 });
    expect(() => free.forward(image(1, 1, 28, 28), image(1), labels)).toThrow("has no labels");
  });

  test("weights of another architecture are refused", async () => {
    const state = await new DiT(mnist).initialize(Key.seed(5)).stateDict();
    expect(() => new DiT({ ...mnist, depth: 3 }).loadStateDict(state, { source: "dit.safetensors" })).toThrow(
      "dit.safetensors is of another architecture: missing blocks.2.attn.qkv.weight",
    );
  });
});
