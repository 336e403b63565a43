import { describe, expect, test } from "vitest";
import {
  BoundEvaluator,
  discreteNll,
  linear,
  noiseFor,
  priorKl,
  stepKl,
  type Variance,
} from "../../../src/generative/diffusion/index.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { column, compiler, gaussianModel, ideal } from "./helpers.ts";

const schedule = linear({ T: 50 });
const key = Key.seed(6);

/** KL(N(m, v) ‖ N(n, w)) in nats. */
const kl = (m: number, v: number, n: number, w: number): number =>
  0.5 * (Math.log(w / v) + v / w - 1 + (m - n) ** 2 / w);

test.each(["fixed-small", "fixed-large"] as Variance[])(
  "%s: a step's KL is that of its two Gaussians",
  (variance) => {
    const [x, x0, guess] = [0.7, 0.3, -0.1];
    for (const t of [1, 20, 49]) {
      const { x: wx, x0: w0, variance: v } = schedule.posterior(t);
      const w = variance === "fixed-small" ? v : schedule.beta(t);
      const { scale, offset } = stepKl(schedule, t, variance);
      const direct = kl(wx * x + w0 * x0, v, wx * x + w0 * guess, w);
      expect(scale * (x0 - guess) ** 2 + offset).toBeCloseTo(direct, 10);
      if (variance === "fixed-small") expect(offset).toBe(0);
    }
  },
);

test("the prior's KL", () => {
  const { signal, noise } = schedule.level(49);
  const direct = [0.5, -1].map((x) => kl(signal * x, noise ** 2, 0, 1));
  expect(priorKl(schedule, column(0.5, -1))).toBeCloseTo((direct[0]! + direct[1]!) / 2, 12);
  expect(priorKl(linear(), column(1, 1))).toBeLessThan(3e-5);
});

test("the decoder is a distribution over the 256 grey values", async () => {
  const greys = ndarray(Float32Array.from({ length: 256 }, (_, i) => i / 127.5 - 1));
  const nll = compiler((x: Tensor, mean: Tensor, deviation: Tensor) => discreteNll(x, mean, deviation));
  for (const [mean, deviation] of [
    [0, 0.1],
    [0.99, 0.3],
    [-1, 0.01],
    [0.2, 2],
    [1.2, 0.05],
  ] as const) {
    // biome-ignore format: pairs
    const { data } = await nll(greys, mean, deviation);
    const p = Array.from(data as Float32Array, (v) => Math.exp(-v));
    expect(
      p.reduce((a, b) => a + b, 0),
      `${mean} ± ${deviation}`,
    ).toBeCloseTo(1, 5);
    // Most likely is the grey value nearest to the mean.
    const nearest = Math.round((Math.max(-1, Math.min(1, mean)) + 1) * 127.5);
    if (deviation < 0.2) expect(Math.abs(p.indexOf(Math.max(...p)) - nearest)).toBeLessThanOrEqual(1);
  }
});

describe("the bound of a model", () => {
  const data = { mean: 0, deviation: 0.3 };
  const x0 = column(...[-0.4, 0, 0.2].map((v) => Math.round((v + 1) * 127.5) / 127.5 - 1));

  test("is the sum of its terms in float64", async () => {
    const evaluator = new BoundEvaluator(gaussianModel(schedule, data), compiler);
    const seen: number[] = [];
    const got = await evaluator.evaluate({ x0, key, progress: (done, total) => seen.push(done / total) });
    let steps = 0;
    for (let t = 1; t < 50; t++) {
      const z = noiseFor(key, [1], 3, 0, "bound", t).data;
      const level = schedule.level(t);
      for (const [i, x] of x0.data.entries()) {
        const guess = Math.max(
          -1,
          Math.min(1, ideal(level.signal * x + level.noise * z[i]!, level, data).x0),
        );
        const { x0: w, variance } = schedule.posterior(t);
        steps += kl(w * x, variance, w * guess, schedule.beta(t)) / 3;
      }
    }
    expect(got.steps).toBeCloseTo(steps / Math.LN2, 4);
    expect(got.prior).toBeCloseTo(priorKl(schedule, x0) / Math.LN2, 10);
    expect(got.total).toBeCloseTo(got.prior + got.steps + got.decoder, 10);
    expect(seen.at(-1)).toBe(1);
    expect(got.total).toBeGreaterThan(0);
    // 256 grey values, of which data with this deviation leave about log₂(0.3·127.5·√(2πe)) bits.
    expect(got.total).toBeLessThan(9);
    await evaluator.dispose();
  });

  test("is smaller for the better model, and can be estimated from some of the times", async () => {
    const of = async (mean: number, times?: number): Promise<number> => {
      const evaluator = new BoundEvaluator(gaussianModel(schedule, { ...data, mean }), compiler);
      const bound = await evaluator.evaluate({ x0, key, times });
      await evaluator.dispose();
      return bound.total;
    };
    const [right, wrong] = [await of(0), await of(0.8)];
    expect(right).toBeLessThan(wrong);
    expect(await of(0, 49)).toBeCloseTo(right, 10);
    expect(Math.abs((await of(0, 20)) - right)).toBeLessThan(1);
  });

  test("data of one point cost nothing on the way", async () => {
    const evaluator = new BoundEvaluator(gaussianModel(schedule, { mean: 0, deviation: 0 }), compiler);
    const bound = await evaluator.evaluate({ x0: column(0, 0), key, variance: "fixed-small" });
    expect(bound.steps).toBeCloseTo(0, 9);
    expect(bound.mse).toBeCloseTo(0, 9);
  });

  test("what cannot be is refused", async () => {
    const evaluate = (rest: object) =>
      new BoundEvaluator(gaussianModel(schedule, data), compiler).evaluate({ x0, key, ...rest });
    await expect(evaluate({ times: 50 })).rejects.toThrow("estimated from 1 to 49 times, not 50");
    await expect(evaluate({ variance: "learned" })).rejects.toThrow('unknown variance "learned"');
    await expect(evaluate({ labels: [1, 1, 1] })).rejects.toThrow("trained without classes");
  });
});
