import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { ACTIVATIONS } from "../../src/nn/activations.ts";
import { grad } from "../../src/tensor/grad.ts";
import { type NdArray, type Nested, toNested } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { Variable } from "../../src/tensor/variable.ts";
import { distance, golden, goldens } from "../goldens/read.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

async function values(make: () => Tensor | readonly Tensor[]): Promise<Nested[]> {
  const f = compile(() => [make()].flat() as Tensor[], { engine });
  const out = await f();
  await f.dispose();
  return out.map(toNested);
}

describe("where a function has a kink, as in PyTorch", () => {
  const at =
    (f: (x: Tensor) => Tensor, ...x: number[]): (() => readonly Tensor[]) =>
    () => {
      const t = o.tensor(x);
      return grad(o.sum(f(t)), [t], { unused: "zero" });
    };
  const table: [string, () => readonly Tensor[], number[]][] = [
    ["relu at 0", at(o.relu, 0, -1, 1), [0, 0, 1]],
    ["abs at 0", at(o.abs, 0, -2, 2), [0, -1, 1]],
    ["max shares ties", at((x) => o.max(x), 1, 3, 3, 2), [0, 0.5, 0.5, 0]],
    ["maximum shares ties", at((x) => o.maximum(x, 1), 0, 1, 2), [0, 0.5, 1]],
    ["minimum shares ties", at((x) => o.minimum(x, 1), 0, 1, 2), [1, 0.5, 0]],
    ["clamp passes at its bounds", at((x) => o.clamp(x, -1, 1), -2, -1, 0, 1, 2), [0, 1, 1, 1, 0]],
    [
      "both sides of a tie",
      () => {
        const [a, b] = [o.tensor([1, 2]), o.tensor([1, 3])];
        return grad(o.sum(o.minimum(a, b)), [b]);
      },
      [0.5, 0],
    ],
    ["sign and floor are flat", at((x) => o.add(o.sign(x), o.floor(x)), 0.5, -0.5), [0, 0]],
    ["x⁰ and 0ᵇ", at((x) => o.add(o.pow(x, 0), o.pow(x, 3)), 0, 2), [Number.NaN, 12]],
    [
      "a pool takes the first of equals",
      at((x) => o.maxPool2d(o.reshape(x, [1, 1, 2, 2]), 2), 5, 5, 1, 5),
      [1, 0, 0, 0],
    ],
    ["a cast to integers stops it", at((x) => o.mul(x, o.cast(o.cast(x, "int32"), "float32")), 2.5), [2]],
    ["stopGradient stops it", at((x) => o.mul(x, o.stopGradient(x)), 3), [3]],
    ["a tensor used twice", at((x) => o.mul(x, x), 3, -1), [6, -2]],
  ];
  test.each(table)("%s", async (name, make, want) => {
    const [got] = (await values(make)) as number[][];
    // 0·0⁻¹ at zero, as the formula has it: not a place to promise a number.
    want.forEach((v, i) => {
      if (!Number.isNaN(v)) expect(got![i], `${name}, element ${i}`).toBeCloseTo(v, 6);
    });
  });
});

test("grad of grad of grad: x⁴", async () => {
  const got = await values(() => {
    const x = o.tensor([2]);
    const first = grad(o.sum(o.pow(x, 4)), [x])[0]!;
    const second = grad(o.sum(first), [x])[0]!;
    const third = grad(o.sum(second), [x])[0]!;
    return [first, second, third];
  });
  expect(got).toEqual([[32], [48], [48]]);
});

test("targets may be inner tensors, variables and each other's inputs", async () => {
  const w = new Variable([2], { value: { data: Float32Array.of(3, 4), shape: [2], dtype: "float32" } });
  const got = await values(() => {
    const x = o.tensor([1, 2]);
    const h = o.mul(x, w);
    return grad(o.sum(o.mul(h, h)), [h, x, w]);
  });
  expect(got).toEqual([
    [6, 16],
    [18, 64],
    [6, 32],
  ]);
});

test("a loss of shape [1, 1] is one number", async () => {
  expect(
    await values(() => grad(o.mul(o.tensor([[3]]), o.tensor([[3]])), [o.tensor([[3]])], { unused: "zero" })),
  ).toEqual([[[0]]]);
});

const worst = (got: Record<string, NdArray>, want: Readonly<Record<string, NdArray>>): [string, number][] =>
  Object.entries(want).flatMap(([name, value]) => {
    const off = distance(got[name]!, value);
    return off < 2e-5 ? [] : [[name, off] as [string, number]];
  });

/** Gulrajani et al. (2017), eq. 3: the penalty needs the gradient of a gradient. */
describe("WGAN-GP against PyTorch", () => {
  const activations = {
    wgan_gp: (x: Tensor) => o.leakyRelu(x, 0.2),
    wgan_gp_silu: o.silu,
  };
  test.each(Object.entries(activations))("%s", async (name, act) => {
    const { config, state, inputs, outputs, grads } = golden("penalty", name);
    const step = compile(
      (p: Record<string, Tensor>, { real, fake, eps }: Record<string, Tensor>) => {
        const layer = (x: Tensor, i: number): Tensor =>
          o.add(o.matmul(x, p[`${i}.weight`]!, { transB: true }), p[`${i}.bias`]!);
        const critic = (x: Tensor): Tensor => layer(act(layer(act(layer(x, 0)), 2)), 4);
        const mix = o.add(o.mul(eps!, real!), o.mul(o.sub(1, eps!), fake!));
        const [gradient] = grad(o.sum(critic(mix)), [mix]);
        const norm = o.sqrt(o.sum(o.square(gradient!), { axes: 1 }));
        const loss = o.mul(o.mean(o.square(o.sub(norm, 1))), config.lambda as number);
        const names = Object.keys(p).filter((n) => n in grads);
        const slopes = grad(
          loss,
          names.map((n) => p[n]!),
          { unused: "zero" },
        );
        return {
          outputs: { gradient: gradient!, loss },
          grads: Object.fromEntries(names.map((n, i) => [n, slopes[i]!])),
        };
      },
      { engine },
    );
    const got = await step(state, inputs);
    expect(worst(got.outputs as Record<string, NdArray>, outputs)).toEqual([]);
    expect(worst(got.grads as Record<string, NdArray>, grads)).toEqual([]);
    await step.dispose();
  });
});

describe("composed operations against PyTorch, values and gradients", () => {
  const two = (v: unknown): number => v as number;
  type Build = (x: Tensor, c: Readonly<Record<string, unknown>>) => Tensor;
  const functions: Record<string, Build> = {
    relu: o.relu,
    leaky_relu: (x, c) => o.leakyRelu(x, c.negative_slope as number),
    elu: o.elu,
    gelu: o.gelu,
    gelu_tanh: o.geluTanh,
    silu: o.silu,
    mish: ACTIVATIONS.mish,
    tanh: o.tanh,
    sigmoid: o.sigmoid,
    softplus: o.softplus,
    logsigmoid: o.logSigmoid,
    softmax: (x, c) => o.softmax(x, c.dim as number),
    log_softmax: (x, c) => o.logSoftmax(x, c.dim as number),
    hardtanh: (x) => o.clamp(x, -1, 1),
    MaxPool2d: (x, c) => o.maxPool2d(x, two(c.kernel_size)),
    MaxPool2d_overlapping: (x, c) =>
      o.maxPool2d(x, two(c.kernel_size), { stride: two(c.stride), padding: two(c.padding) }),
    AvgPool2d: (x, c) => o.avgPool2d(x, two(c.kernel_size)),
    AvgPool2d_overlapping: (x, c) =>
      o.avgPool2d(x, two(c.kernel_size), { stride: two(c.stride), padding: two(c.padding) }),
    UpsampleNearest2d: (x, c) => o.upsampleNearest2d(x, two(c.scale_factor)),
  };
  const cases = new Map([...goldens("activations"), ...goldens("layers")]);
  test("every activation has a case", () => {
    expect([...goldens("activations").keys()].filter((name) => !(name in functions))).toEqual([]);
  });
  test.each(Object.entries(functions))("%s", async (name, build) => {
    const { config, inputs, outputs, grads } = cases.get(name)!;
    const f = compile(
      (x: Tensor, cotangent: Tensor) => {
        const y = build(x, config);
        return { y, x: grad(o.sum(o.mul(y, cotangent)), [x])[0]! };
      },
      { engine },
    );
    const got = (await f(inputs.x!, inputs.cotangent!)) as unknown as Record<string, NdArray>;
    expect(worst(got, { ...outputs, ...grads })).toEqual([]);
    await f.dispose();
  });
});

describe("composed operations against exact values", () => {
  const x = o.tensor([
    [1, 5, 3],
    [4, 2, 6],
  ]);
  const table: [string, () => Tensor, Nested][] = [
    ["mean", () => o.mean(x), 3.5],
    ["mean over an axis", () => o.mean(x, { axes: -1, keepDims: true }), [[3], [4]]],
    ["min", () => o.min(x, { axes: 0 }), [1, 2, 3]],
    ["argmin", () => o.argmin(x, 1), [0, 1]],
    ["argmax kept", () => o.argmax(x, 1, { keepDims: true }), [[1], [2]]],
    ["variance", () => o.variance(x, { axes: 1 }), [8 / 3, 8 / 3]],
    ["variance, corrected", () => o.variance(x, { axes: 1, correction: 1 }), [4, 4]],
    ["logsumexp of large numbers", () => o.logsumexp(o.tensor([1000, 1000])), 1000 + Math.log(2)],
    ["logsumexp over no axes", () => o.logsumexp(o.tensor([2, 3]), { axes: [] }), [2, 3]],
    ["softplus of large numbers", () => o.softplus(o.tensor([100, -100])), [100, 0]],
    [
      "narrow from the end",
      () => o.narrow(x, 1, -2, 3),
      [
        [5, 3],
        [2, 6],
      ],
    ],
    [
      "flip",
      () => o.flip(x, [0, 1]),
      [
        [6, 2, 4],
        [3, 5, 1],
      ],
    ],
    [
      "stack",
      () => o.stack([o.tensor([1, 2]), o.tensor([3, 4])], -1),
      [
        [1, 3],
        [2, 4],
      ],
    ],
    ["chunk", () => o.chunk(x, 3, -1)[1]!, [[5], [2]]],
    [
      "oneHot",
      () => o.oneHot(o.tensor([2, 0], "int32"), 3),
      [
        [0, 0, 1],
        [1, 0, 0],
      ],
    ],
    [
      "tril",
      () => o.cast(o.tril(2, 3), "int32"),
      [
        [1, 0, 0],
        [1, 1, 0],
      ],
    ],
    [
      "tril shifted",
      () => o.cast(o.tril(2, 3, 1), "int32"),
      [
        [1, 1, 0],
        [1, 1, 1],
      ],
    ],
    [
      "triu",
      () => o.cast(o.triu(2, 3), "int32"),
      [
        [1, 1, 1],
        [0, 1, 1],
      ],
    ],
    [
      "greater, notEqual",
      () => o.cast(o.and(o.greater(x, 1), o.notEqual(x, 6)), "int32"),
      [
        [0, 1, 1],
        [1, 1, 0],
      ],
    ],
    [
      "greaterEqual, or",
      () => o.cast(o.or(o.greaterEqual(x, 6), o.less(x, 2)), "int32"),
      [
        [1, 0, 0],
        [0, 0, 1],
      ],
    ],
    ["vectors in matmul", () => o.matmul(x, o.tensor([1, 0, -1])), [-2, -2]],
    ["a vector first", () => o.matmul(o.tensor([1, -1]), x), [-3, 3, -3]],
    ["two vectors", () => o.matmul(o.tensor([1, 2]), o.tensor([3, 4])), 11],
    ["squeeze, unsqueeze", () => o.squeeze(o.unsqueeze(o.tensor([1, 2]), -1), 1), [1, 2]],
    [
      "cumsum backwards",
      () => o.cumsum(x, 1, { reverse: true }),
      [
        [9, 8, 3],
        [12, 8, 6],
      ],
    ],
    ["arange", () => o.arange(3), [0, 1, 2]],
    ["full", () => o.full([2], 7), [7, 7]],
    ["rsqrt", () => o.rsqrt(o.tensor([4])), [0.5]],
  ];
  test.each(table)("%s", async (_, make, want) => {
    const [got] = await values(make);
    const flat = (v: Nested): number[] => [v].flat(9 as 1) as number[];
    expect(flat(got!).length).toBe(flat(want).length);
    expect(JSON.stringify(got).replace(/[^[\]]/g, "")).toBe(JSON.stringify(want).replace(/[^[\]]/g, ""));
    flat(want).forEach((v, i) => {
      expect(Math.abs(flat(got!)[i]! - v) / (1 + Math.abs(v))).toBeLessThan(1e-6);
    });
  });
});
