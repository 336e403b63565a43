/** What the goldens do not show: names, training passes, keys, masks, and sentences for bad input. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { evaluate } from "../../src/engine/eager.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import * as nn from "../../src/nn/index.ts";
import { readSafeTensors, writeSafeTensors } from "../../src/nn/safetensors.ts";
import { grad } from "../../src/tensor/grad.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import * as ops from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { distance } from "../goldens/read.ts";

const key = Key.seed(3);
let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const gauss = (name: string, ...shape: number[]): NdArray<"float32"> =>
  ndarray(
    hostNormal(
      key.split(name),
      shape.reduce((n, d) => n * d, 1),
    ),
    shape,
  );
const value = async (t: Tensor): Promise<NdArray<"float32">> =>
  (await evaluate(t, engine)) as NdArray<"float32">;
/** Plain numbers, without the sign of zero. */
const numbers = async (t: Tensor): Promise<number[]> =>
  Array.from((await value(t)).data, (v) => Number(v) + 0);
const names = (module: nn.Module): string[] => module.variables().map(([name]) => name);

describe("names of the state", () => {
  test("are PyTorch's, in PyTorch's order", () => {
    expect(names(new nn.Sequential(new nn.Linear(2, 3), ops.relu, new nn.BatchNorm1d(3)))).toEqual([
      "0.weight",
      "0.bias",
      "2.weight",
      "2.bias",
      "2.running_mean",
      "2.running_var",
      "2.num_batches_tracked",
    ]);
    expect(names(new nn.GRU(2, 3, { numLayers: 2, bidirectional: true, bias: false }))).toEqual([
      "weight_ih_l0",
      "weight_hh_l0",
      "weight_ih_l0_reverse",
      "weight_hh_l0_reverse",
      "weight_ih_l1",
      "weight_hh_l1",
      "weight_ih_l1_reverse",
      "weight_hh_l1_reverse",
    ]);
    expect(names(new nn.MultiheadAttention(4, 2))).toEqual([
      "in_proj_weight",
      "in_proj_bias",
      "out_proj.weight",
      "out_proj.bias",
    ]);
    expect(names(new nn.Conv2d(1, 2, 3, { bias: false }))).toEqual(["weight"]);
    expect(names(new nn.LayerNorm(3, { elementwiseAffine: false }))).toEqual([]);
    expect(names(new nn.Dropout())).toEqual([]);
  });

  test("a state dict goes through a safetensors file", async () => {
    const make = (): nn.Module =>
      new nn.Sequential(
        new nn.Conv2d(1, 2, 3),
        new nn.BatchNorm2d(2),
        ops.relu,
        new nn.ConvTranspose2d(2, 1, 3),
      );
    const dict = await make().initialize(key).stateDict();
    const read = readSafeTensors(writeSafeTensors(dict), "weights.safetensors");
    const copy = make().loadStateDict(read.tensors);
    expect(await copy.stateDict()).toEqual(dict);
  });
});

describe("dropout", () => {
  const x = ndarray(new Float32Array(40_000).fill(2), [200, 200]);
  const layer = new nn.Dropout(0.3);

  test("drops p of the elements, scales the rest, and its gradient is the mask", async () => {
    const program = compile(
      (input: Tensor, k: Key) => {
        const y = layer.forward(input, k);
        return { y, g: grad(ops.sum(y), [input])[0]! };
      },
      { engine },
    );
    const { y, g } = await program(x, key);
    const kept = Array.from(y.data, Number).filter((v) => v !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(2 / 0.7)]));
    expect(Math.abs(1 - kept.length / 40_000 - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / 40_000));
    expect(Array.from(g.data as Float32Array, (v) => v * 2)).toEqual(Array.from(y.data as Float32Array));
    const again = await program(x, key);
    expect(again.y.data).toEqual(y.data);
    const other = await program(x, key.split("other"));
    expect(other.y.data).not.toEqual(y.data);
    await program.dispose();
  });

  test("is the identity in evaluation and for p = 0; p = 1 leaves nothing", async () => {
    const t = ops.constant(x);
    expect(layer.forward(t)).toBe(t);
    expect(new nn.Dropout(0).forward(t, key)).toBe(t);
    expect(new Set((await value(new nn.Dropout(1).forward(t, key))).data)).toEqual(new Set([0]));
  });

  test("layers of a Sequential draw apart", async () => {
    const net = new nn.Sequential(new nn.Dropout(0.5), new nn.Dropout(0.5));
    const { data } = await value(net.forward(ops.constant(x), key));
    // Both keep a quarter; one mask used twice would keep half.
    const kept = data.filter((v) => v !== 0).length / 40_000;
    expect(Math.abs(kept - 0.25)).toBeLessThan(0.02);
  });

  test("coarse: p is a number of 256ths, and the scale is its own", async () => {
    const { data } = await value(new nn.Dropout(0.3, { coarse: true }).forward(ops.constant(x), key));
    const kept = Array.from(data, Number).filter((v) => v !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround((2 * 256) / 179)]));
    const p = 77 / 256;
    expect(Math.abs(1 - kept.length / 40_000 - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 40_000));
    for (const extreme of [0.001, 0.999]) {
      const some = await value(nn.dropout(ops.constant(x), extreme, key, { coarse: true }));
      expect(new Set(some.data).size).toBe(2);
    }
  });

  test("a probability outside [0, 1] is refused", () => {
    expect(() => new nn.Dropout(1.5)).toThrow("p is a probability from 0 to 1, not 1.5");
  });
});

describe("attention", () => {
  const [q, k, v] = [gauss("q", 2, 3, 5, 4), gauss("k", 2, 3, 6, 4), gauss("v", 2, 3, 6, 7)];

  /** The formula element by element, in float64; `sees(i, j)` says whether query i may see key j. */
  function reference(sees: (i: number, j: number) => boolean, scale = 0.5): Float32Array {
    const out = new Float32Array(6 * 5 * 7);
    for (let b = 0; b < 6; b++)
      for (let i = 0; i < 5; i++) {
        const weights = Array.from({ length: 6 }, (_, j) => {
          let dot = 0;
          for (let e = 0; e < 4; e++) dot += q.data[(b * 5 + i) * 4 + e]! * k.data[(b * 6 + j) * 4 + e]!;
          return sees(i, j) ? Math.exp(dot * scale) : 0;
        });
        const total = weights.reduce((a, w) => a + w, 0);
        for (let f = 0; f < 7; f++)
          out[(b * 5 + i) * 7 + f] = weights.reduce(
            (a, w, j) => a + (w / total) * v.data[(b * 6 + j) * 7 + f]!,
            0,
          );
      }
    return out;
  }
  const shape = [2, 3, 5, 7];
  const attend = (options: nn.AttentionOptions): Promise<NdArray> =>
    value(nn.scaledDotProductAttention(q, k, v, options));

  test("is softmax(q·kᵀ/√E)·v, with a scale of one's own if wished", async () => {
    expect(
      distance(
        await attend({}),
        ndarray(
          reference(() => true),
          shape,
        ),
      ),
    ).toBeLessThan(1e-6);
    expect(
      distance(
        await attend({ scale: 1 }),
        ndarray(
          reference(() => true, 1),
          shape,
        ),
      ),
    ).toBeLessThan(1e-6);
  });

  test("causal: query i sees keys up to i; it joins with a mask", async () => {
    expect(
      distance(
        await attend({ causal: true }),
        ndarray(
          reference((i, j) => j <= i),
          shape,
        ),
      ),
    ).toBeLessThan(1e-6);
    const mask = ops.constant({ data: Uint8Array.of(1, 1, 0, 1, 1, 1), shape: [1, 6], dtype: "bool" });
    const both = reference((i, j) => j <= i && j !== 2);
    expect(distance(await attend({ causal: true, mask }), ndarray(both, shape))).toBeLessThan(1e-6);
  });

  test("a bool mask is true where attention may go; a float mask is added", async () => {
    const want = ndarray(
      reference((i, j) => (i + j) % 2 === 0),
      shape,
    );
    const open = Uint8Array.from({ length: 30 }, (_, n) => ((Math.floor(n / 6) + (n % 6)) % 2 === 0 ? 1 : 0));
    const mask = ops.constant({ data: open, shape: [5, 6], dtype: "bool" });
    expect(distance(await attend({ mask }), want)).toBeLessThan(1e-6);
    const added = ops.constant(
      ndarray(
        Float32Array.from(open, (o) => (o ? 0 : -Infinity)),
        [5, 6],
      ),
    );
    expect(distance(await attend({ mask: added }), want)).toBeLessThan(1e-6);
  });

  test("a row that may see nothing is the mean of the values, not NaN", async () => {
    const mask = ops.constant({ data: new Uint8Array(6), shape: [1, 6], dtype: "bool" });
    const mean = await value(ops.broadcastTo(ops.mean(v, { axes: 2, keepDims: true }), shape));
    expect(distance(await attend({ mask }), mean)).toBeLessThan(1e-6);
  });

  test("self-attention in one product is the same as query, key and value apart", async () => {
    const net = new nn.MultiheadAttention(8, 2).initialize(key);
    const [x, y] = [ops.constant(gauss("x", 2, 5, 8)), ops.constant(gauss("x", 2, 5, 8))];
    const packed = await value(net.forward(x));
    const apart = await value(net.forward(x, y, y));
    expect(distance(packed, apart)).toBeLessThan(1e-6);
  });

  test("heads that do not divide the width are refused", () => {
    expect(() => new nn.MultiheadAttention(8, 3)).toThrow("3 heads do not divide the width 8");
  });
});

describe("recurrent networks", () => {
  test("start from zeros, and one layer is its cell step by step", async () => {
    const net = new nn.LSTM(3, 4).initialize(key);
    const cell = new nn.LSTMCell(3, 4);
    const dict = await net.stateDict();
    cell.loadStateDict(
      Object.fromEntries(Object.entries(dict).map(([name, array]) => [name.replace("_l0", ""), array])),
    );
    const x = ops.constant(gauss("x", 2, 3, 3));
    let [h, c] = [ops.zeros([2, 4]), ops.zeros([2, 4])];
    for (let t = 0; t < 3; t++) [h, c] = cell.forward(ops.squeeze(ops.narrow(x, 1, t, t + 1), 1), [h, c]);
    const { output, state } = net.forward(x);
    expect(output.shape).toEqual([2, 3, 4]);
    expect(distance(await value(state[0]!), await value(ops.unsqueeze(h, 0)))).toBeLessThan(1e-6);
    expect(distance(await value(state[1]!), await value(ops.unsqueeze(c, 0)))).toBeLessThan(1e-6);
  });

  test("dropout works between layers, in a training pass only", async () => {
    const make = (dropout: number): nn.GRU => new nn.GRU(3, 4, { numLayers: 2, dropout }).initialize(key);
    const x = ops.constant(gauss("x", 2, 3, 3));
    const plain = await value(make(0).forward(x, undefined, key).output);
    expect(await value(make(0.5).forward(x).output)).toEqual(plain);
    const dropped = await value(make(0.5).forward(x, undefined, key).output);
    expect(dropped.data).not.toEqual(plain.data);
  });

  test("dropout has a mask of its own for every step", async () => {
    // The second layer passes on what the first gives, which does not change with the steps but for the mask.
    const net = new nn.RNN(2, 64, { numLayers: 2, dropout: 0.5, bias: false, nonlinearity: "relu" });
    const identity = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? 1 : 0));
    net.loadStateDict({
      weight_ih_l0: ndarray(new Float32Array(128).fill(1), [64, 2]),
      weight_hh_l0: ndarray(new Float32Array(64 * 64), [64, 64]),
      weight_ih_l1: ndarray(identity, [64, 64]),
      weight_hh_l1: ndarray(new Float32Array(64 * 64), [64, 64]),
    });
    const { data } = await value(net.forward(ops.ones([1, 4, 2]), undefined, key).output);
    const masks = Array.from({ length: 4 }, (_, t) =>
      Array.from(data.slice(64 * t, 64 * t + 64) as Float32Array),
    );
    expect(new Set(masks.flat())).toEqual(new Set([0, 4]));
    expect(new Set(masks.map(String)).size).toBe(4);
  });

  test("a sequence of the wrong rank, or no layer, is refused", () => {
    expect(() => new nn.RNN(3, 4).forward(ops.zeros([2, 3]))).toThrow(
      "takes [B, T, features], but was given [2, 3]",
    );
    expect(() => new nn.RNN(3, 4, { numLayers: 0 })).toThrow("one layer or more, not 0");
  });
});

describe("normalisation", () => {
  test("BatchNorm1d is BatchNorm2d of one pixel, and its statistics reach evaluation", async () => {
    const [flat, image] = [new nn.BatchNorm1d(3).initialize(key), new nn.BatchNorm2d(3).initialize(key)];
    const train = compile(
      (x: Tensor, k: Key) => [
        flat.forward(x, k),
        ops.reshape(image.forward(ops.reshape(x, [8, 3, 1, 1]), k), [8, 3]),
      ],
      { engine },
    );
    const x = gauss("bn", 8, 3);
    for (let i = 0; i < 200; i++) {
      const [a, b] = await train(x, key);
      expect(distance(a!, b!)).toBeLessThan(1e-6);
    }
    // After 200 steps of one batch the running statistics are that batch's own, with the unbiased variance.
    const evaluated = compile((t: Tensor) => flat.forward(t), { engine });
    const centred = ops.sub(x, ops.mean(x, { axes: 0, keepDims: true }));
    const spread = ops.variance(x, { axes: 0, keepDims: true, correction: 1 });
    const want = await value(ops.div(centred, ops.sqrt(ops.add(spread, 1e-5))));
    expect(distance(await evaluated(x), want)).toBeLessThan(1e-5);
    expect(await engine.state.read(flat.num_batches_tracked)).toMatchObject({ data: BigInt64Array.of(200n) });
    await train.dispose();
    await evaluated.dispose();
  });

  test("what does not fit is refused with both shapes", () => {
    const x = ops.zeros([2, 4, 3, 3]);
    expect(() => new nn.LayerNorm([3, 4]).forward(x)).toThrow("LayerNorm: normalises the last axes [3, 4]");
    expect(() => new nn.RMSNorm(5).forward(x)).toThrow(
      "RMSNorm: normalises the last axes [5], but was given [2, 4, 3, 3]",
    );
    expect(() => new nn.GroupNorm(2, 6).forward(x)).toThrow(
      "GroupNorm: takes [N, 6, ...], but was given [2, 4, 3, 3]",
    );
    expect(() => new nn.GroupNorm(3, 4)).toThrow("3 groups do not divide 4 channels");
    expect(() => new nn.BatchNorm1d(4).forward(x)).toThrow("BatchNorm1d: takes 2 or 3 dimensions");
    expect(() => new nn.BatchNorm2d(4).forward(ops.zeros([1, 4, 1, 1]), key)).toThrow(
      "more than one value per channel",
    );
  });
});

describe("convolution", () => {
  test('padding "same" keeps the size, odd rests at the end as in PyTorch', async () => {
    const conv = new nn.Conv2d(1, 1, [2, 3], { padding: "same", bias: false });
    conv.loadStateDict({ weight: ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 1, 2, 3]) });
    const y = await value(conv.forward(ndarray(Float32Array.of(1, 2, 3, 4), [1, 1, 2, 2])));
    // torch.nn.Conv2d(1, 1, (2, 3), padding="same", bias=False) with these weights
    expect(y).toEqual(ndarray(Float32Array.of(47, 37, 18, 11), [1, 1, 2, 2]));
    expect(() => new nn.Conv2d(1, 1, 3, { padding: "same", stride: 2 })).toThrow('"same" needs stride 1');
  });

  test("groups that do not divide the channels are refused", () => {
    expect(() => new nn.Conv2d(4, 6, 3, { groups: 4 })).toThrow(
      "4 groups do not divide 4 input and 6 output",
    );
    expect(() => new nn.ConvTranspose2d(3, 6, 3, { groups: 2 })).toThrow("2 groups do not divide 3 input");
  });
});

describe("losses", () => {
  test("shapes that would broadcast are refused", () => {
    const [x, y] = [ops.zeros([4, 1]), ops.zeros([4])];
    for (const loss of [nn.mseLoss, nn.l1Loss, nn.huberLoss, nn.binaryCrossEntropy, nn.klDiv])
      expect(() => loss(x, y)).toThrow("input [4, 1] and target [4] must have the same shape");
    expect(() => nn.crossEntropy(x, ops.arange(3))).toThrow("logits [4, 1] need labels [4], not [3]");
  });

  test("probabilities as targets: labels one-hot give the labels' loss", async () => {
    const logits = ops.constant(gauss("logits", 3, 2, 5));
    const labels = ops.constant(ndarray(Int32Array.of(0, 4, 2, 2, 1, 3), [3, 2]));
    for (const labelSmoothing of [0, 0.3]) {
      const byLabel = await value(nn.crossEntropy(logits, labels, { labelSmoothing, reduction: "none" }));
      const soft = ops.oneHot(labels, 5);
      const byProbability = await value(nn.crossEntropy(logits, soft, { labelSmoothing, reduction: "none" }));
      expect(byLabel.shape).toEqual([3, 2]);
      expect(distance(byLabel, byProbability)).toBeLessThan(1e-6);
    }
  });

  test("extremes stay finite: p of 0 and 1, logits of ±200, a batch in which no label counts", async () => {
    const p = ops.tensor([0, 1, 0, 1]);
    const y = ops.tensor([0, 1, 1, 0]);
    const each = { reduction: "none" } as const;
    expect(await numbers(nn.binaryCrossEntropy(p, y, each))).toEqual([0, 0, 100, 100]);
    const logits = ops.tensor([-200, 200, -200, 200]);
    expect(await numbers(nn.binaryCrossEntropyWithLogits(logits, y, each))).toEqual([0, 0, 200, 200]);
    const labels = ops.constant(ndarray(Int32Array.of(-1, -1), [2]));
    expect((await value(nn.crossEntropy(ops.zeros([2, 3]), labels, { ignoreIndex: -1 }))).data[0]).toBe(0);
    const target = ops.tensor([0, 1]);
    expect((await value(nn.klDiv(ops.tensor([-1, -2]), target, each))).data).toEqual(Float32Array.of(0, 2));
    const gradients = await value(grad(nn.binaryCrossEntropy(p, y), [p])[0]!);
    expect(Array.from(gradients.data as Float32Array).every(Number.isFinite)).toBe(true);
  });
});

test("cross-entropy from logits has the gradient σ(x) − y at 0, too", async () => {
  const [x, y] = [ops.tensor([0, 0, 0]), ops.tensor([0, 1, 0.25])];
  const sum = { reduction: "sum" } as const;
  const gradient = (loss: Tensor): Promise<number[]> => numbers(grad(loss, [x])[0]!);
  expect(await gradient(nn.binaryCrossEntropyWithLogits(x, y, sum))).toEqual([0.5, -0.5, 0.25]);
  // d/dx of (1 − y) x + (1 + (p − 1) y) ln(1 + e^−x): ½ − y (p + 1)/2, with p = 3.
  const weighted = nn.binaryCrossEntropyWithLogits(x, y, { ...sum, posWeight: 3 });
  expect(await gradient(weighted)).toEqual([0.5, -1.5, 0]);
});

test("sinusoids: the frequencies of the paper, in the graph and as a table", async () => {
  const t = ndarray(Float32Array.of(0, 1, 250));
  const table = nn.sinusoidTable([0, 1, 250], 6);
  expect(table.shape).toEqual([3, 6]);
  expect(Array.from(table.data.subarray(0, 6))).toEqual([0, 0, 0, 1, 1, 1]);
  const third = 10000 ** (1 / 3);
  for (const [i, omega] of [1, 1 / third, 1 / third ** 2].entries()) {
    expect(table.data[12 + i]).toBeCloseTo(Math.sin(250 * omega), 6);
    expect(table.data[12 + 3 + i]).toBeCloseTo(Math.cos(250 * omega), 6);
  }
  expect(distance(await value(nn.sinusoids(ops.constant(t), 6)), table)).toBeLessThan(1e-5);
  // diffusers' shift 1 ends at 1/10000; cosines may come first.
  const shifted = await value(nn.sinusoids(ops.constant(t), 6, { cosFirst: true, shift: 1 }));
  expect(shifted.data[12 + 2]).toBeCloseTo(Math.cos(250 / 10000), 6);
  expect(shifted.data[12 + 5]).toBeCloseTo(Math.sin(250 / 10000), 6);
});
