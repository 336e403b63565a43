import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { beforeAll, expect, test } from "vitest";
import type { Data, ImageData, PointData } from "../../../src/data/data.ts";
import { MIXTURES } from "../../../src/data/mixtures.ts";
import { mixtureData } from "../../../src/data/points.ts";
import { compile } from "../../../src/engine/compile.ts";
import { exportFreeBatch } from "../../../src/engine/onnx/export.ts";
import { UserError } from "../../../src/errors.ts";
import { classifier } from "../../../src/generative/classifier.ts";
import type { Gan } from "../../../src/generative/gan/game.ts";
import { gan } from "../../../src/generative/gan/gan.ts";
import { begin } from "../../../src/model/assemble.ts";
import type { Output, World } from "../../../src/model/contract.ts";
import { writeSafeTensors } from "../../../src/nn/safetensors.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { done, inContext, sharedEngine, type Trained, tinyData, tinyDataWith, trainedBy, worldOf } from "../helpers.ts"; // biome-ignore format: a list of names
import { trainedGan } from "./helpers.ts";

const ring = mixtureData(MIXTURES["ring-8"]);

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

/** The tiny data under a name that a ruler comes with the package for, and a world in which that one knows quadrants. */
const known = tinyDataWith({ name: "mnist" });
let seeing: World;
beforeAll(async () => {
  const { module } = await trainedBy(
    classifier,
    { channels: 4, features: 8 },
    { steps: 60, lr: 1e-2, data: known },
  );
  const text = {
    data: "mnist",
    classes: JSON.stringify(known.classes),
    image: JSON.stringify(known.spec.shape),
    config: JSON.stringify({ channels: 4, features: 8 }),
    accuracy: "1",
  };
  const bytes = writeSafeTensors(await module.stateDict(), text);
  seeing = worldOf(known, {
    asset: async (name) => {
      expect(name).toBe("rulers/mnist.safetensors");
      return bytes;
    },
  });
}, 60_000);

/** How many of 40 draws, each class in turn, are of the class that was asked for. */
async function asAsked(run: Trained): Promise<number> {
  const all = await inContext(run, (context) => gan.draw(context, 40));
  expect(Array.from(all.labels!.data.subarray(0, 6))).toEqual([0, 1, 2, 3, 0, 1]);
  return quadrantsOf(all.x).filter((label, i) => label === all.labels!.data[i]).length;
}

test.each([
  ["minimax", "projection", {}],
  ["non-saturating", "projection", { labelSmoothing: 0.1 }],
  ["non-saturating", "acgan", {}],
  ["least-squares", "projection", {}],
  ["hinge", "projection", { minibatchStddev: true }],
  ["wgan-gp", "projection", { discriminatorSteps: 2, discriminatorNorm: "none" }, { beta1: 0, beta2: 0.9 }],
] as const)(
  "%s, %s, %o: learns to draw the class it is asked for",
  async (loss, conditional, options, learning: Readonly<Record<string, number>> = {}) => {
    const run = await trainedGan({ network: "mlp", loss, conditional, ...options }, 300, {
      ema: 0.95,
      ...learning,
    });
    expect(await asAsked(run)).toBeGreaterThan(34);
    if (conditional !== "acgan") return;
    const se = await done(run, "sample", { count: 8, class: "se" });
    expect(quadrantsOf(imagesOf(se)).filter((label) => label === 3).length).toBeGreaterThan(6);
    await expect(done(run, "sample", { class: "est" })).rejects.toThrow(
      'unknown class "est". Known: nw, ne, sw, se.',
    );
  },
);

test.each([
  ["packed", { pack: 2 }],
  ["unrolled", { unrolled: 2, discriminatorNorm: "none" }],
])("%s, it learns to draw", async (_, options) => {
  const run = await trainedGan({ network: "mlp", ...options }, 300, { ema: 0.95 });
  const { x: images } = await inContext(run, (context) => gan.draw(context, 200));
  // Bright pixels are about 0.85, dark ones about 0.1; an untrained generator draws grey.
  const clear = images.data.filter((v) => v < 0.35 || v > 0.6).length / images.data.length;
  expect(clear).toBeGreaterThan(0.85);
});

test("a dcgan samples, interpolates along the sphere, repeats to the bit, and is measured", async () => {
  const run = await trainedGan({ network: "dcgan" }, 30, { cooldown: 0, data: known });
  // Sampling opens no data set.
  const nothing = worldOf(known, { data: () => Promise.reject(new Error("the data were opened")) });
  const draw = (options: Record<string, unknown> = {}): Promise<Output> =>
    done(run, "sample", options, nothing);
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
    "class se was asked for, but this gan was trained without classes: leave option `class` out, or train one with option `conditional` projection",
  );
  const { numbers } = await done(run, "evaluate", { samples: 50 }, seeing);
  expect(numbers).toMatchObject({ samples: 50 });
  expect(numbers!.frechet).toBeGreaterThan(numbers!.frechetFloor!);
});

test("a preview counts classes, measures, and warns of collapse", async () => {
  const run = await trainedGan({ network: "mlp" }, 1, { data: known });
  const seen = await inContext(run, (context) => gan.preview!(context), seeing);
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
  // No classifier for the data; and that of the package, which is of digits of 28 × 28: a look goes without.
  const nothing = worldOf(known, { asset: () => Promise.reject(new UserError("no such file here")) });
  for (const world of [nothing, worldOf(known)]) {
    const blind = await inContext(run, (context) => gan.preview!(context), world);
    expect(blind.numbers).toBeUndefined();
    expect(blind.text![0]).toMatch(/^collapse: samples differ from one another only \d+(\.\d)? % as much/);
  }
});

test("a preview says when the discriminator has won", async () => {
  const run = await trainedGan({ network: "mlp", discriminatorNorm: "none", discriminatorLr: 5e-3 }, 40, {
    lr: 1e-6,
  });
  const { text } = await inContext(run, (context) => gan.preview!(context));
  expect(text!.at(-1)).toMatch(
    /^the discriminator has won: it recognises 100 % of the real and 100 % of the generated/,
  );
});

test("a gan of points shows its modes; collapse and its cure are told apart", async () => {
  const options = { discriminatorNorm: "none", latent: 2 };
  const young = await trainedGan(options, 5, { data: ring, cooldown: 0, ema: 0 });
  const before = await inContext(young, (context) => gan.preview!(context));
  expect(before.text![0]).toMatch(/^collapse: 2500 samples reach \d of 8 modes/);
  expect((before.pictures![0] as { svg: string }).svg).toContain("of 8 modes");
  const { numbers } = await done(young, "evaluate", { samples: 300 });
  expect(Object.keys(numbers!)).toEqual([
    "samples",
    "modes",
    "good_samples",
    "mode_kl",
    "precision",
    "recall",
  ]);
  expect(numbers!.samples).toBe(300);
  const { x } = await inContext(young, (context) => gan.draw(context, 3));
  expect(x.shape).toEqual([3, 2]);
});

test("the exported generator is the generator, in plain onnxruntime", async () => {
  const run = await trainedGan({ network: "dcgan", conditional: "projection" }, 2);
  const model: Gan = run.module;
  const engine = await sharedEngine();
  const parts = gan.exports!.parts(run as never, 3, {});
  expect(Object.keys(parts)).toEqual(["generator", "discriminator"]);
  const how = { engine, freeze: model.variables().map(([, v]) => v) };
  const file = await exportFreeBatch((batch) => gan.exports!.parts(run as never, batch, {}).generator!, how);
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
    "the hinge loss has no targets to smooth: leave option `labelSmoothing` out",
  ],
  [
    { loss: "wgan-gp", discriminatorNorm: "batch" },
    "the gradient penalty is taken per example, but batch norm",
  ],
  [{ pack: 2, conditional: "acgan" }, "packed examples belong to several classes"],
  [{ pack: 3 }, "option `batchSize` must be a multiple of that, not 32"],
])("%o is refused with a sentence", (options, sentence) => {
  const training = { batchSize: 32, steps: 1 };
  expect(() => begin(gan, { options, data: tinyData, training })).toThrow(sentence);
});

test("data a gan cannot take are refused with a sentence", () => {
  const start = (options: Record<string, unknown>, data: Data) => () =>
    begin(gan, { options, data, training: { batchSize: 32, steps: 1 } });
  const spec = { kind: "tokens", name: "words", tokenizer: { kind: "bytes" } } as const;
  expect(() => gan.build(gan.options.parse({}), spec)).toThrow(
    'gan learns from images or points, but the data set "words" holds tokens: choose other data',
  );
  expect(start({ conditional: "acgan" }, tinyDataWith({ classes: [] }))).toThrow(
    'a conditional gan needs classes, but the data set "quadrants" has none',
  );
  expect(start({ network: "dcgan" }, ring)).toThrow(
    "a dcgan generates images, but ring-8 holds points: choose option `network` mlp",
  );
  const odd: ImageData = { ...tinyData, spec: { ...tinyData.spec, shape: [1, 9, 9] } };
  expect(start({}, odd)).toThrow("a dcgan halves its images, but 9 × 9 cannot be halved");
});

test("points of any dimension, from a distribution of the user's own", async () => {
  const points = (d: number, mixture?: PointData["mixture"]): PointData => {
    const length = 64;
    const spec = { kind: "points", name: "mine", dimensions: d, classes: [] } as const;
    const examples = {
      length,
      fields: { points: { shape: [d], dtype: "float32" } },
      batch: (indices: ArrayLike<number>) => ({
        points: ndarray(hostNormal(Key.seed(1), d * indices.length), [indices.length, d]),
      }),
    } as const;
    return { kind: "points", name: "mine", spec, train: examples, test: examples, classes: [], mixture };
  };
  for (const d of [1, 3]) {
    const run = await trainedGan({}, 2, { data: points(d) });
    const { pictures, numbers } = await done(run, "sample", { count: 20 });
    expect((pictures![0] as { svg: string }).svg).toContain(d === 1 ? ">draw<" : ">x[1]<");
    expect(numbers).toBeUndefined();
    expect((await inContext(run, (context) => gan.preview!(context))).pictures).toHaveLength(1);
    // Without a mixture there are no modes to count.
    const measured = (await done(run, "evaluate", { samples: 30 })).numbers!;
    expect(Object.keys(measured)).toEqual(["samples", "precision", "recall"]);
  }
  // A mixture that the data set knows is measured by.
  const own = { name: "mine", centres: [[0, 0]], sigma: 10 } as const;
  const run = await trainedGan({}, 2, { data: points(2, own) });
  expect((await done(run, "evaluate", { samples: 30 })).numbers).toMatchObject({
    modes: 1,
    good_samples: 1,
  });
  expect((await inContext(run, (context) => gan.preview!(context))).numbers).toMatchObject({ modes: 1 });
});
