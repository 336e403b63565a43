// npx tsx bench/alignment.ts: a step of RLOO on the sort task, rollout and update: 32 prompts × 8, 2 layers of width 64, one JSON line.
import "../src/index.node.ts";
import { taskData } from "../src/data/tasks.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { sessionOf, trainRun } from "../src/model/session.ts";
import { rloo } from "../src/rl/alignment/index.ts";
import { Key } from "../src/tensor/random.ts";
import { LEARNING } from "../src/train/learning.ts";
import type { ModelRun } from "../src/train/run-config.ts";
import { timeSteps } from "./timing.ts";

const [warmup, repeats] = [3, 40];
const name = "task:sort,length=6,min=6,symbols=10";
const data = taskData(name.slice("task:".length), name);
const engine = await nodeEngine({ device: "cpu", flushDenormals: true });
const none = (): Promise<never> => Promise.reject(new Error("nothing lies around a benchmark"));
const steps = warmup + repeats;
const config = {
  format: 2,
  galatea: "0",
  kind: "model",
  model: "rloo",
  data: name,
  spec: data.spec,
  seed: 0,
  device: "cpu",
  steps,
  logEvery: 1,
  sampleEvery: steps + 1,
  checkpointEvery: steps,
  keep: 1,
  options: {
    layers: 2,
    width: 64,
    context: 16,
    positions: "learned",
    activation: "relu",
    beta: 0,
    heldOut: 256,
  },
  training: { ...LEARNING, batchSize: 32, accumulate: 1, lr: 3e-4, maxGradNorm: 1, validation: 0 },
} as unknown as ModelRun;
const session = sessionOf(rloo, config, data);
const first = await session.task.module.initialize(Key.seed(0)).stateDict();
const events = trainRun(session, {
  engine,
  world: { data: async () => data, asset: none, file: none, run: none },
  weights: { dict: first, source: "the benchmark" },
});
const step = async (): Promise<number> => {
  for (;;) {
    const { value } = await events.next();
    if (value?.kind === "step") return value.metrics.reward!;
  }
};
const { loss: _, ...times } = await timeSteps(step, { warmup, repeats });
console.log(
  JSON.stringify({
    bench: "alignment",
    engine: engine.name,
    completions: 256,
    parameters: session.task.module.parameterCount,
    ...times,
  }),
);
await events.return(undefined);
await engine.dispose();
