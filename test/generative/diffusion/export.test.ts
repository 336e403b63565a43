import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { exportFreeBatch, exportOnnx } from "../../../src/engine/onnx/export.ts";
import {
  type DiffusionModel,
  type DiffusionNetwork,
  DiT,
  ddim,
  ddpm,
  ddpmUNet,
  denoiserPart,
  dpmSolver,
  initialNoise,
  linear,
  type Prediction,
  Sampler,
  type SamplingPlan,
  samplerPart,
  trajectory,
  UNet,
} from "../../../src/generative/diffusion/index.ts";
import type { ExportPart } from "../../../src/model/contract.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { compiler, sharedEngine } from "./helpers.ts";

const key = Key.seed(11);
const T = 100;
const schedule = linear({ T });

/** Weights at random, so that the output is not next to nothing. */
function awake<N extends DiffusionNetwork>(network: N): N {
  network.initialize(key);
  for (const [name, p] of network.namedParameters())
    if (!name.includes("norm"))
      p.set(ndarray(hostNormal(key.split(name), p.size).map((v) => v / 4), p.shape)); // biome-ignore format: short
  return network;
}

const NETWORKS = {
  unet: (labels: number): DiffusionNetwork =>
    awake(new UNet(ddpmUNet({ channels: 1, size: 8, multipliers: [1, 2], width: 4, attentionAt: [4], groups: 2, layersPerBlock: 1, labels }))), // biome-ignore format: one line
  dit: (labels: number): DiffusionNetwork =>
    awake(new DiT({ shape: [1, 8, 8], labels, patch: 4, depth: 1, width: 8, heads: 2 })),
};

interface Kind {
  readonly prediction?: Prediction;
  readonly classes?: number;
  readonly nullLabel?: boolean;
}

function modelOf(name: keyof typeof NETWORKS, kind: Kind = {}): DiffusionModel {
  const { prediction = "v", classes = 0, nullLabel = true } = kind;
  const network = NETWORKS[name](classes > 0 ? classes + Number(nullLabel) : 0);
  return { network, schedule, prediction, shape: [1, 8, 8], classes };
}

const path = (S: number) => trajectory({ T, S, spacing: "quadratic" });
const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));
const pixels = (x: NdArray): number[] =>
  Array.from(x.data as Float32Array, (v) => Math.min(1, Math.max(0, (v + 1) / 2)));

const free = async ({ network }: DiffusionModel, at: (batch: number) => ExportPart) =>
  exportFreeBatch(at, { engine: await sharedEngine(), freeze: network.variables().map(([, v]) => v) });

const written = async ({ network }: DiffusionModel, { inputs, run }: ExportPart) =>
  exportOnnx(run, inputs, { engine: await sharedEngine(), freeze: network.variables().map(([, v]) => v) });

async function inPlainRuntime(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, NdArray<"float32" | "int32">>>,
): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const out = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, data, shape }]) => [
        name,
        new OrtTensor(dtype, data, shape),
      ]),
    ),
  );
  await session.release();
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
}

describe("a whole sampler as a file, in plain onnxruntime-node", () => {
  test.each<[string, keyof typeof NETWORKS, Kind, (S: number) => SamplingPlan, number]>([
    ["ddim on a U-Net", "unet", { prediction: "epsilon" }, (S) => ddim(schedule, path(S)), 1],
    ["ddim, classes, guidance", "unet", { classes: 3 }, (S) => ddim(schedule, path(S)), 1.5],
    ["dpm-solver, which remembers", "unet", { classes: 3 }, (S) => dpmSolver(schedule, path(S)), 1],
    [
      "x₀ on a DiT, always a class",
      "dit",
      { prediction: "x0", classes: 3, nullLabel: false },
      (S) => ddim(schedule, path(S)),
      1,
    ],
  ])("%s: the images of the library's sampler", async (_, network, kind, planOf, guidance) => {
    const model = modelOf(network, kind);
    const plan = planOf(6);
    const noise = initialNoise(model, key, 2);
    const known = model.classes > 0;
    const expected = pixels(
      await new Sampler(model, compiler).last(plan, {
        x: noise,
        key,
        guidance,
        label: known ? [2, 0] : undefined,
      }),
    );
    const file = await free(model, (batch) => samplerPart(model, plan, { batch, guidance }));
    const { images } = await inPlainRuntime(file.bytes, {
      noise,
      ...(known && { labels: ndarray(Int32Array.of(2, 0)) }),
    });
    expect(far(images!, expected)).toBeLessThan(1e-4);
    // Neither black, nor white, nor all alike.
    expect(new Set(expected.map((v) => v.toFixed(3))).size).toBeGreaterThan(20);
    const more = await free(model, (batch) => samplerPart(model, planOf(40), { batch, guidance }));
    expect(more.bytes.length - file.bytes.length).toBeLessThan(2000);
    expect(Buffer.from(file.bytes).includes("com.microsoft")).toBe(false);
  });

  test("its ports, and what it says of itself", async () => {
    const model = modelOf("unet", { classes: 3 });
    const steps = path(4);
    const part = samplerPart(model, ddim(schedule, steps), {
      batch: 5,
      guidance: 2,
      steps: steps.description,
    });
    expect(part.description).toBe(
      "noise to images in [0, 1]: ddim, η = 0; quadratic, as in the DDIM paper, S = 4: 4 steps at t = 99, 55, 24, 5; labels 0 to 2, 3 for no class; guidance 2",
    );
    const { inputs, outputs } = await written(model, part);
    expect(inputs).toEqual([
      { name: "noise", dtype: "float32", shape: [5, 1, 8, 8] },
      { name: "labels", dtype: "int32", shape: [5] },
    ]);
    expect(outputs).toEqual([{ name: "images", dtype: "float32", shape: [5, 1, 8, 8] }]);
  });

  test("what no file can be made of is said", async () => {
    const plan = ddim(schedule, path(4));
    const batch = 1;
    expect(() => samplerPart(modelOf("unet"), plan, { batch, guidance: 2 })).toThrow(
      "guidance scale 2 was asked for, but this model was trained without classes",
    );
    const always = modelOf("unet", { classes: 3, nullLabel: false });
    expect(() => samplerPart(always, plan, { batch, guidance: 2 })).toThrow("trained without label dropout");
    expect(() => denoiserPart(always, { batch, guidance: 2 })).toThrow("trained without label dropout");
    const model = modelOf("unet");
    for (const random of [ddim(schedule, path(4), { eta: 0.5 }), ddpm(schedule, path(4))])
      await expect(written(model, samplerPart(model, random, { batch }))).rejects.toThrow(
        `${random.name} draws noise at its steps: pass \`noise\`, or use a deterministic sampler`,
      );
  });
});

test.each([1, 3])("the network as a file, guidance %s: its prediction, u + w·(c − u)", async (guidance) => {
  const model = modelOf("unet", { classes: 3 });
  const x = initialNoise(model, key, 2);
  const t = ndarray(Float32Array.of(7, 90));
  const word = compiler((x: Tensor, t: Tensor, y: Tensor) => model.network.forward(x, t, y));
  const said = async (...labels: number[]) =>
    (await word(x, t, Int32Array.from(labels))).data as Float32Array;
  const [c, u] = [await said(1, 2), await said(3, 3)];
  const { bytes } = await free(model, (batch) => denoiserPart(model, { batch, guidance }));
  const { prediction } = await inPlainRuntime(bytes, { x, t, labels: ndarray(Int32Array.of(1, 2)) });
  const expected = c.map((v, i) => u[i]! + guidance * (v - u[i]!));
  expect(far(prediction!, expected)).toBeLessThan(1e-4);
  expect(far(expected, u)).toBeGreaterThan(0.01);
  expect(denoiserPart(model, { batch: 2, guidance }).description).toMatch(
    /times 0 to 99 to the network's prediction, v; labels 0 to 2, 3 for no class/,
  );
});
