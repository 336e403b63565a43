/** Generative models on points in the plane. */
import { expect, test } from "vitest";
import type { PointData } from "../../src/data/data.ts";
import { drawMixture, MIXTURES, type Mixture } from "../../src/data/mixtures.ts";
import { mixtureData, POINTS } from "../../src/data/points.ts";
import { ae } from "../../src/generative/autoencoder.ts";
import { dae } from "../../src/generative/denoising.ts";
import { diffusionOf } from "../../src/generative/diffusion/config.ts";
import { ddpm } from "../../src/generative/diffusion/ddpm.ts";
import { dit } from "../../src/generative/diffusion/dit.ts";
import {
  BoundEvaluator,
  ddim,
  noiseSchedule,
  priorKl,
  Sampler,
  stepKl,
  trajectory,
} from "../../src/generative/diffusion/index.ts";
import type { DiffusionMlp } from "../../src/generative/diffusion/mlp.ts";
import { gan } from "../../src/generative/gan/gan.ts";
import { vae } from "../../src/generative/vae.ts";
import type { AnyModel, Output } from "../../src/model/contract.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { compiler, gaussianModel } from "./diffusion/helpers.ts";
import { done, inContext, type Trained, trainedBy } from "./helpers.ts";

/** The first points of a data set, so that measuring them all is quick. */
function few(data: PointData): PointData {
  const first = <E extends PointData["train"]>(examples: E, length: number): E => ({ ...examples, length });
  return { ...data, train: first(data.train, 10_000), test: first(data.test, 1000) };
}

/** Eight wide modes: a small network learns them in a second. */
const RING: Mixture = { ...MIXTURES["ring-8"], name: "wide-ring", sigma: 0.08 };
const ring: PointData = few(mixtureData(RING));
const moons = few(POINTS.moons());

const SMALL = { width: 64, depth: 2 };
/** v, because nothing holds x̂₀ to a range, and an error in ε̂ at a late time is many times as large in x̂₀. */
const QUICK = { timesteps: 100, prediction: "v", schedule: "cosine" };
const learn = (
  model: AnyModel,
  options: Record<string, unknown>,
  steps: number,
  { data = ring, ...training }: Record<string, unknown> & { data?: PointData } = {},
): Promise<Trained> =>
  trainedBy(model, { ...SMALL, ...options }, { data, steps, batchSize: 128, lr: 3e-3, ...training });

const names = ({ pictures }: Output): string[] => pictures!.map((p) => p.name);

/** log p(x) of the mixture, its mean over these points, in nats. */
function meanLogDensity({ centres, sigma }: Mixture, points: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < points.length; i += 2) {
    const p = centres.reduce((total, [a, b]) => {
      const squares = (points[i]! - a) ** 2 + (points[i + 1]! - b) ** 2;
      return total + Math.exp(-squares / (2 * sigma ** 2)) / (2 * Math.PI * sigma ** 2);
    }, 0);
    sum += Math.log(p / centres.length);
  }
  return sum / (points.length / 2);
}

test("ddpm on a mixture finds its modes without classes, and its bound is below the truth", async () => {
  const run = await learn(ddpm, { unconditional: true, ...QUICK }, 600, { ema: 0.98, warmup: 20 });
  const drawn = await done(run, "sample", { count: 200, steps: 10 });
  expect(names(drawn)).toEqual(["samples", "trajectories", "denoising", "score"]);
  const { numbers } = await done(run, "evaluate", {
    samples: 400,
    boundImages: 200,
    boundTimes: 33,
    steps: 20,
  });
  const truth = meanLogDensity(RING, drawMixture(RING, 5000, Key.seed(9)).points);
  expect(numbers!.elbo).toBeLessThan(truth + 0.05);
  expect(numbers!.elbo).toBeGreaterThan(truth - 5);
  expect(numbers).toMatchObject({ modes: 8, boundPoints: 200 });
  expect(numbers!.good_samples).toBeGreaterThan(0.6);
  expect(numbers!.precision).toBeGreaterThan(0.5);
  const back = await done(run, "reconstruct", { count: 50, steps: 50 });
  expect(names(back)).toEqual(["encoding"]);
  expect(back.numbers!.mse).toBeLessThan(0.02);
});

test("the bound of points by the best network is what its errors make it, in nats", async () => {
  const data = { mean: 0.5, deviation: 0.2 };
  const schedule = noiseSchedule("cosine", 60);
  const model = { ...gaussianModel(schedule, data), data: "points" } as const;
  const evaluator = new BoundEvaluator(model, compiler);
  const x0 = ndarray(
    hostNormal(Key.seed(2), 1000).map((z) => data.mean + data.deviation * z),
    [1000, 1],
  );
  const { total } = await evaluator.evaluate({ x0, key: Key.seed(3), variance: "fixed-small" });
  // The expected squared error of x̂₀ is the variance of x₀ given x_t.
  const error = (t: number): number => {
    const { signal, noise } = schedule.level(t);
    return (data.deviation * noise) ** 2 / ((signal * data.deviation) ** 2 + noise ** 2);
  };
  const first = schedule.posterior(1).variance;
  let expected = priorKl(schedule, x0) + 0.5 * (Math.log(2 * Math.PI * first) + error(0) / first);
  for (let t = 1; t < schedule.T; t++) {
    const { scale, offset } = stepKl(schedule, t, "fixed-small");
    expected += scale * error(t) + offset;
  }
  expect(total * Math.LN2).toBeCloseTo(expected, 1);
  // No bound is above the density: −E log N(x; mean, deviation²).
  expect(expected).toBeGreaterThan(0.5 * Math.log(2 * Math.PI * Math.E * data.deviation ** 2));
  await evaluator.dispose();
});

test("ddpm draws the class it is asked for, guided or not", async () => {
  const run = await learn(ddpm, QUICK, 400, { data: moons, ema: 0.98, warmup: 20 });
  const module = run.module as unknown as DiffusionMlp;
  expect(module.labelCount).toBe(3);
  // The upper moon is half of the circle around the origin.
  const model = diffusionOf(run as never);
  const share = (guidance: number): Promise<number> =>
    inContext(run, async ({ compile, key }) => {
      const sampler = new Sampler(model, (fn, name) => compile(fn, name));
      const plan = ddim(model.schedule, trajectory({ T: model.schedule.T, S: 20 }));
      const { data } = await sampler.sample(plan, { count: 200, batchSize: 200, key, label: 0, guidance });
      const off = Array.from({ length: 200 }, (_, i) =>
        Math.abs(Math.hypot(data[2 * i]!, data[2 * i + 1]!) - 1),
      );
      return off.filter((gap, i) => gap < 0.25 && data[2 * i + 1]! > -0.25).length / 200;
    });
  const [free, guided] = [await share(1), await share(2)];
  expect(free).toBeGreaterThan(0.8);
  expect(guided).toBeGreaterThan(0.8);
});

test("a vae learns a mixture; its bound is below the truth", async () => {
  const run = await learn(vae, { klWarmup: 0, sigma: 0.1 }, 700, { lrSchedule: "cosine" });
  const drawn = await done(run, "sample", { count: 300 });
  expect(names(drawn)).toEqual(["samples", "latent-grid"]);
  const { numbers } = await done(run, "evaluate", { samples: 500, importanceSamples: 4, images: 300 });
  const truth = meanLogDensity(RING, drawMixture(RING, 5000, Key.seed(9)).points);
  expect(numbers!.modes).toBe(8);
  expect(numbers!.good_samples).toBeGreaterThan(0.4);
  expect(numbers!.elbo).toBeLessThan(truth + 0.05);
  expect(numbers!.elbo).toBeGreaterThan(truth - 2);
  expect(numbers!.iwae).toBeLessThan(truth + 0.1);
  expect(numbers!.iwaePoints).toBe(300);
  expect(numbers).not.toHaveProperty("elboGrey");
  expect(numbers).not.toHaveProperty("pcaMse");
  expect(names(await done(run, "reconstruct"))).toEqual([
    "reconstructions",
    "field",
    "latent-map",
    "latent-grid",
  ]);
});

test("a denoising autoencoder gives the mean of the points that a damaged one may have been", async () => {
  const sigma = 0.3;
  const run = await learn(dae, { amount: sigma }, 700, { lrSchedule: "cosine" });
  const clean = drawMixture(RING, 500, Key.seed(4)).points;
  const noise = hostNormal(Key.seed(5), clean.length);
  const damaged = ndarray(
    clean.map((v, i) => v + sigma * noise[i]!),
    [500, 2],
  );
  const found = await inContext(run, async ({ compile, module }) => {
    const program = compile((x: Tensor) => module.decode(module.encode(x)));
    return (await program(damaged)) as NdArray<"float32">;
  });
  // E[x | x̃] of the mixture: each mode's posterior mean, weighted by how likely x̃ is under that mode.
  const variance = RING.sigma ** 2 + sigma ** 2;
  const expected = (i: number): [number, number] => {
    const [a, b] = [damaged.data[2 * i]!, damaged.data[2 * i + 1]!];
    const weights = RING.centres.map(([x, y]) => Math.exp(-((a - x) ** 2 + (b - y) ** 2) / (2 * variance)));
    const total = weights.reduce((s, w) => s + w, 0);
    const mean = (at: number, axis: 0 | 1): number =>
      RING.centres.reduce((s, c, k) => s + (weights[k]! / total) * (c[axis] + (RING.sigma ** 2 / variance) * (at - c[axis])), 0); // biome-ignore format: one formula
    return [mean(a, 0), mean(b, 1)];
  };
  let gap = 0;
  for (let i = 0; i < 500; i++) {
    const [x, y] = expected(i);
    gap += Math.hypot(found.data[2 * i]! - x, found.data[2 * i + 1]! - y) / 500;
  }
  expect(gap).toBeLessThan(0.08);
  const { numbers } = await done(run, "evaluate", { samples: 200 });
  expect(numbers!.mseInput! / sigma ** 2).toBeCloseTo(1, 0);
  expect(numbers!.mseDenoised).toBeLessThan(0.7 * numbers!.mseInput!);
  const shown = await done(run, "reconstruct");
  expect(names(shown)).toEqual(["reconstructions", "field", "latent-map", "latent-grid"]);
  expect((shown.pictures![1] as { svg: string }).svg).toContain("score");
});

test("an autoencoder orders points along a curve by one number", async () => {
  const run = await learn(ae, {}, 500, { data: moons, lrSchedule: "cosine" });
  expect((run.module as unknown as { latent: number }).latent).toBe(1);
  const { numbers } = await done(run, "evaluate", { samples: 300 });
  expect(numbers!.mseOverPca).toBeLessThan(0.6);
  expect(names(await done(run, "sample", { count: 300 }))).toEqual(["samples", "latent-grid"]);
  expect(names(await done(run, "reconstruct"))).toEqual(["reconstructions", "field", "latent-grid"]);
});

test("previews fit a training on points", async () => {
  for (const model of [ae, dae, vae, gan, ddpm] as AnyModel[]) {
    const run = await learn(model, model === ddpm ? { timesteps: 50 } : {}, 2);
    const { pictures, numbers } = await inContext(run, (context) => model.preview!(context));
    expect(pictures!.every((p) => "svg" in p)).toBe(true);
    expect(numbers!.samples).toBe(2500);
  }
});

test("points of other dimensions are learned, and shown as far as they can be", async () => {
  const d = 3;
  const spec = { kind: "points", name: "mine", dimensions: d, classes: [] } as const;
  const examples = {
    length: 400,
    fields: { points: { shape: [d], dtype: "float32" } },
    batch: (indices: ArrayLike<number>) => ({
      points: ndarray(hostNormal(Key.seed(1), d * indices.length), [indices.length, d]),
    }),
  } as const;
  const mine: PointData = {
    kind: "points",
    name: "mine",
    spec,
    train: examples,
    test: examples,
    classes: [],
  };
  for (const model of [ae, vae, ddpm] as AnyModel[]) {
    const run = await learn(model, model === ddpm ? { timesteps: 60 } : {}, 2, { data: mine });
    expect(names(await done(run, "sample", { count: 20 }))).toEqual(["samples"]);
    expect((await done(run, "evaluate", { samples: 50 })).numbers!.precision).toBeGreaterThanOrEqual(0);
    await done(run, "reconstruct", { count: 20 });
  }
});

test("a grid of η and S, and the plane of noises", async () => {
  const run = await learn(ddpm, { timesteps: 10, unconditional: true }, 1);
  const drawn = await done(run, "sample", { count: 20, grid: true, interpolate: true });
  expect(names(drawn).slice(-2)).toEqual(["interpolations", "eta-and-steps"]);
  await expect(done(run, "sample", { count: 20, interpolate: true, eta: 1 })).rejects.toThrow(
    "option `interpolate` needs ddim with option `eta` 0, or dpm-solver",
  );
});

test.each([
  [
    ae,
    { reconstruction: "bernoulli" },
    "a Bernoulli distribution is one of pixels between 0 and 1, but wide-ring holds points: choose option `reconstruction` gaussian",
  ],
  [vae, { decoder: "bernoulli" }, "choose option `decoder` gaussian"],
  [
    vae,
    { network: "conv" },
    "convolutions take images [C, H, W], but an example of these data is [2]: choose option `network` mlp",
  ],
  [dae, { network: "fully-conv" }, "choose option `network` mlp"],
  [dae, { corruption: "salt-and-pepper" }, "choose option `corruption` gaussian or masking"],
  [
    ddpm,
    { network: "unet" },
    "a U-Net denoises images, but wide-ring holds points: choose option `network` mlp",
  ],
  [ddpm, { flip: true }, "option `flip` mirrors images, but wide-ring holds points: leave option `flip` out"],
  [ddpm, { width: 7 }, "the mlp's width 7 must be even"],
  [dit, { width: 64 }, "dit cuts images into patches, but wide-ring holds points: choose ddpm"],
] as const)("what points cannot have is refused with a sentence, %#", async (model, options, sentence) => {
  await expect(learn(model as AnyModel, options, 1)).rejects.toThrow(sentence); // biome-ignore format: one line
});

test("what only images have is refused with a sentence", async () => {
  const run = await learn(ddpm, { timesteps: 20 }, 1);
  await expect(done(run, "sample", { gif: true })).rejects.toThrow("option `gif` animates images");
  await expect(done(run, "reconstruct", { mask: "left" })).rejects.toThrow(
    "option `mask` hides a part of images",
  );
  await expect(done(run, "evaluate", { ruler: "mnist" })).rejects.toThrow(
    "a ruler measures images, but wide-ring holds points",
  );
});

test("an exported sampler draws points, and an exported decoder too", async () => {
  const run = await learn(ddpm, { timesteps: 20, unconditional: true }, 1);
  const parts = ddpm.exports!.parts(run as never, 4, ddpm.exports!.options.parse({ steps: 5 }));
  expect(parts.sampler!.description).toMatch(/^noise to points: ddim/);
  expect(parts.sampler!.inputs.noise).toEqual({ shape: [4, 2], dtype: "float32" });
  const other = await learn(vae, {}, 1);
  const { decoder, encoder } = vae.exports!.parts(other as never, 4, {});
  expect(decoder!.description).toBe("codes to points");
  expect(encoder!.inputs).toEqual({ points: { shape: [4, 2], dtype: "float32" } });
});
