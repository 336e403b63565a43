import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { MIXTURES } from "../../../src/data/mixtures.ts";
import { compile } from "../../../src/engine/compile.ts";
import { exportOnnx } from "../../../src/engine/onnx/export.ts";
import { withModel } from "../../../src/generative/context.ts";
import type { GanConfig } from "../../../src/generative/gan/config.ts";
import { gan } from "../../../src/generative/gan/definition.ts";
import type { Gan } from "../../../src/generative/gan/gan.ts";
import type { Ruler } from "../../../src/generative/metrics/ruler.ts";
import type { HookContext, Output } from "../../../src/generative/model.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { type Data, mixtureData } from "../../../src/train/examples.ts";
import { planFor } from "../../../src/train/loop.ts";
import { sharedEngine, tinyData } from "../helpers.ts";
import { type TrainedGan, trainedGan } from "./helpers.ts";

const ring = mixtureData(MIXTURES["ring-8"]);

async function inContext<T>(
  { task, config }: TrainedGan,
  job: (context: HookContext<GanConfig>) => Promise<T>,
  data: Data = tinyData,
  ruler?: Ruler,
): Promise<T> {
  const parts = {
    task,
    config: config as GanConfig,
    data,
    engine: await sharedEngine(),
    key: Key.seed(5),
    ...(ruler && { ruler: async () => ruler }),
  };
  return withModel(parts, job);
}

const imagesOf = (output: Output, i = 0): NdArray<"float32"> => {
  const picture = output.pictures![i]!;
  if (!("images" in picture)) throw new Error("these are no images");
  return picture.images;
};

/** Which quadrant of each 8 × 8 image is brightest. */
function quadrantsOf({ data, shape }: NdArray<"float32">): number[] {
  return Array.from({ length: shape[0]! }, (_, i) => {
    const bright = [0, 0, 0, 0];
    for (let p = 0; p < 64; p++) bright[((p & 7) >> 2) + 2 * (p >> 5)]! += data[64 * i + p]!;
    return bright.indexOf(Math.max(...bright));
  });
}

/** A classifier of quadrants that needs no training. */
const eye: Ruler = {
  name: "quadrants",
  classes: tinyData.classes,
  image: [1, 8, 8],
  description: "the brightest quadrant",
  measure: async (images) => {
    const found = quadrantsOf(images);
    const n = found.length;
    const probabilities = new Float32Array(4 * n);
    const features = new Float32Array(2 * n);
    found.forEach((label, i) => {
      probabilities[4 * i + label] = 1;
      features.set([images.data[64 * i]!, images.data[64 * i + 63]!], 2 * i);
    });
    return { probabilities: ndarray(probabilities, [n, 4]), features: ndarray(features, [n, 2]) };
  },
  dispose: async () => {},
};

/** How many of 40 draws, each class in turn, are of the class that was asked for. */
async function asAsked(run: TrainedGan): Promise<number> {
  const all = await inContext(run, (context) => gan.draw!(context, 40));
  expect(Array.from(all.labels!.data.subarray(0, 6))).toEqual([0, 1, 2, 3, 0, 1]);
  return quadrantsOf(all.images).filter((label, i) => label === all.labels!.data[i]).length;
}

test.each([
  ["minimax", "projection", {}],
  ["non-saturating", "projection", { labelSmoothing: 0.1 }],
  ["non-saturating", "acgan", {}],
  ["least-squares", "projection", {}],
  ["hinge", "projection", { minibatchStddev: true }],
  ["wgan-gp", "projection", { discriminatorSteps: 2, discriminatorNorm: "none", beta1: 0, beta2: 0.9 }],
] as const)("%s, %s, %o: learns to draw the class it is asked for", async (loss, conditional, options) => {
  const run = await trainedGan({ network: "mlp", ema: 0.95, loss, conditional, ...options }, 300);
  expect(await asAsked(run)).toBeGreaterThan(34);
  if (conditional !== "acgan") return;
  const se = await inContext(run, (context) => gan.sample!.run(context, { count: 8, class: "se" }));
  expect(quadrantsOf(imagesOf(se)).filter((label) => label === 3).length).toBeGreaterThan(6);
  await expect(inContext(run, (context) => gan.sample!.run(context, { class: "est" }))).rejects.toThrow(
    'unknown class "est". There is: nw, ne, sw, se.',
  );
});

test.each([
  ["packed", { pack: 2 }],
  ["unrolled", { unrolled: 2, discriminatorNorm: "none" }],
])("%s, it learns to draw", async (_, options) => {
  const run = await trainedGan({ network: "mlp", ema: 0.95, ...options }, 300);
  const { images } = await inContext(run, (context) => gan.draw!(context, 200));
  // Bright pixels are about 0.85, dark ones about 0.1; an untrained generator draws grey.
  const clear = images.data.filter((v) => v < 0.35 || v > 0.6).length / images.data.length;
  expect(clear).toBeGreaterThan(0.85);
});

test("a dcgan samples, interpolates along the sphere, repeats to the bit, and is measured", async () => {
  const run = await trainedGan({ network: "dcgan", cooldown: 0 }, 30);
  const draw = (options: Record<string, unknown> = {}): Promise<Output> =>
    inContext(run, (context) => gan.sample!.run(context, gan.sample!.options.parse(options)), tinyData, eye);
  const drawn = await draw({ count: 9 });
  expect(drawn.pictures!.map((p) => p.name)).toEqual(["samples", "interpolations"]);
  expect(imagesOf(drawn).shape).toEqual([9, 1, 8, 8]);
  expect(imagesOf(drawn, 1).shape).toEqual([88, 1, 8, 8]);
  expect(imagesOf(drawn).data.every((v) => v >= 0 && v <= 1)).toBe(true);
  expect(imagesOf(await draw({ count: 9 })).data).toEqual(imagesOf(drawn).data);
  // The first of more is the same; tamed noise is other noise.
  const more = imagesOf(await draw({ count: 20 }));
  expect(more.data.slice(0, 64)).toEqual(imagesOf(drawn).data.slice(0, 64));
  expect(imagesOf(await draw({ count: 9, truncation: 0.5 })).data).not.toEqual(imagesOf(drawn).data);
  await expect(draw({ class: "se" })).rejects.toThrow(
    "class se was asked for, but this gan was trained without classes: leave --class out, or train one with --conditional projection",
  );
  const { numbers } = await inContext(
    run,
    (context) => gan.evaluate!.run(context, { samples: 50 }),
    tinyData,
    eye,
  );
  expect(numbers).toMatchObject({ samples: 50 });
  expect(numbers!.frechet).toBeGreaterThan(numbers!.frechetFloor!);
});

test("a preview counts classes, measures, and warns of collapse", async () => {
  const run = await trainedGan({ network: "mlp" }, 1);
  const seen = await inContext(run, (context) => gan.preview!(context), tinyData, eye);
  expect(Object.keys(seen.numbers!)).toEqual([
    "frechet_1000",
    "class_kl",
    "share/nw",
    "share/ne",
    "share/sw",
    "share/se",
  ]);
  expect(imagesOf(seen).shape).toEqual([40, 1, 8, 8]);
  // After one step all samples are about the same grey.
  expect(seen.text![0]).toMatch(/^collapse: /);
  const blind = await inContext(run, (context) => gan.preview!(context));
  expect(blind.numbers).toBeUndefined();
  expect(blind.text![0]).toMatch(/^collapse: samples differ from one another by \d+(\.\d)? % of/);
});

test("a preview says when the discriminator has won", async () => {
  const run = await trainedGan({ network: "mlp", discriminatorNorm: "none", discriminatorLr: 5e-3 }, 40, {
    lr: 1e-6,
  });
  const { text } = await inContext(run, (context) => gan.preview!(context));
  expect(text!.at(-1)).toMatch(
    /^the discriminator has won: it tells 100 % of the real and 100 % of the drawn/,
  );
});

test("a gan of points shows its modes; collapse and its cure are told apart", async () => {
  const options = { discriminatorNorm: "none", latent: 2, cooldown: 0, ema: 0 };
  const young = await trainedGan(options, 5, { data: ring });
  const before = await inContext(young, (context) => gan.preview!(context), ring);
  expect(before.text![0]).toMatch(/^collapse: 2500 samples reach \d of 8 modes/);
  expect((before.pictures![0] as { svg: string }).svg).toContain("of 8 modes");
  const { numbers } = await inContext(young, (context) => gan.evaluate!.run(context, { samples: 300 }), ring);
  expect(Object.keys(numbers!)).toEqual(["samples", "modes", "good_samples", "mode_kl"]);
  expect(numbers!.samples).toBe(300);
  await expect(inContext(young, (context) => gan.draw!(context, 3), ring)).rejects.toThrow(
    "this gan draws points (ring-8), not images",
  );
});

test("the exported generator is the generator, in plain onnxruntime", async () => {
  const run = await trainedGan({ network: "dcgan", conditional: "projection" }, 2);
  const model = run.task.module as Gan;
  const engine = await sharedEngine();
  const parts = gan.exports!.parts({ ...run, config: run.config as GanConfig, data: tinyData }, 3, {});
  expect(Object.keys(parts)).toEqual(["generator", "discriminator"]);
  const { generator } = parts;
  const file = await exportOnnx((feeds, repeat) => generator!.run(feeds, repeat), generator!.inputs, {
    engine,
    freeze: model.variables().map(([, v]) => v),
  });
  const z = hostNormal(Key.seed(9), 12);
  const labels = Int32Array.of(0, 3, 1);
  const session = await InferenceSession.create(file.bytes);
  const there = await session.run({
    z: new OrtTensor("float32", z, [3, 4]),
    labels: new OrtTensor("int32", labels, [3]),
  });
  const draw = compile((noise: Tensor, y: Tensor) => model.generator.forward(noise, y), { engine });
  const here = (await draw(ndarray(z, [3, 4]), ndarray(labels))).data as Float32Array;
  expect(there.images!.dims).toEqual([3, 1, 8, 8]);
  (there.images!.data as Float32Array).forEach((v, i) => {
    expect(v).toBeCloseTo(here[i]!, 5);
  });
});

test.each([
  [
    { loss: "hinge", labelSmoothing: 0.1 },
    "the hinge loss has no targets to smooth: leave --label-smoothing out",
  ],
  [
    { loss: "wgan-gp", discriminatorNorm: "batch" },
    "the gradient penalty is of each example by itself, and batch norm",
  ],
  [{ pack: 2, conditional: "acgan" }, "examples packed together are of several classes"],
  [{ pack: 3 }, "--batch-size must be a multiple of that, and 32 is not"],
])("%o is refused with a sentence", (options, sentence) => {
  const plan = planFor(tinyData.train, { batchSize: 32, lr: 1e-3, steps: 1 });
  expect(() => gan.build(gan.config.parse(options), tinyData, plan)).toThrow(sentence);
});

test("data a gan cannot take are refused with a sentence", () => {
  const plan = planFor(tinyData.train, { batchSize: 32, lr: 1e-3, steps: 1 });
  const build = (options: Record<string, unknown>, data: Data) => () =>
    gan.build(gan.config.parse(options), data, plan);
  const words: Data = { ...tinyData, name: "words", train: { ...tinyData.train, fields: {} } };
  expect(build({}, words)).toThrow('gan learns from images or points; the data set "words" has neither');
  expect(build({ conditional: "acgan" }, { ...tinyData, classes: [] })).toThrow(
    'a conditional gan needs classes, and the data set "quadrants" has none',
  );
  expect(build({ network: "dcgan" }, ring)).toThrow(
    "a dcgan draws images, and ring-8 holds points: --network mlp",
  );
  const images = { shape: [1, 9, 9], dtype: "float32" } as const;
  const odd: Data = { ...tinyData, train: { ...tinyData.train, fields: { images } } };
  expect(build({}, odd)).toThrow("a dcgan halves its images, and 9 × 9 cannot be halved");
});
