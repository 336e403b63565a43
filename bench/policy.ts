import { parseArgs } from "node:util";
import { compile } from "../src/engine/compile.ts";
import type { Device } from "../src/engine/engine.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { mseLoss } from "../src/nn/index.ts";
import { adam } from "../src/optim/index.ts";
import { grad } from "../src/tensor/grad.ts";
import { ndarray } from "../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { mlp } from "./networks.ts";

/**
 * tsx bench/policy.ts [--device wasm]
 *
 * Calls a second of a policy 4-64-64-2: acting on a batch of observations, and a learning step (forward, backward, Adam)
 * with one, in a process of one thread. JSON lines.
 */
const { values } = parseArgs({ options: { device: { type: "string", default: "cpu" } } });
const engine = await nodeEngine({ device: values.device as Device, threads: 1, flushDenormals: true });
const key = Key.seed(0);
const net = mlp();
net.initialize(key.split("weights"));
const act = compile((x: Tensor) => net.forward(x), { engine, name: "act" });
const optimizer = adam()(net.parameters());
const learn = compile(
  (x: Tensor, y: Tensor) => {
    const loss = mseLoss(net.forward(x), y);
    optimizer.step(grad(loss, optimizer.parameters), 1e-3);
    return loss;
  },
  { engine, name: "learn" },
);

/** The median of ten rounds of a quarter of a second each, after one that is not counted. */
async function rate(call: () => Promise<unknown>): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round <= 10; round++) {
    const start = performance.now();
    let calls = 0;
    for (; performance.now() - start < 250; calls += 20) for (let i = 0; i < 20; i++) await call();
    if (round > 0) rates.push((1000 * calls) / (performance.now() - start));
  }
  return Math.round(rates.sort((a, b) => a - b)[5]!);
}

const batch = (name: string, rows: number, width: number) =>
  ndarray(hostNormal(key.split(name), rows * width), [rows, width]);
const print = (name: string, rows: number, callsPerSecond: number): void =>
  console.log(
    JSON.stringify({
      name,
      network: "4-64-64-2",
      engine: engine.name,
      batch: rows,
      calls_per_second: callsPerSecond,
    }),
  );

for (const rows of [1, 8, 256]) {
  const x = batch("x", rows, 4);
  print("acting", rows, await rate(() => act(x)));
}
const [x, y] = [batch("x", 64, 4), batch("y", 64, 2)];
print("learning", 64, await rate(() => learn(x, y)));
await engine.dispose();
