/** What the goldens do not show of pooling, Transformer blocks and their masks, and the summary of a module. */
import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { evaluate } from "../../src/engine/eager.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import * as nn from "../../src/nn/index.ts";
import { grad } from "../../src/tensor/grad.ts";
import { type NdArray, ndarray, toNested } from "../../src/tensor/ndarray.ts";
import * as ops from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { distance } from "../goldens/read.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());
const key = Key.seed(5);
const gauss = (name: string, ...shape: number[]): Tensor =>
  ops.constant(ndarray(hostNormal(key.split(name), shape.reduce((n, d) => n * d, 1)), shape)); // biome-ignore format: one line
const value = (t: Tensor): Promise<NdArray> => evaluate(t, engine);

describe("pooling and flattening", () => {
  test("padding over half a window is refused, as in PyTorch", () => {
    expect(() => new nn.MaxPool2d(3, { padding: 2 })).toThrow(
      "MaxPool2d: padding 2, 2 must be at most half the kernel, 3, 3",
    );
    expect(() => new nn.AvgPool1d(2, { padding: -1 })).toThrow("AvgPool1d: padding -1");
  });

  test("sequences are [N, C, L]", () => {
    expect(() => new nn.Conv1d(2, 3, 3).forward(ops.zeros([2, 5]))).toThrow(
      "Conv1d([2, 5]): needs sequences [N, C, L]",
    );
    expect(() => ops.maxPool1d(ops.zeros([1, 2, 4, 4]), 2)).toThrow("maxPool1d([1, 2, 4, 4])");
    expect(() => new nn.Conv1d(2, 3, 3, { padding: "same", stride: 2 })).toThrow(
      'Conv1d: padding "same" needs stride 1',
    );
  });

  test("flatten joins the axes from one to another", () => {
    const x = ops.zeros([2, 3, 4, 5]);
    expect(new nn.Flatten().forward(x).shape).toEqual([2, 60]);
    expect(new nn.Flatten(1, 2).forward(x).shape).toEqual([2, 12, 5]);
    expect([x.flatten().shape, ops.zeros([]).flatten().shape]).toEqual([[120], [1]]);
    expect(() => x.flatten(2, 1)).toThrow("axis 2 lies behind axis 1");
    expect(() => x.flatten(4)).toThrow("axis 4 is outside");
  });
});

describe("Transformer blocks", () => {
  const options = { dimFeedforward: 16, dropout: 0.5 };
  const layer = () => new nn.TransformerEncoderLayer(8, 2, options);

  test("have PyTorch's names, in PyTorch's order", () => {
    const names = (module: nn.Module): string[] => module.variables().map(([name]) => name);
    const part = (name: string): string[] => [`${name}.weight`, `${name}.bias`];
    const attention = (name: string): string[] => [
      `${name}.in_proj_weight`,
      `${name}.in_proj_bias`,
      ...part(`${name}.out_proj`),
    ];
    const rest = ["linear1", "linear2", "norm1", "norm2"].flatMap(part);
    expect(names(layer())).toEqual([...attention("self_attn"), ...rest]);
    expect(names(new nn.TransformerDecoderLayer(8, 2, options))).toEqual([
      ...attention("self_attn"),
      ...attention("multihead_attn"),
      ...rest,
      ...part("norm3"),
    ]);
    const stack = names(new nn.TransformerEncoder(layer, 2, { norm: new nn.LayerNorm(8) }));
    expect(stack.length).toBe(2 * 12 + 2);
    expect([stack[0], stack[12], stack.at(-1)]).toEqual([
      "layers.0.self_attn.in_proj_weight",
      "layers.1.self_attn.in_proj_weight",
      "norm.bias",
    ]);
    expect(
      names(new nn.TransformerEncoderLayer(8, 2, { bias: false })).filter((n) => n.includes("bias")),
    ).toEqual([]);
  });

  test("layers of a stack have values of their own", () => {
    const stack = new nn.TransformerEncoder(layer, 2).initialize(key);
    const [a, b] = stack.layers.map((l) => l.linear1.weight.value!.data);
    expect(a).not.toEqual(b);
    expect(() => new nn.TransformerDecoder(() => new nn.TransformerDecoderLayer(8, 2), 0)).toThrow(
      "TransformerDecoder: one layer or more, not 0",
    );
  });

  test("drop in a training pass only, by the key, and differently in every place", async () => {
    const net = new nn.TransformerEncoder(layer, 2).initialize(key);
    const x = gauss("x", 2, 3, 8);
    const plain = await value(net.forward(x));
    expect(await value(net.forward(x))).toEqual(plain);
    const [one, again, other] = await Promise.all(
      [1, 1, 2].map((seed) => value(net.forward(x, {}, Key.seed(seed)))),
    );
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
    expect(one).not.toEqual(plain);
    const graph = await compile((k: Key) => net.forward(x, {}, k)).graph(Key.seed(0));
    // Attention weights, hidden units and two results in each of two layers.
    expect(graph.feeds.length).toBe(8);
  });

  test("the past does not see the future; padding is not seen", async () => {
    const net = new nn.TransformerEncoder(
      () => new nn.TransformerEncoderLayer(8, 2, { ...options, normFirst: true }),
      2,
    );
    net.initialize(key);
    const [x, end] = [gauss("x", 1, 4, 8), gauss("end", 1, 1, 8)];
    const changed = ops.concat([x.narrow(1, 0, 3), end], 1);
    const start = (y: Tensor): Promise<NdArray> => value(y.narrow(1, 0, 3));
    const causal = [x, changed].map((t) => start(net.forward(t, { causal: true })));
    expect(distance((await causal[0])!, (await causal[1])!)).toBeLessThan(1e-6);
    const open = [x, changed].map((t) => start(net.forward(t)));
    expect(distance((await open[0])!, (await open[1])!)).toBeGreaterThan(1e-3);
    const keyPaddingMask = ops.tensor([[false, false, false, true]]);
    const padded = [x, changed].map((t) => start(net.forward(t, { keyPaddingMask })));
    expect(distance((await padded[0])!, (await padded[1])!)).toBeLessThan(1e-6);
  });

  test("gradients reach every parameter", async () => {
    const net = new nn.TransformerDecoder(() => new nn.TransformerDecoderLayer(8, 2, options), 1).initialize(
      key,
    );
    const loss = net
      .forward(gauss("x", 2, 3, 8), gauss("memory", 2, 4, 8))
      .square()
      .mean();
    expect(grad(loss, net.parameters()).map((g) => g.shape)).toEqual(net.parameters().map((p) => p.shape));
  });

  test("masks of another shape are refused", () => {
    const net = new nn.MultiheadAttention(8, 2);
    const x = ops.zeros([3, 4, 8]);
    expect(() => net.forward(x, x, x, { attnMask: ops.zeros([3, 4]) })).toThrow(
      "MultiheadAttention: attnMask is [L, S] or [B·heads, L, S], here [4, 4] or [6, 4, 4], not [3, 4]",
    );
    expect(() => net.forward(x, x, x, { keyPaddingMask: ops.zeros([4]) })).toThrow(
      "MultiheadAttention: keyPaddingMask is [B, S], here [3, 4], not [4]",
    );
  });
});

describe("summary", () => {
  test("lists layers, the shapes that come out, and parameters", () => {
    const net = new nn.Sequential(new nn.Linear(784, 128), ops.relu, new nn.Linear(128, 10));
    expect(nn.summary(net, ops.zeros([1, 784]))).toBe(
      [
        "Layer  Type        Output    Parameters",
        "       Sequential  [1, 10]      101,770",
        "0      Linear      [1, 128]     100,480",
        "2      Linear      [1, 10]        1,290",
        "",
        "101,770 parameters, 407 kB",
      ].join("\n"),
    );
    expect(nn.summary(new nn.Linear(2, 3))).toBe(
      "Layer  Type    Parameters\n       Linear           9\n\n9 parameters, 36 bytes",
    );
  });

  test("of layers within layers, of several outputs, and of statistics that are not trained", () => {
    class Net extends nn.Module {
      readonly norm = new nn.BatchNorm1d(4);
      readonly blocks = [new nn.GRU(4, 6), new nn.GRU(6, 6)];
      forward(x: Tensor): nn.RecurrentOutput {
        return this.blocks[0]!.forward(this.norm.forward(x).transpose([0, 2, 1]));
      }
    }
    const net = new Net();
    const text = nn.summary(net, ndarray(new Float32Array(2 * 4 * 5), [2, 4, 5]));
    expect(text).toMatch(/^norm +BatchNorm1d +\[2, 4, 5\] +8$/m);
    expect(text).toMatch(/^blocks\.0 +GRU +output \[2, 5, 6\], state \[1, 2, 6\] +216$/m);
    expect(text).toMatch(/^blocks\.1 +GRU +252$/m); // not used by forward
    expect(text).toContain("476 parameters, 1.9 kB; 9 numbers that are kept and not trained");
    // It leaves no trace.
    expect(Object.hasOwn(net, "forward")).toBe(false);
    expect(net.norm.running_mean.value).toBeUndefined();
  });

  test("an input that does not fit says so, and leaves no trace either", () => {
    const net = new nn.Sequential(new nn.Linear(2, 3));
    expect(() => nn.summary(net, ops.zeros([1, 5]))).toThrow("matmul([1, 5], [3, 2])");
    expect(Object.hasOwn(net, "forward")).toBe(false);
    class Bare extends nn.Module {}
    expect(() => nn.summary(new Bare(), 1)).toThrow("summary: Bare has no forward to pass the inputs to");
  });
});

test("what is read back of a layer computed on sequences is right", async () => {
  const pool = new nn.MaxPool1d(2);
  expect(toNested(await value(pool.forward(ops.tensor([[[1, 5, 2, 3]]]))))).toEqual([[[5, 3]]]);
});
