/** From pictures with classes to samples of the class asked for: both networks, end to end. */
import { expect, test } from "vitest";
import {
  type DiffusionModel,
  type DiffusionNetwork,
  DiT,
  ddim,
  ddpmUNet,
  diffusionLoss,
  noiseSchedule,
  Sampler,
  trajectory,
  UNet,
} from "../../../src/generative/diffusion/index.ts";
import { adam } from "../../../src/optim/adam.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { hostNormal, hostUniform, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { compiler } from "./helpers.ts";

const SIDE = 8;
/** Class 0: the left half is bright; class 1: the upper half. */
const bright = (label: number, i: number): boolean =>
  (label === 0 ? i % SIDE : Math.floor(i / SIDE)) < SIDE / 2;
const picture = (label: number): number[] =>
  Array.from({ length: SIDE * SIDE }, (_, i) => (bright(label, i) ? 0.8 : -0.8));

function batchOf(key: Key, n: number) {
  const labels = Int32Array.from(hostUniform(key, n), (u) => Math.floor(2 * u));
  const noise = hostNormal(key.split("jitter"), n * SIDE * SIDE);
  const values = Array.from(labels, (label) => picture(label)).flat();
  return {
    images: ndarray(
      Float32Array.from(values, (v, i) => v + 0.05 * noise[i]!),
      [n, 1, SIDE, SIDE],
    ),
    labels,
  };
}

const networks: readonly (readonly [name: string, steps: number, make: () => DiffusionNetwork])[] = [
  ["U-Net",
 80, () => new UNet(ddpmUNet({ channels: 1, size: SIDE, multipliers: [1, 2], width: 8, attentionAt: [4], groups: 4, layersPerBlock: 1, dropout: 0.05, labels: 3 }))], // biome-ignore format: one line
  ["DiT", 200, () => new DiT({ shape: [1, SIDE, SIDE], patch: 2, depth: 2, width: 32, heads: 2, labels: 3 })],
];

test.each(networks)("a %s draws the class it is asked for", async (_, steps, make) => {
  const key = Key.seed(4);
  const network = make();
  network.initialize(key.split("weights"));
  const model: DiffusionModel = {
    network,
    schedule: noiseSchedule("cosine", 50),
    prediction: "v",
    shape: [1, SIDE, SIDE],
    classes: 2,
  };
  const optimizer = adam()(network.parameters());
  const train = compiler((images: Tensor, labels: Tensor, k: Key) => {
    const { loss } = diffusionLoss(model, images, labels, k, { labelDropout: 0.1, weighting: { minSnr: 5 } });
    optimizer.step(grad(loss, network.parameters()), 5e-3);
    return loss;
  });
  for (let s = 0; s < steps; s++) {
    const { images, labels } = batchOf(key.split(s), 16);
    await train(images, labels, key.split("step").split(s));
  }
  const sampler = new Sampler(model, compiler);
  const plan = ddim(model.schedule, trajectory({ T: 50, S: 10 }));
  const count = 16;
  const wanted = Array.from({ length: count }, (_, i) => i % 2);
  const { data } = await sampler.sample(plan, { count, key, label: wanted, guidance: 1.5, clipX0: true });
  const error = (n: number, label: number): number =>
    picture(label).reduce((sum, v, i) => sum + (v - data[n * SIDE * SIDE + i]!) ** 2, 0) / SIDE ** 2;
  const right = wanted.filter((label, n) => error(n, label) < 0.1 && error(n, label) < error(n, 1 - label));
  expect(right.length).toBeGreaterThanOrEqual(15);
  await Promise.all([train.dispose(), sampler.dispose()]);
});
