import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { exportOnnx } from "../src/engine/onnx/export.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import {
  type DiffusionModel,
  ddim,
  ddpmUNet,
  initialNoise,
  linear,
  samplerPart,
  trajectory,
  UNet,
} from "../src/generative/diffusion/index.ts";
import { Key } from "../src/tensor/random.ts";

/**
 * A whole sampler as one file: its size, how long it takes to open, and to draw 16 images, in ONNX Runtime's native
 * package and in its WebAssembly, two threads each. The network is that of `galatea train ddpm`.
 */
const [STEPS, BATCH] = [50, 16];
const sizes = { channels: 1, size: 28, width: 16, multipliers: [1, 2, 4], attentionAt: [7], layersPerBlock: 1, groups: 8, labels: 11 }; // biome-ignore format: one line
const key = Key.seed(0);
const network = new UNet(ddpmUNet(sizes)).initialize(key.split("weights"));
const schedule = linear({ T: 1000 });
const model: DiffusionModel = { network, schedule, prediction: "epsilon", shape: [1, 28, 28], classes: 10 };
const plan = ddim(schedule, trajectory({ T: schedule.T, S: STEPS }));

const engine = await nodeEngine({ threads: 2, flushDenormals: true });
const began = performance.now();
const { inputs, run } = samplerPart(model, plan, { batch: BATCH });
const { bytes } = await exportOnnx(run, inputs, { engine, freeze: network.parameters() });
const exportMs = performance.now() - began;
await engine.dispose();

web.env.wasm.numThreads = 2;
const RUNTIMES = {
  "onnxruntime-node cpu": { ort: native as typeof web, options: { intraOpNumThreads: 2 } },
  "onnxruntime-web wasm": { ort: web, options: { executionProviders: ["wasm"] } },
} as const;

const round = (ms: number): number => Math.round(ms);
for (const [runtime, { ort, options }] of Object.entries(RUNTIMES)) {
  const noise = initialNoise(model, key, BATCH);
  const feeds = {
    noise: new ort.Tensor("float32", noise.data, noise.shape),
    labels: new ort.Tensor(
      "int32",
      Int32Array.from({ length: BATCH }, (_, i) => i % 10),
      [BATCH],
    ),
  };
  const start = performance.now();
  const session = await ort.InferenceSession.create(bytes, options);
  const opened = performance.now();
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const from = performance.now();
    await session.run(feeds);
    times.push(performance.now() - from);
  }
  await session.release();
  console.log(
    JSON.stringify({
      name: "exported sampler",
      runtime,
      steps: STEPS,
      batch: BATCH,
      parameters: network.parameterCount,
      file_bytes: bytes.length,
      export_ms: round(exportMs),
      open_ms: round(opened - start),
      median_ms: round(times.sort((a, b) => a - b)[1]!),
      ms_an_image: round(times[1]! / BATCH),
    }),
  );
}
