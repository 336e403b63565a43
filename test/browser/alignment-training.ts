/** A GPT that learns to sort a little, and then RLOO, wherever this runs. */
import { taskData } from "../../src/data/tasks.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { AnyModel, World } from "../../src/model/contract.ts";
import { sessionOf, trainRun } from "../../src/model/session.ts";
import type { StateDict } from "../../src/nn/module.ts";
import { rloo, sft } from "../../src/rl/alignment/index.ts";
import { LEARNING } from "../../src/train/learning.ts";
import type { ModelRun } from "../../src/train/run-config.ts";

const NAME = "task:sort,length=3,symbols=3,count=30";

/** The reward of each step of RLOO. */
export async function alignGpt(engine: Engine, steps: number): Promise<number[]> {
  const data = taskData(NAME.slice("task:".length), NAME);
  const none = (): Promise<never> => Promise.reject(new Error("nothing lies around this test"));
  const world: World = { data: async () => data, asset: none, file: none, run: none };
  const tiny = { layers: 1, heads: 2, width: 16, context: 16, positions: "learned" };
  let weights: StateDict | undefined;
  const run = async (model: AnyModel, options: object, training: object, length: number) => {
    const config = {
      format: 2,
      galatea: "0",
      kind: "model",
      model: model.name,
      data: NAME,
      spec: data.spec,
      seed: 3,
      device: "cpu",
      steps: length,
      logEvery: 1,
      sampleEvery: length,
      checkpointEvery: length,
      keep: 1,
      options: { ...tiny, ...options },
      training: { ...LEARNING, accumulate: 1, validation: 0, ...training },
    } as unknown as ModelRun;
    const rewards: number[] = [];
    const events = trainRun(sessionOf(model, config, data), {
      engine,
      world,
      weights: weights && { dict: weights, source: "fine-tuning" },
      store: {
        save: async ({ tensors }) => {
          weights = tensors.weights;
          return "memory";
        },
      },
    });
    for await (const event of events) if (event.kind === "step") rewards.push(event.metrics.reward ?? 0);
    return rewards;
  };
  await run(sft, {}, { batchSize: 16, lr: 0.01 }, 20);
  return run(rloo, { group: 8, beta: 0 }, { batchSize: 8, lr: 3e-3 }, steps);
}
