import { compile } from "../src/engine/compile.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { ndarray } from "../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { UNet } from "./networks.ts";

/** One evaluation of the bench U-Net, batch 16, weights baked in: what a sampler pays for each step. */
const key = Key.seed(0);
const engine = await nodeEngine({ threads: 2, flushDenormals: true });
const net = new UNet().initialize(key.split("weights"));
const predict = compile((x: Tensor, t: Tensor) => net.forward(x, t), { engine, freeze: net.parameters() });
const x = ndarray(hostNormal(key.split("x"), 16 * 784), [16, 1, 28, 28]);
const t = ndarray(Int32Array.from({ length: 16 }, (_, i) => i * 60));
const times: number[] = [];
for (let i = 0; i < 60; i++) {
  const start = performance.now();
  await predict(x, t);
  if (i >= 10) times.push(performance.now() - start);
}
await engine.dispose();
times.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    name: "sampling step",
    workload: "sampling",
    batch: 16,
    engine: engine.name,
    parameters: net.parameterCount,
    median_ms: Math.round(times[25]! * 1000) / 1000,
    p12_ms: Math.round(times[6]! * 1000) / 1000,
    max_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
