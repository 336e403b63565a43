// npx tsx bench/guidance.ts [threads]: a guided sampler's evaluation of the bench U-Net, one batch of 2N against two calls of N in one
// program and in two; weights baked in, one JSON line for each N. Turn about, so that all three see the same machine.
import { compile } from "../src/engine/compile.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { ndarray } from "../src/tensor/ndarray.ts";
import { concat } from "../src/tensor/ops.ts";
import { hostNormal, Key } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { UNet } from "./networks.ts";

const [REPEATS, BEFORE] = [30, 5];
const key = Key.seed(0);
const engine = await nodeEngine({ threads: Number(process.argv[2] ?? 2), flushDenormals: true });
const net = new UNet().initialize(key.split("weights"));
const how = { engine, freeze: net.parameters() };
const single = compile((x: Tensor, t: Tensor) => net.forward(x, t), how);
const doubled = compile((x: Tensor, t: Tensor) => {
  const both = net.forward(concat([x, x], 0), concat([t, t], 0));
  return both.narrow(0, 0, x.shape[0]!).sub(both.narrow(0, x.shape[0]!, 2 * x.shape[0]!));
}, how);
// The second looks at other numbers: of the same ones the compiler would make one call.
const twice = compile((x: Tensor, t: Tensor) => net.forward(x, t).sub(net.forward(x.mul(0.5), t)), how);

for (const n of [1, 4, 16, 64]) {
  const x = ndarray(hostNormal(key.split("x"), n * 784), [n, 1, 28, 28]);
  const t = ndarray(Int32Array.from({ length: n }, (_, i) => i * 15));
  const ways: Readonly<Record<string, () => Promise<unknown>>> = {
    one_batch_ms: () => doubled(x, t),
    two_forwards_ms: () => twice(x, t),
    two_calls_ms: async () => [await single(x, t), await single(x, t)],
  };
  const times: Record<string, number[]> = {};
  for (let i = 0; i < BEFORE + REPEATS; i++)
    for (const [name, run] of Object.entries(ways)) {
      const start = performance.now();
      await run();
      if (i >= BEFORE) (times[name] ??= []).push(performance.now() - start);
    }
  const medians = Object.fromEntries(
    Object.entries(times).map(([name, all]) => [
      name,
      Math.round(all.sort((a, b) => a - b)[REPEATS >> 1]! * 1000) / 1000,
    ]),
  );
  console.log(JSON.stringify({ bench: "guidance", engine: engine.name, images: n, ...medians }));
}
await engine.dispose();
