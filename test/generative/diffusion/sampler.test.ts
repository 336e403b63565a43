import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { compile } from "../../../src/engine/compile.ts";
import { exportOnnx } from "../../../src/engine/onnx/export.ts";
import {
  type Compile,
  type DiffusionModel,
  type DiffusionNetwork,
  ddim,
  ddimEncode,
  ddpm,
  ddpmUNet,
  dpmSolver,
  fullTrajectory,
  initialNoise,
  labelsFor,
  linear,
  noiseFor,
  type Prediction,
  Sampler,
  type SamplingPlan,
  toModel,
  toPixels,
  traceSampler,
  trajectory,
  UNet,
  visiting,
} from "../../../src/generative/diffusion/index.ts";
import { Module } from "../../../src/nn/module.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { concat, mul } from "../../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { distance, golden, goldens } from "../../goldens/read.ts";
import { ranksOf } from "../../train/ranks.ts";
import { column, compiler, GaussianNetwork, gaussianModel, runIdeal, sharedEngine } from "./helpers.ts";

const key = Key.seed(11);
const schedule = linear({ T: 100 });
const path = trajectory({ T: 100, S: 8, spacing: "quadratic" });
const data = { mean: 0.3, deviation: 0.4 };
const PLANS: readonly SamplingPlan[] = [
  ddpm(schedule, path, { variance: "fixed-small" }),
  ddpm(schedule, path),
  ddim(schedule, path),
  ddim(schedule, path, { eta: 0.7 }),
  ddim(schedule, path, { eta: "sigma-hat" }),
  dpmSolver(schedule, path),
  ddimEncode(schedule, path),
];

/** A small U-Net whose output is not next to nothing. */
function unetModel(options: { classes?: number; nullLabel?: boolean } = {}): DiffusionModel {
  const { classes = 0, nullLabel = true } = options;
  const labels = classes > 0 ? classes + Number(nullLabel) : 0;
  const config = ddpmUNet({ channels: 1, size: 8, multipliers: [1, 2], width: 4, attentionAt: [4], groups: 2, layersPerBlock: 1, labels }); // biome-ignore format: one line
  const network = new UNet(config).initialize(Key.seed(5));
  for (const [name, p] of network.namedParameters())
    if (!name.includes("norm"))
      p.set(ndarray(hostNormal(key.split(name), p.size).map((v) => v / 4), p.shape)); // biome-ignore format: short
  return { network, schedule, prediction: "v", shape: [1, 8, 8], classes };
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));

describe("every sampler on the best network of Gaussian data, against float64", () => {
  test.each(["epsilon", "x0", "v"] as Prediction[])("%s", async (prediction) => {
    const model = gaussianModel(schedule, data, prediction);
    const sampler = new Sampler(model, compiler);
    const start = [-1.5, 0.2, 0.9];
    for (const plan of PLANS) {
      const out = await sampler.last(plan, { x: column(...start), key, clipX0: false });
      for (const [n, x] of start.entries()) {
        const z = (i: number): number => noiseFor(key, [1], 1, n, "step", plan.steps[i]!.t).data[0]!;
        expect(out.data[n], plan.name).toBeCloseTo(runIdeal(plan, x, data, z), 4);
      }
    }
  });

  test("a variance that the network also says is left aside", async () => {
    class Twice extends GaussianNetwork {
      override forward(x: Tensor, t: Tensor): Tensor {
        return concat([super.forward(x, t), mul(x, 100)], 1);
      }
    }
    const model = gaussianModel(schedule, data);
    const options = { x: column(-1, 0.4), key };
    const both = { ...model, network: new Twice(schedule, data, "epsilon") };
    const plan = ddim(schedule, path);
    const expected = await new Sampler(model, compiler).last(plan, options);
    expect(await new Sampler(both, compiler).last(plan, options)).toEqual(expected);
  });

  test("many samples have the mean and the deviation of the data", async () => {
    const sampler = new Sampler(gaussianModel(schedule, data), compiler);
    const plan = ddim(schedule, fullTrajectory(100), { eta: 1 });
    const n = 4000;
    const { data: x } = await sampler.sample(plan, { count: n, batchSize: n, key, clipX0: false });
    const mean = x.reduce((a, b) => a + b, 0) / n;
    const deviation = Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / n);
    expect(Math.abs(mean - 0.3)).toBeLessThan(0.03);
    expect(Math.abs(deviation - 0.4)).toBeLessThan(0.03);
  });
});

/** The goldens' network: 1.3·x + 0.4·sin(t/50). */
class Wave extends Module implements DiffusionNetwork {
  readonly labelCount = 0;
  forward(x: Tensor, t: Tensor): Tensor {
    return x.mul(1.3).add(t.reshape(-1, 1).mul(1 / 50).sin().mul(0.4)); // biome-ignore format: a formula
  }
}

describe("ε̂ where x̂₀ was clipped: as diffusers' DDIMScheduler, by default and with use_clipped_model_output, and as the DDIM paper's code", () => {
  const names = [...goldens("diffusion").keys()].filter((name) => name.startsWith("ddim-"));
  test.each(names)("%s", async (name) => {
    const { config, inputs, outputs } = golden("diffusion", name);
    const { times, eta, prediction, clipX0, useClippedModelOutput } = config as never as Sampled;
    const model = { network: new Wave(), schedule: linear(), prediction, shape: [1], classes: 0 };
    const plan = ddim(model.schedule, visiting(times), { eta });
    const run = compiler((x: Tensor, z: Tensor) =>
      traceSampler(model, plan, x, {
        noise: (i) => z.narrow(0, i, i + 1).squeeze(0),
        clipX0,
        useClippedModelOutput,
      }),
    );
    const y = await run(inputs.x!, inputs.z!);
    expect(distance(y, outputs.y!)).toBeLessThan(1e-4);
    // The other way would not pass.
    const other = name.replace("own", "other").replace("clipped", "own").replace("other", "clipped");
    if (other !== name) expect(distance(y, golden("diffusion", other).outputs.y!)).toBeGreaterThan(0.01);
  });

  test("the sampler's own default is that of use_clipped_model_output; diffusers' is there for the asking", async () => {
    const model = gaussianModel(schedule, { mean: 2, deviation: 0.1 });
    const [sampler, x] = [new Sampler(model, compiler), column(3)];
    const last = (rest: object) => sampler.last(ddim(schedule, path), { x, key, clipX0: true, ...rest });
    // All of the path but its last step shows the difference: the last is x̂₀ alone.
    const kept = await first(sampler.run(ddim(schedule, path), { x, key, useClippedModelOutput: false }));
    const follows = await first(sampler.run(ddim(schedule, path), { x, key }));
    expect(Math.abs(kept.x.data[0]! - follows.x.data[0]!)).toBeGreaterThan(1e-3);
    expect(await last({})).toEqual(await last({ useClippedModelOutput: true }));
    // Where nothing is clipped, both are one.
    const unclipped = await last({ clipX0: false, useClippedModelOutput: false });
    expect(unclipped).toEqual(await last({ clipX0: false, useClippedModelOutput: true }));
  });
});

async function first<T>(values: AsyncIterable<T>): Promise<T> {
  for await (const value of values) return value;
  throw new Error("nothing came");
}

interface Sampled {
  readonly times: readonly number[];
  readonly eta: number;
  readonly prediction: Prediction;
  readonly clipX0: boolean;
  readonly useClippedModelOutput: boolean;
}

describe("the driver", () => {
  const plan = ddim(schedule, path, { eta: 1 });

  test("same seed, same images, in any batches; another seed, others", async () => {
    const sampler = new Sampler(unetModel(), compiler);
    const one = await sampler.sample(plan, { count: 5, key });
    expect(await sampler.sample(plan, { count: 5, key })).toEqual(one);
    const pieces = await sampler.sample(plan, { count: 5, batchSize: 2, key });
    expect(far(pieces.data, one.data)).toBeLessThan(1e-4);
    // Ranks draw a part of the images each, and all get all of them.
    const shared = await Promise.all(
      ranksOf(2).map((ranks) => sampler.sample(plan, { count: 5, key, ranks })),
    );
    for (const { data } of shared) expect(far(data, one.data)).toBeLessThan(1e-4);
    expect(far((await sampler.sample(plan, { count: 5, key: Key.seed(12) })).data, one.data)).toBeGreaterThan(
      0.1,
    );
  });

  test("steps are told one by one, with what the image will be; the last guess is the image", async () => {
    const sampler = new Sampler(unetModel(), compiler);
    const seen: number[] = [];
    const full = ddim(schedule, path);
    let x = initialNoise(sampler.model, key, 2);
    for await (const now of sampler.run(full, { x, key })) {
      seen.push(now.t);
      const { signal, noise } = schedule.level(now.t);
      // What the step takes x to be made of.
      expect(far(x.data, now.x0.data.map((v, i) => signal * v + noise * now.epsilon.data[i]!))).toBeLessThan(1e-4); // biome-ignore format: one line
      ({ x } = now);
      expect([now.step, now.steps]).toEqual([seen.length, path.steps.length]);
      if (now.step === now.steps) expect(far(now.x.data, now.x0.data)).toBeLessThan(1e-6);
    }
    expect(seen).toEqual(path.steps.map((s) => s.t));
    const progress: number[] = [];
    await sampler.sample(full, {
      count: 3,
      batchSize: 2,
      key,
      progress: (done, total) => progress.push(done / total),
    });
    expect(progress.at(-1)).toBe(1);
    expect(progress.toSorted((a, b) => a - b)).toEqual(progress);
  });

  test("clipping holds x̂₀ to the range of images", async () => {
    const sampler = new Sampler(gaussianModel(schedule, { mean: 2, deviation: 0.1 }), compiler);
    const x = column(3);
    expect((await sampler.last(ddpm(schedule, path), { x, key })).data[0]).toBe(1);
    expect((await sampler.last(ddpm(schedule, path), { x, key, clipX0: false })).data[0]).toBeGreaterThan(
      1.5,
    );
    expect((await sampler.last(ddim(schedule, path), { x, key, clipX0: true })).data[0]).toBeCloseTo(1, 6);
  });

  test("frozen weights stay, live weights follow", async () => {
    const model = unetModel();
    const freeze = model.network.parameters();
    const frozen: Compile = (fn, name) => compile(fn, { engine: sharedEngine(), freeze, name: name ?? "" });
    const [still, live] = [new Sampler(model, frozen), new Sampler(model, compiler)];
    const deterministic = ddim(schedule, path);
    const x = initialNoise(model, key, 1);
    const before = await still.last(deterministic, { x, key });
    expect(far((await live.last(deterministic, { x, key })).data, before.data)).toBeLessThan(1e-4);
    const bias = freeze.find((p) => p.name === "conv_out.bias")!;
    bias.set(ndarray(Float32Array.of(0.5)));
    expect(await still.last(deterministic, { x, key })).toEqual(before);
    expect(far((await live.last(deterministic, { x, key })).data, before.data)).toBeGreaterThan(0.01);
  });

  test("image to noise and back: more steps, less error (table 2 of the DDIM paper)", async () => {
    const model = gaussianModel(schedule, data);
    const sampler = new Sampler(model, compiler);
    const image = column(0.1, 0.9);
    const errors: number[] = [];
    for (const S of [5, 20, 100]) {
      const steps = trajectory({ T: 100, S });
      const x = await sampler.last(ddimEncode(schedule, steps), { x: image, key });
      const back = await sampler.last(ddim(schedule, steps), { x, key });
      errors.push(far(back.data, image.data));
    }
    expect(errors[1]).toBeLessThan(errors[0]! / 2);
    expect(errors[2]).toBeLessThan(errors[1]! / 2);
  });
});

describe("classes and guidance", () => {
  test("guidance moves along the difference that the class makes; 1 changes nothing", async () => {
    const model = gaussianModel(schedule, { mean: 0, deviation: 0 }, "epsilon", 3);
    const sampler = new Sampler(model, compiler);
    const x = column(0.4, -0.2);
    const at = async (label: readonly number[] | undefined, guidance?: number | readonly number[]) =>
      Array.from((await sampler.last(ddim(schedule, path), { x, key, label, guidance, clipX0: false })).data);
    // The data of class c are the point c, those of the null label (3) the point 3: x̂₀ is 3 + w·(c − 3).
    const [plain, same, guided] = [await at([1, 2]), await at([1, 2], 1), await at([1, 2], 1.5)];
    expect(same).toEqual(plain);
    for (const [i, c] of [1, 2].entries()) {
      expect(plain[i]).toBeCloseTo(c, 3);
      expect(guided[i]).toBeCloseTo(3 + 1.5 * (c - 3), 3);
    }
    expect((await at(undefined))[0]).toBeCloseTo(3, 3);
    // A scale for each.
    const each = await at([1, 2], [1, 1.5]);
    expect(each[0]).toBeCloseTo(plain[0]!, 4);
    expect(each[1]).toBeCloseTo(guided[1]!, 4);
    await expect(at([1, 2], [1, 2, 3])).rejects.toThrow("3 guidance scales were given for 2 images");
  });

  test("what cannot be is refused", async () => {
    const without = new Sampler(unetModel(), compiler);
    const plan = ddim(schedule, path);
    const sample = (sampler: Sampler, rest: object) => sampler.sample(plan, { count: 2, key, ...rest });
    await expect(sample(without, { guidance: 2 })).rejects.toThrow(
      "guidance scale 2 was asked for, but this model was trained without classes",
    );
    await expect(sample(without, { label: 7 })).rejects.toThrow(
      "class 7 was asked for, but this model was trained without classes",
    );
    await expect(sample(without, { guidance: Number.NaN })).rejects.toThrow(
      "the guidance scale is 0 or more (1 is no guidance), not NaN",
    );
    const always = new Sampler(unetModel({ classes: 10, nullLabel: false }), compiler);
    await expect(sample(always, { label: 1, guidance: 2 })).rejects.toThrow("trained without label dropout");
    await expect(sample(always, {})).rejects.toThrow("this model always needs a class");
    const both = unetModel({ classes: 10 });
    await expect(sample(new Sampler(both, compiler), { label: 10 })).rejects.toThrow(
      "unknown class 10: this model has classes 0 to 9",
    );
    expect(() => labelsFor(both, -1, 1)).toThrow("unknown class -1");
    expect(() => labelsFor(both, [1, 2, 3], 2)).toThrow("3 classes were given for 2 images");
    expect(Array.from(labelsFor(both, undefined, 2)!.data)).toEqual([10, 10]);
    await expect(without.last(plan, { x: column(1), key })).rejects.toThrow(
      "a batch is [N, 1, 8, 8], not [1, 1]",
    );
  });
});

describe("inpainting", () => {
  const model = unetModel();
  const sampler = new Sampler(model, compiler);
  const known = ndarray(
    hostNormal(Key.seed(8), 128).map((v) => Math.tanh(v)),
    [2, 1, 8, 8],
  );
  const left = ndarray(
    Float32Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 1 : 0)),
    [8, 8],
  );
  const x = initialNoise(model, key, 2);

  test("what the mask keeps is exact, the rest is made; along the way it is as noisy as the rest", async () => {
    const plan = ddpm(schedule, path);
    const out = await sampler.last(plan, { x, key, inpaint: { known, mask: left } });
    const free = await sampler.last(plan, { x, key });
    const differs = (a: Float32Array, b: Float32Array, side: boolean): number =>
      Math.max(...a.map((v, i) => (i % 8 < 4 === side ? Math.abs(v - b[i]!) : 0)));
    expect(differs(out.data, known.data, true)).toBeLessThan(1e-6);
    expect(differs(out.data, known.data, false)).toBeGreaterThan(0.05);
    expect(differs(out.data, free.data, false)).toBeGreaterThan(1e-3);
    for await (const { x: now, t } of sampler.run(plan, { x, key, inpaint: { known, mask: left } })) {
      const { signal, noise } = schedule.level(path.steps[0]!.prev);
      const z = noiseFor(key, [1, 8, 8], 2, 0, "known", t).data;
      for (const i of [0, 3, 64]) expect(now.data[i]).toBeCloseTo(signal * known.data[i]! + noise * z[i]!, 5);
      break;
    }
  });

  test("a mask of another size is refused", async () => {
    const plan = ddpm(schedule, path);
    const mask = ndarray(new Float32Array(49), [7, 7]);
    await expect(sampler.last(plan, { x, key, inpaint: { known, mask } })).rejects.toThrow(
      "the mask is [7, 7], but the images are [2, 1, 8, 8]: give a mask of [8, 8], 1 where the image is kept",
    );
    const other = ndarray(new Float32Array(64), [1, 1, 8, 8]);
    await expect(sampler.last(plan, { x, key, inpaint: { known: other, mask: left } })).rejects.toThrow(
      "they must have the same shape",
    );
  });
});

describe("a whole sampler as one function", () => {
  test.each(["ddim", "dpm-solver"] as const)(
    "%s: the picture of the driver, and of an exported file",
    async (name) => {
      const model = unetModel({ classes: 3 });
      const plan = { ddim, "dpm-solver": dpmSolver }[name](schedule, trajectory({ T: 100, S: 4 }));
      const x = initialNoise(model, key, 2);
      const labels = Int32Array.of(2, 0);
      const expected = await new Sampler(model, compiler).last(plan, {
        x,
        key,
        label: [2, 0],
        guidance: 1.5,
        clipX0: true,
      });
      const whole = (noise: Tensor, label: Tensor) =>
        traceSampler(model, plan, noise, { labels: label, guidance: 1.5, clipX0: true });
      const traced = await compiler((a: Tensor, b: Tensor) => whole(a, b))(x, labels);
      expect(far(traced.data as Float32Array, expected.data)).toBeLessThan(1e-4);

      const file = await exportOnnx(
        ({ noise, label }) => ({ image: toPixels(whole(noise!, label!)) }),
        { noise: { shape: x.shape, dtype: "float32" }, label: { shape: [2], dtype: "int32" } },
        { engine: await sharedEngine(), freeze: model.network.variables().map(([, v]) => v) },
      );
      const session = await InferenceSession.create(file.bytes, { logSeverityLevel: 3 });
      const feeds = {
        noise: new OrtTensor("float32", x.data, x.shape),
        label: new OrtTensor("int32", labels, [2]),
      };
      const image = (await session.run(feeds)).image!.data as Float32Array;
      await session.release();
      const pixels = expected.data.map((v) => Math.min(1, Math.max(0, (v + 1) / 2)));
      expect(far(image, pixels)).toBeLessThan(1e-4);
    },
  );

  test("plans that draw noise take it, and say so where it is missing", async () => {
    const model = gaussianModel(schedule, data);
    const plan = ddpm(schedule, path);
    const start = column(0.5);
    const z = (i: number) => noiseFor(key, [1], 1, 0, "step", plan.steps[i]!.t);
    const zs = plan.steps.map((_, i) => z(i));
    const traced = compiler((x: Tensor, noise: Tensor[]) =>
      traceSampler(model, plan, x, { noise: (i) => noise[i]!, clipX0: false }),
    );
    const expected = await new Sampler(model, compiler).last(plan, { x: start, key, clipX0: false });
    expect((await traced(start, zs)).data[0]).toBeCloseTo(expected.data[0]!, 5);
    await expect(compiler((x: Tensor) => traceSampler(model, plan, x))(start)).rejects.toThrow(
      "ddpm, fixed-large variance draws noise at its steps: pass `noise`",
    );
    await expect(
      compiler((x: Tensor) => traceSampler(model, ddim(schedule, path), x, { guidance: 2 }))(start),
    ).rejects.toThrow("trained without classes");
  });
});

test("pixels and the model's range", async () => {
  const there = compiler((x: Tensor) => toModel(x));
  const back = compiler((x: Tensor) => toPixels(x));
  expect(Array.from((await there(Float32Array.of(0, 0.5, 1))).data as Float32Array)).toEqual([-1, 0, 1]);
  expect(Array.from((await back(Float32Array.of(-1.5, -1, 0, 1, 7))).data as Float32Array)).toEqual([
    0, 0, 0.5, 1, 1,
  ]);
});
