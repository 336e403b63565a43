import { describe, expect, test } from "vitest";
import { DiT } from "../../../src/generative/diffusion/dit.ts";
import {
  type DiffusionModel,
  type DiffusionNetwork,
  ddim,
  diffusionLoss,
  linear,
  lossWeights,
  noiseSchedule,
  PARAMETERIZATIONS,
  type Prediction,
  Sampler,
  trajectory,
  type Weighting,
} from "../../../src/generative/diffusion/index.ts";
import { sinusoids } from "../../../src/nn/embedding.ts";
import * as init from "../../../src/nn/init.ts";
import { Linear } from "../../../src/nn/linear.ts";
import { Module } from "../../../src/nn/module.ts";
import { adam } from "../../../src/optim/adam.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { add, chunk, mul, silu } from "../../../src/tensor/ops.ts";
import { hostNormal, hostUniform, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { compiler, gaussianModel, ideal } from "./helpers.ts";

const KINDS = Object.keys(PARAMETERIZATIONS) as Prediction[];
const schedule = linear({ T: 50 });
const key = Key.seed(2);
const data = { mean: 0.2, deviation: 0.5 };

const lossOf = (model: DiffusionModel, options: Parameters<typeof diffusionLoss>[4] = {}) =>
  compiler((x0: Tensor, labels: Tensor | undefined, k: Key) => diffusionLoss(model, x0, labels, k, options));

describe("the loss", () => {
  const n = 64;
  const x0 = ndarray(hostNormal(Key.seed(3), n), [n, 1]);
  const t = Array.from(hostUniform(key.split("t"), n), (u) => Math.floor(u * 50));
  const epsilon = hostNormal(key.split("noise"), n);
  /** Squared errors of the best network's x̂₀, in float64. */
  const errors = t.map((time, i) => {
    const level = schedule.level(time);
    const x = level.signal * x0.data[i]! + level.noise * epsilon[i]!;
    return (ideal(x, level, data).x0 - x0.data[i]!) ** 2;
  });
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / n;

  test("plain: the mean squared error of what is predicted", async () => {
    // ε̂ − ε = (x₀ − x̂₀)·√SNR and v̂ − v = (x₀ − x̂₀)·√(SNR + 1).
    const factor = { epsilon: (snr: number) => snr, x0: () => 1, v: (snr: number) => snr + 1 };
    for (const kind of KINDS) {
      const { loss } = await lossOf(gaussianModel(schedule, data, kind))(x0, undefined, key);
      const expected = mean(errors.map((e, i) => e * factor[kind](schedule.snr(t[i]!))));
      expect(Number(loss.data[0]) / expected, kind).toBeCloseTo(1, 3);
    }
  });

  test("min-SNR: min(SNR, γ) on the error of x₀, whatever is predicted", async () => {
    const expected = mean(errors.map((e, i) => e * Math.min(schedule.snr(t[i]!), 5)));
    for (const kind of KINDS) {
      const model = gaussianModel(schedule, data, kind);
      const { loss, mse } = await lossOf(model, { weighting: { minSnr: 5 } })(x0, undefined, key);
      expect(Number(loss.data[0]) / expected, kind).toBeCloseTo(1, 3);
      expect(mse).toBeDefined();
    }
  });

  test("weights of the paper: 1 below γ for ε, γ/SNR above", () => {
    const weights = lossWeights(schedule, "epsilon", { minSnr: 5 });
    expect(weights[0]).toBeCloseTo(5 / schedule.snr(0), 12);
    expect(weights[49]).toBe(1);
    expect(lossWeights(schedule, "v", { minSnr: 5 })[49]).toBeCloseTo(
      schedule.snr(49) / (schedule.snr(49) + 1),
      12,
    );
    expect(Array.from(lossWeights(schedule, "v", "plain")).every((w) => w === 1)).toBe(true);
  });

  test("label dropout shows the null label instead", async () => {
    const model = gaussianModel(schedule, data, "epsilon", 3);
    const [labels, nulls] = [new Int32Array(n).fill(1), new Int32Array(n).fill(3)];
    const value = async (p: number, y: Int32Array): Promise<number> =>
      Number((await lossOf(model, { labelDropout: p })(x0, y, key)).loss.data[0]);
    const [kept, dropped] = [await value(0, labels), await value(0, nulls)];
    expect(await value(1, labels)).toBeCloseTo(dropped, 5);
    const half = await value(0.5, labels);
    expect(half).toBeGreaterThan(kept + 0.3 * (dropped - kept));
    expect(half).toBeLessThan(kept + 0.7 * (dropped - kept));
  });

  test("what cannot be is refused", async () => {
    const fails = async (model: DiffusionModel, options: object, sentence: string, labels?: Int32Array) =>
      expect(lossOf(model, options)(x0, labels, key)).rejects.toThrow(sentence);
    const classes = gaussianModel(schedule, data, "epsilon", 3);
    await fails(classes, {}, "this model has 3 classes, but the data have no labels");
    await fails(
      classes,
      { labelDropout: 1.5 },
      "label dropout is a probability from 0 to 1, not 1.5",
      new Int32Array(n),
    );
    await fails(
      { ...classes, classes: 4 },
      { labelDropout: 0.1 },
      "label dropout needs a null label",
      new Int32Array(n),
    );
    await fails(
      classes,
      { weighting: { minSnr: 0 } },
      "min-SNR weighting needs gamma above 0",
      new Int32Array(n),
    );
    await fails({ ...classes, shape: [2] }, {}, "this model takes images [2], not a batch of [64, 1]");
    const network = new DiT({
      shape: [1, 4, 4],
      patch: 2,
      depth: 1,
      width: 8,
      heads: 1,
      labels: 0,
      learnSigma: true,
    });
    const sigma = { network, schedule, prediction: "epsilon", shape: [1, 4, 4], classes: 0 } as const;
    await expect(lossOf(sigma)(ndarray(new Float32Array(16), [1, 1, 4, 4]), undefined, key)).rejects.toThrow(
      "a variance (learn_sigma) can be loaded, but not trained",
    );
  });
});

/** Sharp features of x, each scaled and shifted by the time, and one hidden layer. */
class Mlp extends Module implements DiffusionNetwork {
  readonly labelCount = 0;
  readonly first = new Linear(2, 64, { weightInit: init.normal(0, 2), biasInit: init.normal(0, 2) });
  readonly time = new Linear(16, 128);
  readonly second = new Linear(64, 64);
  readonly last = new Linear(64, 2);

  forward(x: Tensor, t: Tensor): Tensor {
    const [scale, shift] = chunk(this.time.forward(sinusoids(t, 16)), 2, 1) as [Tensor, Tensor];
    const h = silu(add(mul(this.first.forward(x), add(scale, 1)), shift));
    return this.last.forward(silu(this.second.forward(h)));
  }
}

/** Two places in the plane. */
const PLACES = [
  [0.8, 0.6],
  [-0.8, -0.6],
] as const;
const batchOf = (k: Key, n: number) => {
  const [which, jitter] = [hostUniform(k.split("which"), n), hostNormal(k.split("jitter"), 2 * n)];
  const values = Array.from(which, (u, i) =>
    PLACES[Math.floor(u * 2)]!.map((c, j) => c + 0.03 * jitter[2 * i + j]!),
  );
  return ndarray(Float32Array.from(values.flat()), [n, 2]);
};

describe("each prediction, schedule and weighting learns two places in the plane", () => {
  const cases = KINDS.flatMap((kind) =>
    (["linear", "cosine"] as const).flatMap((name) =>
      (["plain", { minSnr: 5 }] as Weighting[]).map((weighting) => ({ kind, name, weighting })),
    ),
  );
  test.each(cases)("$kind, $name, $weighting", async ({ kind, name, weighting }) => {
    const network = new Mlp().initialize(key.split("weights"));
    const model: DiffusionModel = {
      network,
      schedule: noiseSchedule(name, 40),
      prediction: kind,
      shape: [2],
      classes: 0,
    };
    const optimizer = adam()(network.parameters());
    const train = compiler((x0: Tensor, k: Key) => {
      const { loss } = diffusionLoss(model, x0, undefined, k, { weighting });
      optimizer.step(grad(loss, network.parameters()), 4e-3);
      return loss;
    });
    const sampler = new Sampler(model, compiler);
    const plan = ddim(model.schedule, trajectory({ T: 40, S: 20 }));
    // Clipped: where the signal is almost gone, ε says next to nothing of x₀ (cosine's last steps).
    const draw = async () =>
      (await sampler.sample(plan, { count: 200, batchSize: 200, key, clipX0: true })).data;
    const off = (x: Float32Array): number => {
      const distances = Array.from({ length: 200 }, (_, i) =>
        Math.min(...PLACES.map(([a, b]) => Math.hypot(x[2 * i]! - a, x[2 * i + 1]! - b))),
      );
      return distances.toSorted((a, b) => a - b)[100]!;
    };
    const before = off(await draw());
    for (let s = 0; s < 400; s++) await train(batchOf(key.split(s), 128), key.split("step").split(s));
    const samples = await draw();
    expect(before).toBeGreaterThan(0.3);
    expect(off(samples)).toBeLessThan(0.12);
    const right = samples.filter((v, i) => i % 2 === 0 && v > 0).length;
    expect(right).toBeGreaterThan(60);
    expect(right).toBeLessThan(140);
    await Promise.all([train.dispose(), sampler.dispose()]);
  });
});
