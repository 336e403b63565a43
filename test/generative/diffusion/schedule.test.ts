import { describe, expect, test } from "vitest";
import {
  cosine,
  linear,
  NoiseSchedule,
  noiseSchedule,
  SCHEDULES,
  type ScheduleName,
  scaledLinear,
  sigmoid,
} from "../../../src/generative/diffusion/index.ts";

const NAMES = Object.keys(SCHEDULES) as ScheduleName[];

describe("golden values", () => {
  test("linear, T = 1000, 1e-4 to 0.02", () => {
    const s = linear();
    expect(s.alphaBar(-1)).toBe(1);
    expect(s.alphaBar(0)).toBeCloseTo(0.9999, 15);
    expect(s.alphaBar(999)).toBeCloseTo(4.0358e-5, 9);
    expect(s.beta(0)).toBeCloseTo(1e-4, 15);
    expect(s.beta(999)).toBeCloseTo(0.02, 15);
  });

  test("scaled linear is linear in √β", () => {
    const s = scaledLinear({ T: 1000, betaStart: 0.00085, betaEnd: 0.012 });
    expect(Math.sqrt(s.beta(333))).toBeCloseTo(Math.sqrt(0.00085) + ((Math.sqrt(0.012) - Math.sqrt(0.00085)) * 333) / 999, 12); // biome-ignore format: one formula
    expect(s.alphaBar(999)).toBeCloseTo(0.0046602, 6);
  });

  test("cosine follows cos² until the last step is held at 0.999", () => {
    const f = (u: number) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    const s = cosine();
    for (const t of [0, 10, 500, 990]) expect(s.alphaBar(t) / (f((t + 1) / 1000) / f(0))).toBeCloseTo(1, 9);
    expect(s.beta(999)).toBeCloseTo(0.999, 12);
  });

  test("sigmoid goes through one half in the middle", () => {
    const s = sigmoid({ T: 1000 });
    expect(s.alphaBar(499)).toBeCloseTo(0.5, 9);
    expect(s.alphaBar(249) + s.alphaBar(749)).toBeCloseTo(1, 9);
  });
});

test.each(NAMES)("%s: any T, falling from near 1, with exact identities", (name) => {
  for (const T of [1, 2, 10, 100, 400]) {
    const s = noiseSchedule(name, T);
    expect(s.T).toBe(T);
    for (let t = 0; t < T; t++) {
      expect(s.alphaBar(t)).toBeLessThan(s.alphaBar(t - 1));
      const { signal, noise } = s.level(t);
      expect(signal ** 2 + noise ** 2).toBeCloseTo(1, 14);
      expect(s.snr(t)).toBeCloseTo(signal ** 2 / noise ** 2, 10 - Math.log10(Math.max(1, s.snr(t))));
      expect(s.lambda(t)).toBeCloseTo(Math.log(signal / noise), 9);
    }
    if (T >= 100) expect(s.alphaBar(T - 1)).toBeLessThan(0.01);
  }
});

test("the posterior of any pair: the product of its Gaussians", () => {
  const s = cosine({ T: 100 });
  for (const [t, prev] of [
    [99, 98],
    [50, 20],
    [7, 0],
  ] as const) {
    // biome-ignore format: pairs
    const { x0, x, variance } = s.posterior(t, prev);
    // Precisions add up: of x_s given x₀, and of x_s as the cause of x_t.
    const ratio = s.alphaBar(t) / s.alphaBar(prev);
    const precision = 1 / (1 - s.alphaBar(prev)) + ratio / (1 - ratio);
    expect(variance).toBeCloseTo(1 / precision, 12);
    expect(x0).toBeCloseTo((variance * Math.sqrt(s.alphaBar(prev))) / (1 - s.alphaBar(prev)), 12);
    expect(x).toBeCloseTo((variance * Math.sqrt(ratio)) / (1 - ratio), 12);
  }
  expect(s.posterior(0)).toEqual({ x0: 1, x: 0, variance: 0 });
  expect(s.posterior(60, -1)).toEqual({ x0: 1, x: 0, variance: 0 });
});

test("what cannot be is refused", () => {
  expect(() => noiseSchedule("cosinus" as ScheduleName)).toThrow('Did you mean "cosine"?');
  expect(() => linear({ T: 0 })).toThrow("a whole number of steps, 1 or more, not 0");
  expect(() => linear({ betaEnd: 1.5 })).toThrow("each must lie between 0 and 1");
  expect(() => new NoiseSchedule("mine", Float64Array.of(0.1, 0))).toThrow(
    "noise schedule mine: beta at step 1 is 0",
  );
  expect(() => linear({ T: 10 }).alphaBar(10)).toThrow("step 10 is not among -1 … 9");
});
