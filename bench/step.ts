import { parseArgs } from "node:util";
import { compile } from "../src/engine/compile.ts";
import type { Device, Engine } from "../src/engine/engine.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { crossEntropy, GRU, LSTM, type Module, mseLoss } from "../src/nn/index.ts";
import { adamW } from "../src/optim/index.ts";
import { grad } from "../src/tensor/grad.ts";
import { type NdArray, ndarray } from "../src/tensor/ndarray.ts";
import * as ops from "../src/tensor/ops.ts";
import { hostNormal, hostUniform, Key } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { DiT, GPT, mlp, UNet, VAE } from "./networks.ts";
import { type Repeats, timeSteps } from "./timing.ts";

const key = Key.seed(0);
const gauss = (name: string, ...shape: number[]): NdArray =>
  ndarray(
    hostNormal(
      key.split(name),
      shape.reduce((n, d) => n * d, 1),
    ),
    shape,
  );
const integers = (name: string, below: number, ...shape: number[]): NdArray =>
  ndarray(
    Int32Array.from(
      hostUniform(
        key.split(name),
        shape.reduce((n, d) => n * d, 1),
      ),
      (u) => Math.floor(u * below),
    ),
    shape,
  );

interface Workload extends Repeats {
  readonly net: Module;
  readonly feeds: readonly NdArray[];
  readonly loss: (feeds: readonly Tensor[], noise: Key) => Tensor;
}

/** Whole training steps (forward, backward, AdamW): shapes and sizes as in the PyTorch peer. */
export const WORKLOADS: Readonly<Record<string, () => Workload>> = {
  mlp: () => {
    const net = mlp();
    return {
      repeats: 1000,
      warmup: 1000,
      net,
      feeds: [gauss("x", 64, 4), gauss("y", 64, 2)],
      loss: ([x, y]) => mseLoss(net.forward(x!), y!),
    };
  },
  vae: () => {
    const net = new VAE();
    const x = ndarray(hostUniform(key.split("x"), 128 * 784), [128, 784]);
    return { repeats: 200, warmup: 50, net, feeds: [x], loss: ([images], noise) => net.loss(images!, noise) };
  },
  unet: () => {
    const net = new UNet();
    const feeds = [gauss("x", 32, 1, 28, 28), gauss("eps", 32, 1, 28, 28), integers("t", 1000, 32)];
    return { repeats: 15, net, feeds, loss: ([x, eps, t]) => mseLoss(net.forward(x!, t!), eps!) };
  },
  dit: () => {
    const net = new DiT();
    const feeds = [gauss("x", 32, 64, 48), gauss("eps", 32, 64, 48), integers("t", 1000, 32)];
    return { repeats: 8, net, feeds, loss: ([x, eps, t]) => mseLoss(net.forward(x!, t!), eps!) };
  },
  lstm: () => recurrent(new LSTM(128, 128)),
  gru: () => recurrent(new GRU(128, 128)),
  gpt: () => {
    const net = new GPT();
    const feeds = [integers("in", 256, 32, 128), integers("out", 256, 32, 128)];
    return {
      repeats: 10,
      net,
      feeds,
      loss: ([ids, next]) =>
        crossEntropy(ops.reshape(net.forward(ids!), [-1, 256]), ops.reshape(next!, [-1])),
    };
  },
};

/** A recurrent network's outputs at all steps: T 128, width 128, batch 64. */
function recurrent(net: LSTM | GRU): Workload {
  const feeds = [gauss("x", 64, 128, 128), gauss("y", 64, 128, 128)];
  return { repeats: 15, net, feeds, loss: ([x, y]) => mseLoss(net.forward(x!).output, y!) };
}

export async function measure(
  name: string,
  { threads = 2, device = "cpu" as Device, engine: given = undefined as Engine | undefined } = {},
): Promise<Record<string, unknown>> {
  const work = WORKLOADS[name]!();
  const engine = given ?? (await nodeEngine({ threads, device, flushDenormals: true }));
  work.net.initialize(key.split("weights"));
  const parameters = work.net.parameters();
  const optimizer = adamW()(parameters);
  const step = compile(
    (noise: Key, ...feeds: Tensor[]) => {
      const loss = work.loss(feeds, noise);
      optimizer.step(grad(loss, parameters), 1e-3);
      return loss;
    },
    { engine, name },
  );
  const noise = key.split("noise");
  let steps = 0;
  const times = await timeSteps(
    async () => (await step(noise.split(steps++), ...work.feeds)).data[0] as number,
    work,
  );
  await engine.dispose();
  return {
    name: "training step",
    workload: name,
    engine: engine.name,
    dtype: "f32",
    threads,
    parameters: work.net.parameterCount,
    ...times,
  };
}

/** tsx bench/step.ts [workload ...] [--device wasm] [--threads 1] */
if (process.argv[1]?.endsWith("step.ts")) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { device: { type: "string", default: "cpu" }, threads: { type: "string", default: "2" } },
  });
  const options = { device: values.device as Device, threads: Number(values.threads) };
  for (const name of positionals.length > 0 ? positionals : Object.keys(WORKLOADS))
    console.log(JSON.stringify(await measure(name, options)));
}
