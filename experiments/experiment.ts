import { progress } from "../src/cli/progress.ts";
import type { Data } from "../src/data/data.ts";
import type { Engine } from "../src/engine/engine.ts";
import { type Begun, begin } from "../src/model/assemble.ts";
import type { AnyModel } from "../src/model/contract.ts";
import type { Module } from "../src/nn/module.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import type { Variable } from "../src/tensor/variable.ts";
import { train } from "../src/train/loop.ts";

export { markdownTable } from "../src/plot/markdown.ts";

export interface Setting {
  readonly engine: Engine;
  /** The folder for what it leaves. */
  readonly out: string;
  readonly epochs?: number;
  /** Train each model for as long, where an experiment compares several. */
  readonly minutes?: number;
  /** Optimizer steps of each model, where an experiment counts in steps. */
  readonly steps?: number;
  /** Repetitions whose mean is told. */
  readonly seeds?: number;
  /** Images to measure by. */
  readonly samples?: number;
  /** The data set, where an experiment can have several. */
  readonly data?: string;
}

export interface Experiment {
  readonly description: string;
  run(setting: Setting): Promise<void>;
}

/** Train a model with its defaults but for these, with a progress bar. */
export async function trainModel(
  title: string,
  model: AnyModel,
  options: Record<string, unknown>,
  data: Data,
  { engine, epochs }: { engine: Engine; epochs: number },
): Promise<Module> {
  const begun = begin(model, { options, data, training: { epochs } });
  await trainSteps(title, begun, engine);
  return begun.task.module;
}

/** What is called when a training ends, while its moving averages are there; they stand in for the weights. */
export type Look = (averages: () => ReadonlyMap<Variable, Tensor>) => Promise<void>;

/** Train what was begun to its end, with a progress bar, and look at it; gives the time of its steps. */
export async function trainSteps(
  title: string,
  { task, plan, sets }: Begun,
  engine: Engine,
  look?: Look,
): Promise<number> {
  const bar = progress(title, plan.steps);
  let seconds = 0;
  const events = train({
    task,
    examples: sets.train,
    plan,
    engine,
    seed: 0,
    ...(look && {
      sampleEvery: plan.steps,
      preview: async (averages) => {
        await look(averages);
        return {};
      },
    }),
  });
  try {
    for await (const event of events) {
      if (event.kind === "step") bar.update(event.step, event.metrics);
      if (event.kind === "done") ({ seconds } = event);
    }
  } finally {
    bar.stop();
  }
  return seconds;
}
