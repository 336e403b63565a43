import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { exportFreeBatch } from "../../src/engine/onnx/export.ts";
import { UserError } from "../../src/errors.ts";
import { ae } from "../../src/generative/autoencoder.ts";
import { dae } from "../../src/generative/denoising.ts";
import type { LatentModel } from "../../src/generative/latent-model.ts";
import { vae } from "../../src/generative/vae.ts";
import { withModel } from "../../src/model/context.ts";
import type { Output, Picture } from "../../src/model/contract.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { done, inContext, sharedEngine, type Trained, tinyData, tinyWorld, trained } from "./helpers.ts";

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const names = (output: Output): string[] => (output.pictures ?? []).map((p) => p.name);
const imagesOf = (picture: Picture | undefined) => {
  if (!picture || !("images" in picture)) throw new Error("these are no images");
  return picture.images;
};
test.each([
  ["ae", {}],
  ["ae", { network: "conv", reconstruction: "gaussian" }],
  ["ae", { depth: 0, latent: 100 }],
  ["ae", { network: "fully-conv", latent: 32 }],
  ["dae", { corruption: "masking", amount: 0.3 }],
  ["vae", {}],
  ["vae", { decoder: "gaussian", conditional: true, klWarmup: 1, freeBits: 0.1 }],
  ["vae", { network: "conv", binarization: "none", beta: 2 }],
])("%s %o learns", async (name, options) => {
  const { losses } = await trained({ ae, dae, vae }[name as "ae" | "dae" | "vae"], options, 60, 1e-2);
  const [before, after] = [mean(losses.slice(0, 5)), mean(losses.slice(-5))];
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(after).toBeLessThan(before - 0.1 * Math.abs(before));
});

test("an autoencoder draws, reconstructs and measures", async () => {
  const run = await trained(ae, {}, 150, 1e-2);
  const drawn = await done(run, "sample", { count: 9 });
  expect(names(drawn)).toEqual(["samples", "interpolations"]);
  expect(imagesOf(drawn.pictures![0]).shape).toEqual([9, 1, 8, 8]);
  expect(names(await done(run, "reconstruct"))).toEqual([
    "reconstructions",
    "latent-map",
    "interpolations",
    "traversals",
  ]);
  const { numbers } = await done(run, "evaluate");
  expect(Object.keys(numbers!)).toEqual(["mse", "pcaMse", "mseOverPca", "probeAccuracy", "pcaProbeAccuracy"]);
  expect(numbers!.probeAccuracy).toBeGreaterThan(0.9);
  // The noise, uniform on [0, 0.2], cannot be told from four numbers.
  expect(numbers!.mse).toBeLessThan(0.02);
  expect(numbers!.mse).toBeGreaterThan(0.2 ** 2 / 12 / 2);
});

test("a class is refused where the model was not told the classes", async () => {
  const run = await trained(vae, {}, 2);
  await expect(done(run, "sample", { class: "se" })).rejects.toThrow(
    "class se was asked for, but this model was trained without classes; train a vae with option `conditional`",
  );
});

test("a latent space of two dimensions is also shown as a grid of images", async () => {
  const drawn = await done(await trained(ae, { latent: 2 }, 2), "sample");
  expect(names(drawn)).toEqual(["samples", "interpolations", "manifold"]);
  expect(imagesOf(drawn.pictures![2]).shape).toEqual([400, 1, 8, 8]);
});

test("a denoising autoencoder removes noise, and says how much", async () => {
  const run = await trained(dae, {}, 200, 1e-2);
  const { numbers } = await done(run, "evaluate");
  expect(numbers!.psnrInput).toBeCloseTo(-10 * Math.log10(0.25), 0);
  expect(numbers!.psnrInputClipped).toBeGreaterThan(numbers!.psnrInput!);
  expect(numbers!.psnrGain).toBeCloseTo(numbers!.psnrOutput! - numbers!.psnrInput!, 10);
  expect(numbers!.psnrGain).toBeGreaterThan(6);
  const { pictures } = await done(run, "reconstruct");
  expect((pictures![0] as { svg: string }).svg).toContain(">input<");
});

test("a conditional VAE draws the class it is told, and its bounds are in order", async () => {
  const run = await trained(vae, { conditional: true }, 300, 1e-2);
  const drawn = await done(run, "sample", { count: 6, class: "se" });
  const samples = imagesOf(drawn.pictures![0]);
  for (let i = 0; i < 6; i++) {
    const bright = [0, 0, 0, 0];
    for (let p = 0; p < 64; p++) bright[((p & 7) >> 2) + 2 * (p >> 5)]! += samples.data[64 * i + p]!;
    expect(bright.indexOf(Math.max(...bright))).toBe(3);
  }
  await expect(done(run, "sample", { class: "sse" })).rejects.toThrow(
    'unknown class "sse". Known: nw, ne, sw, se. Did you mean "se"?',
  );
  const { numbers } = await done(run, "evaluate", { importanceSamples: 50, images: 32 });
  expect(numbers!.iwaeImages).toBe(32);
  const all = await done(run, "evaluate", { importanceSamples: 51 });
  expect(all.numbers!.iwae).toBeGreaterThan(all.numbers!.elbo!);
  expect(all.numbers!.kl).toBeGreaterThanOrEqual(0);
  expect(all.numbers!.activeUnits).toBeLessThanOrEqual(4);
});

test("hooks repeat to the bit with the same key", async () => {
  const run = await trained(vae, {}, 5);
  const [a, b] = [await done(run, "sample"), await done(run, "sample")];
  expect(imagesOf(a.pictures![0]).data).toEqual(imagesOf(b.pictures![0]).data);
});

test("previews fit a training run", async () => {
  for (const [name, rows] of [
    ["ae", 2],
    ["dae", 3],
    ["vae", 2],
  ] as const) {
    // biome-ignore format: a table
    const run = await trained({ ae, dae, vae }[name as "ae" | "dae" | "vae"], {}, 2);
    const { pictures } = await inContext(run, (context) => run.model.preview!(context));
    const [reconstructions, samples] = pictures!;
    expect(imagesOf(reconstructions).shape[0]).toBe(10 * rows);
    expect(imagesOf(samples).shape[0]).toBe(40);
  }
});

test.each([
  ["ae", {}],
  ["vae", {}],
  ["vae", { conditional: true, network: "conv" }],
  ["vae", { conditional: true, network: "fully-conv", latent: 16 }],
])("the exported decoder of %s %o is the decoder, in plain onnxruntime", async (name, options) => {
  const run = await trained({ ae, dae, vae }[name as "ae" | "dae" | "vae"], options, 3);
  const model = run.module as LatentModel;
  const engine = await sharedEngine();
  const at = (batch: number) => run.model.exports!.parts({ ...run, spec: tinyData.spec }, batch, {}).decoder!;
  const file = await exportFreeBatch(at, { engine, freeze: model.variables().map(([, v]) => v) });
  expect(file.inputs[0]).toEqual({ name: "z", dtype: "float32", shape: ["batch", model.latent] });
  expect(file.outputs).toEqual([{ name: "images", dtype: "float32", shape: ["batch", 1, 8, 8] }]);
  const z = hostNormal(Key.seed(9), 5 * model.latent);
  const labels = Int32Array.of(0, 1, 2, 3, 0);
  const session = await InferenceSession.create(file.bytes);
  const there = await session.run({
    z: new OrtTensor("float32", z, [5, model.latent]),
    ...(model.classes > 0 && { labels: new OrtTensor("int32", labels, [5]) }),
  });
  const decode = compile((codes: Tensor, y: Tensor) => model.decode(codes, y), { engine });
  const here = (await decode(ndarray(z, [5, model.latent]), ndarray(labels))).data as Float32Array;
  expect(there.images!.dims).toEqual([5, 1, 8, 8]);
  (there.images!.data as Float32Array).forEach((v, i) => {
    expect(v).toBeCloseTo(here[i]!, 5);
  });
});

test("data a model cannot take are refused with a sentence", () => {
  const words = { kind: "tokens", name: "words", tokenizer: { kind: "bytes" } } as const;
  expect(() => ae.build(ae.options.parse({}), words)).toThrow(
    'ae learns from images or points, but the data set "words" holds tokens',
  );
  const unlabelled = { ...tinyData.spec, classes: [] };
  expect(() => vae.build(vae.options.parse({ conditional: true }), unlabelled)).toThrow(
    'a conditional vae needs classes, but the data set "quadrants" has none',
  );
});

test("a vae is sampled without any data set; an autoencoder says that its prior needs them", async () => {
  const nowhere = async (): Promise<never> => {
    throw new UserError("the data are not here");
  };
  const without = async (run: Trained): Promise<Output> => {
    const { module, options, model } = run;
    const parts = { module, options, spec: tinyData.spec, engine: await sharedEngine(), key: Key.seed(5) };
    return withModel({ ...parts, world: { ...tinyWorld, data: nowhere } }, (context) =>
      model.commands.sample!.run(context, model.commands.sample!.options.parse({ count: 4 })),
    );
  };
  expect(names(await without(await trained(vae, { conditional: true }, 2)))).toEqual([
    "samples",
    "interpolations",
  ]);
  await expect(without(await trained(ae, {}, 2))).rejects.toThrow("the data are not here");
});
