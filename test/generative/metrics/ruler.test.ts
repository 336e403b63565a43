import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchAt } from "../../../src/data/passes.ts";
import { type Classifier, classifier } from "../../../src/generative/classifier.ts";
import { Classifier as Network } from "../../../src/generative/classifier-network.ts";
import { quality, sampleQuality } from "../../../src/generative/metrics/quality.ts";
import { type Ruler, readRuler, rulerFor, rulerOf } from "../../../src/generative/metrics/ruler.ts";
import { withModel } from "../../../src/model/context.ts";
import type { Context, World } from "../../../src/model/contract.ts";
import { writeSafeTensors } from "../../../src/nn/safetensors.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { hostUniform, Key } from "../../../src/tensor/random.ts";
import { quadrants, sharedEngine, tinyData, tinyDataWith, trainedBy, worldOf } from "../helpers.ts";

const FEATURES = 8;
const options = { channels: 4, features: FEATURES };
const about = {
  name: "quadrants",
  classes: tinyData.classes,
  image: [1, 8, 8],
  description: "a test",
} as const;
const data = tinyDataWith({ test: quadrants(256, 2) });

type Images = NdArray<"float32">;
const some = async (n: number): Promise<{ x: Images; labels: NdArray<"int32"> }> =>
  batchAt(
    quadrants(n, 7),
    Array.from({ length: n }, (_, i) => i),
  ) as never;
const noise = (n: number): Images => ndarray(hostUniform(Key.seed(1), n * 64), [n, 1, 8, 8]);

let module: Classifier;
let ruler: Ruler;
beforeAll(async () => {
  const engine = await sharedEngine();
  const trained = await trainedBy<Classifier>(classifier, options, { steps: 60, lr: 1e-2, data, seed: 1 });
  expect(trained.metrics.at(-1)!.accuracy).toBe(1);
  module = trained.module;
  module.loadStateDict(await module.stateDict());
  ruler = rulerOf(module, about, engine);
}, 60_000);
afterAll(() => ruler.dispose());

describe("the classifier", () => {
  test("counts what its layers hold, for any image from 8 × 8", () => {
    const count = (image: [number, number, number], channels: number, features: number): number =>
      new Network(image, 10, { channels, features }).parameterCount;
    // Convolutions, norms, 4 × 4 pixels of 96 channels to 64 features, 10 classes.
    expect(count([1, 28, 28], 24, 64)).toBe(9 * (24 + 24 * 48 + 48 * 96) + 336 + 98_368 + 650);
    expect(count([3, 9, 17], 2, 5)).toBe(9 * (6 + 8 + 32) + 2 * 14 + (8 * 2 * 3 * 5 + 5) + 60);
    expect(() => count([1, 7, 28], 2, 5)).toThrow("needs images of 8 × 8 pixels or more; these are 7 × 28");
  });

  test("data without classes, or without images, are refused", () => {
    const build = (spec: Parameters<typeof classifier.build>[1]) => () =>
      classifier.build(classifier.options.parse({}), spec);
    expect(build(tinyDataWith({ classes: [] }).spec)).toThrow(/"quadrants" has none/);
    const points = { kind: "points", name: "ring", dimensions: 2, classes: ["a", "b"] } as const;
    expect(build(points)).toThrow('the data set "ring" holds points: choose other data');
  });
});

describe("a ruler", () => {
  test("knows its classes, in pieces, and says how far it is", async () => {
    const { x: images, labels } = await some(1100);
    const seen: number[] = [];
    const { features, probabilities } = await ruler.measure(images, (done) => seen.push(done));
    expect([features.shape, probabilities.shape]).toEqual([[1100, FEATURES], [1100, 4]]); // biome-ignore format: short
    expect(seen).toEqual([0, 500, 1000, 1100]);
    for (let i = 0; i < 1100; i++) {
      const row = [...probabilities.data.subarray(4 * i, 4 * i + 4)];
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      expect(row.indexOf(Math.max(...row))).toBe(labels.data[i]);
    }
    // What an image measures does not depend on its company.
    const alone = await ruler.measure(ndarray(images.data.slice(64 * 700, 64 * 701), [1, 1, 8, 8]));
    alone.features.data.forEach((v, j) => {
      expect(v).toBeCloseTo(features.data[700 * FEATURES + j]!, 4);
    });
  });

  test.each([
    [ndarray(new Float32Array(3 * 64), [1, 3, 8, 8]), "measures images of [1, 8, 8]; these are [3, 8, 8]"],
    [ndarray(new Float32Array(128).fill(-1, 64, 65), [2, 1, 8, 8]), "from 0 to 1; image 1 has a -1"],
    [ndarray(new Float32Array(64).fill(Number.NaN), [1, 1, 8, 8]), "from 0 to 1; image 0 has a NaN"],
  ])("refuses what is no image of its kind", async (images, sentence) => {
    await expect(ruler.measure(images)).rejects.toThrow(sentence);
  });

  test("comes back from its file the same; a file of something else is refused", async () => {
    const [weights, engine] = [await module.stateDict(), await sharedEngine()];
    const text = {
      data: "quadrants",
      classes: JSON.stringify(data.classes),
      image: "[1,8,8]",
      config: JSON.stringify(options),
      accuracy: "0.9876",
    };
    const read = readRuler(writeSafeTensors(weights, text), "a.safetensors", engine);
    expect(read).toMatchObject({ name: "quadrants", classes: data.classes, image: [1, 8, 8] });
    expect(read.description).toBe("the classifier of quadrants (98.8 % of the test images right)");
    const { x: images } = await some(20);
    expect(await read.measure(images)).toEqual(await ruler.measure(images));
    await read.dispose();
    const open = (bytes: Uint8Array) => () => readRuler(bytes, "b.safetensors", engine);
    expect(open(writeSafeTensors(weights, { ...text, classes: '["a","b"]' }))).toThrow(
      /another architecture/,
    );
    expect(open(writeSafeTensors(weights, { data: "x" }))).toThrow(
      /b.safetensors has no "classes" in its metadata/,
    );
  });
});

describe("quality", () => {
  const parts = () => ({ ruler, data, progress: () => undefined });

  test("of fresh real images is at the floor; that of noise is not", async () => {
    const real = await quality(parts(), await some(256));
    const far = await quality(parts(), { x: noise(256) });
    expect(Object.keys(real)).toEqual([
      "samples",
      "frechet",
      "frechetError",
      "frechetFloor",
      "inceptionScore",
      "precision",
      "recall",
      "sharpness",
      "recognised",
      "classKl",
      ...data.classes.map((name) => `share/${name}`),
    ]);
    expect(real).toMatchObject({ samples: 256, recognised: 1, "share/nw": 0.25 });
    expect(real.classKl).toBeCloseTo(0, 12);
    expect(real.inceptionScore).toBeGreaterThan(3);
    expect(real.frechet).toBeLessThan(3 * real.frechetFloor!);
    expect(real.precision).toBeGreaterThan(0.8);
    expect(real.recall).toBeGreaterThan(0.8);
    expect(real.sharpness).toBeCloseTo(1, 1);
    expect(far.frechetFloor).toBe(real.frechetFloor);
    expect(far.frechet).toBeGreaterThan(30 * far.frechetFloor!);
    expect(far.precision).toBe(0);
    expect(far.sharpness).toBeGreaterThan(2);
    expect(far).not.toHaveProperty("recognised");
  });

  test("with more images than test images, the floor says how many it is of", async () => {
    const numbers = await quality(parts(), await some(300));
    expect(numbers).toMatchObject({ samples: 300, frechetFloorSamples: 256, precisionRecallSamples: 256 });
  });

  test("real images are looked at once, unless that was broken off", async () => {
    let looks = 0;
    const batch = (indices: ArrayLike<number>) => {
      looks++;
      return data.train.batch(indices);
    };
    const counted = { ...data.train, batch };
    const own = { ...data, train: counted };
    const stop = () => {
      throw new Error("stopped");
    };
    const drawn = await some(64);
    await expect(quality({ ruler, data: own, progress: stop }, drawn)).rejects.toThrow("stopped");
    for (let i = 0; i < 3; i++) await quality({ ruler, data: own, progress: () => undefined }, drawn);
    expect(looks).toBe(1);
  });

  test("a model that draws is measured; without a ruler that is said, or an error where numbers were asked for", async () => {
    const text = {
      data: "quadrants",
      classes: JSON.stringify(data.classes),
      image: "[1,8,8]",
      config: JSON.stringify(options),
      accuracy: "0.9876",
    };
    const bytes = writeSafeTensors(await module.stateDict(), text);
    let opened = 0;
    const file = async (name: string): Promise<Uint8Array> => {
      expect(name).toBe("mine.safetensors");
      opened++;
      return bytes;
    };
    const base = { module, options, spec: data.spec, engine: await sharedEngine(), key: Key.seed(0) };
    const inWorld = <T>(world: World, job: (context: Context<unknown, Classifier>) => Promise<T>) =>
      withModel({ ...base, world }, job);
    const draw = (_: unknown, count: number) => some(count);
    const world = worldOf(data, { file });
    const measured = (samples: number) =>
      inWorld(world, (context) => sampleQuality(context, draw, { samples, ruler: "mine.safetensors" }));
    const drawn = await measured(80);
    expect(drawn.numbers).toMatchObject({ samples: 80, recognised: 1 });
    expect(drawn.text).toEqual([
      "measured by the classifier of quadrants (98.8 % of the test images right); Fréchet distances are from its 256 training images",
    ]);
    await expect(measured(8)).rejects.toThrow("on 8 features needs more than 8 images, but there are 8");
    // It was opened once for all jobs in this world, and once more in another.
    expect(opened).toBe(1);
    const ruler = (from: World) => inWorld(from, (context) => rulerFor(context, "mine.safetensors"));
    expect(await ruler(world)).toBe(await ruler(world));
    expect(await ruler(worldOf(data, { file }))).not.toBe(await ruler(world));
    expect(opened).toBe(2);

    const bare = (samples?: number) => inWorld(world, (context) => sampleQuality(context, draw, { samples }));
    expect((await bare()).text![0]).toMatch(
      /^generated images were not measured: galatea comes with no classifier to measure images of quadrants/,
    );
    expect(await bare(0)).toEqual({});
    await expect(bare(80)).rejects.toThrow("no classifier to measure images of quadrants");
    // One that was named is never left out in silence.
    const named = inWorld(worldOf(data), (context) =>
      sampleQuality(context, draw, { ruler: "mine.safetensors" }),
    );
    await expect(named).rejects.toThrow(/mine\.safetensors/);
  });
});
