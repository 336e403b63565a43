import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { exportOnnx } from "../../src/engine/onnx/export.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import {
  type DiffusionModel,
  ddim,
  ddpmUNet,
  initialNoise,
  linear,
  Sampler,
  samplerPart,
  trajectory,
  UNet,
} from "../../src/generative/diffusion/index.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import { openPage } from "./harness.ts";
import type { Job, Ran } from "./sampler-tasks.ts";

const page = await openPage({ entry: "sampler-tasks.ts" });
afterAll(() => page.close());

const key = Key.seed(3);
const labels = [7, 2];

/** A U-Net for MNIST's shape whose weights are random, but not so small that it says nothing. */
function model(): DiffusionModel {
  const network = new UNet(ddpmUNet({ channels: 1, size: 28, multipliers: [1, 2, 2], width: 8, attentionAt: [7], groups: 4, layersPerBlock: 1, labels: 11 })); // biome-ignore format: one line
  network.initialize(key.split("weights"));
  const last = network.parameters().find((p) => p.name === "conv_out.weight")!;
  last.set(ndarray(hostNormal(key.split("last"), last.size).map((v) => v / 8), last.shape)); // biome-ignore format: short
  return { network, schedule: linear({ T: 1000 }), prediction: "v", shape: [1, 28, 28], classes: 10 };
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));

test("an exported sampler of 50 steps gives one picture: the library's, onnxruntime-node's, and a browser's with onnxruntime-web", async () => {
  const diffusion = model();
  const { schedule, network } = diffusion;
  const plan = ddim(schedule, trajectory({ T: schedule.T, S: 50 }));
  const noise = initialNoise(diffusion, key, 2);
  const engine = await nodeEngine({ threads: 2 });
  const freeze = network.parameters();
  const sampler = new Sampler(diffusion, (fn, name) =>
    compile(fn, { engine, freeze, name: name ?? "sampler" }),
  );
  const x = await sampler.last(plan, { x: noise, key, label: labels, guidance: 2 });
  const library = x.data.map((v) => Math.min(1, Math.max(0, (v + 1) / 2)));

  const { inputs, run } = samplerPart(diffusion, plan, { batch: 2, guidance: 2 });
  const { bytes } = await exportOnnx(run, inputs, { engine, freeze });
  await engine.dispose();
  const session = await InferenceSession.create(bytes);
  const { images } = await session.run({
    noise: new OrtTensor("float32", noise.data, noise.shape),
    labels: new OrtTensor("int32", Int32Array.from(labels), [2]),
  });
  await session.release();
  expect(far(images!.data as Float32Array, library)).toBeLessThan(1e-4);

  const file = Buffer.from(bytes).toString("base64");
  const job: Job = { file, noise: [...noise.data], shape: noise.shape, labels, threads: 2 };
  const there = await page.call<Ran>("sampler", job);
  expect(there.dims).toEqual([2, 1, 28, 28]);
  expect(far(there.images, library)).toBeLessThan(1e-4);
  // A picture, and not one of the plain ones that anything could agree on.
  const grey = library.filter((v) => v > 0.02 && v < 0.98).length / library.length;
  expect(grey).toBeGreaterThan(0.2);
});
