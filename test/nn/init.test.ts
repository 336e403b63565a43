import { describe, expect, test } from "vitest";
import * as nn from "../../src/nn/index.ts";
import { init } from "../../src/nn/index.ts";
import { Key } from "../../src/tensor/random.ts";

const key = Key.seed(7);
const SHAPE = [64, 32, 5, 5] as const; // fan in 800, fan out 1600

function moments(values: Float32Array): { mean: number; std: number; low: number; high: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  return {
    mean,
    std,
    low: Math.min(...values.slice(0, 100_000)),
    high: Math.max(...values.slice(0, 100_000)),
  };
}

/** Mean and deviation of 51,200 draws: within about five standard errors. */
function expectMoments(values: Float32Array, mean: number, std: number): void {
  const got = moments(values);
  expect(Math.abs(got.mean - mean)).toBeLessThan((5 * std) / Math.sqrt(values.length));
  expect(Math.abs(got.std / std - 1)).toBeLessThan(5 / Math.sqrt(values.length));
}

function expectBounds(values: Float32Array, bound: number): void {
  const { low, high } = moments(values);
  expect(low).toBeGreaterThanOrEqual(-bound * (1 + 1e-6));
  expect(high).toBeLessThanOrEqual(bound * (1 + 1e-6));
  expect(high - low).toBeGreaterThan(2 * bound * 0.99);
}

describe("initialisers have the moments that PyTorch's have", () => {
  test("uniform and normal", () => {
    expectMoments(init.uniform(-1, 3)(key, SHAPE), 1, 4 / Math.sqrt(12));
    expectMoments(init.normal(2, 0.5)(key, SHAPE), 2, 0.5);
  });

  test("kaiming: gain / √fan, gain √2 by default", () => {
    const uniform = init.kaimingUniform()(key, SHAPE);
    expectMoments(uniform, 0, Math.SQRT2 / Math.sqrt(800));
    expectBounds(uniform, Math.sqrt(6 / 800));
    expectMoments(
      init.kaimingNormal({ mode: "fan_out", nonlinearity: "relu" })(key, SHAPE),
      0,
      Math.SQRT2 / Math.sqrt(1600),
    );
    expectMoments(init.kaimingNormal({ nonlinearity: "tanh" })(key, SHAPE), 0, 5 / 3 / Math.sqrt(800));
  });

  test("xavier: √(2 / (fan in + fan out))", () => {
    const uniform = init.xavierUniform()(key, SHAPE);
    expectMoments(uniform, 0, Math.sqrt(2 / 2400));
    expectBounds(uniform, Math.sqrt(6 / 2400));
    expectMoments(init.xavierNormal(2)(key, SHAPE), 0, 2 * Math.sqrt(2 / 2400));
  });

  test("truncNormal stays inside, with the variance of the cut normal", () => {
    const values = init.truncNormal(0, 0.02, -0.04, 0.04)(key, SHAPE);
    expectBounds(values, 0.04);
    // var / σ² = 1 − 2·2·φ(2) / (Φ(2) − Φ(−2))
    expectMoments(values, 0, 0.02 * Math.sqrt(1 - (4 * 0.0539909665) / 0.9544997361));
    expect(() => init.truncNormal(0, 1, 5, 6)(key, [2])).toThrow(
      "within two standard deviations (1) of the mean (0)",
    );
  });

  test("orthogonal: the shorter side is orthonormal, times the gain", () => {
    for (const [rows, columns] of [
      [6, 20],
      [20, 6],
      [8, 8],
    ] as const) {
      const w = init.orthogonal(3)(key, [rows, columns]);
      const across = rows <= columns;
      const n = Math.min(rows, columns);
      const at = (i: number, j: number): number => (across ? w[i * columns + j]! : w[j * columns + i]!);
      for (let a = 0; a < n; a++)
        for (let b = 0; b < n; b++) {
          let dot = 0;
          for (let j = 0; j < Math.max(rows, columns); j++) dot += at(a, j) * at(b, j);
          expect(dot).toBeCloseTo(a === b ? 9 : 0, 5);
        }
    }
  });

  test("fans need a matrix", () => {
    expect(() => init.kaimingUniform()(key, [3])).toThrow("need two dimensions or more, not [3]");
    expect(() => init.orthogonal()(key, [3])).toThrow("needs two dimensions or more, not [3]");
  });
});

describe("layers start as PyTorch's do", () => {
  const first = (module: nn.Module, name: string): Float32Array =>
    new Map(module.initialize(key).variables()).get(name)!.value!.data as Float32Array;

  test("Linear and Conv2d: U(±1/√fan_in), weight and bias", () => {
    const linear = new nn.Linear(400, 300);
    expectBounds(first(linear, "weight"), 1 / 20);
    expectMoments(first(linear, "weight"), 0, 1 / 20 / Math.sqrt(3));
    expectMoments(first(linear, "bias"), 0, 1 / 20 / Math.sqrt(3));
    const conv = new nn.Conv2d(32, 600, 3, { groups: 2 });
    expectBounds(first(conv, "weight"), 1 / 12);
    expectMoments(first(conv, "bias"), 0, 1 / 12 / Math.sqrt(3));
    // [in, out, kh, kw] is read as it stands: fan_in is out·kh·kw, as in PyTorch.
    expectBounds(first(new nn.ConvTranspose2d(64, 16, 5), "weight"), 1 / 20);
  });

  test("Embedding N(0, 1), norms 1 and 0, recurrent U(±1/√H), attention Xavier", () => {
    expectMoments(first(new nn.Embedding(100, 64), "weight"), 0, 1);
    expect(first(new nn.GroupNorm(2, 4), "weight")).toEqual(Float32Array.of(1, 1, 1, 1));
    expect(first(new nn.LayerNorm(2), "bias")).toEqual(Float32Array.of(0, 0));
    expect(first(new nn.BatchNorm2d(2), "running_var")).toEqual(Float32Array.of(1, 1));
    expectBounds(first(new nn.LSTM(10, 100, { numLayers: 2 }), "weight_hh_l1"), 0.1);
    const attention = new nn.MultiheadAttention(64, 4);
    expectBounds(first(attention, "in_proj_weight"), Math.sqrt(6 / (64 + 192)));
    expect(new Set(first(attention, "in_proj_bias"))).toEqual(new Set([0]));
    expect(new Set(first(attention, "out_proj.bias"))).toEqual(new Set([0]));
  });

  test("values depend on the key and the name alone", () => {
    const a = new nn.Sequential(new nn.Linear(3, 4), new nn.Linear(4, 2));
    const b = new nn.Sequential(new nn.Linear(5, 4), new nn.Linear(4, 2));
    expect(first(a, "1.weight")).toEqual(first(b, "1.weight"));
    expect(first(a, "1.weight")).not.toEqual(first(a, "1.bias").slice(0, 8));
    a.initialize(Key.seed(8));
    expect(a.parameters()[2]!.value!.data).not.toEqual(first(b, "1.weight"));
  });
});
