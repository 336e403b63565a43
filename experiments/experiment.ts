import { progress } from "../src/cli/progress.ts";
import type { Data } from "../src/data/data.ts";
import type { Engine } from "../src/engine/engine.ts";
import { begin } from "../src/model/assemble.ts";
import type { AnyModel } from "../src/model/contract.ts";
import type { Module } from "../src/nn/module.ts";
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
  const { task, plan, sets } = begin(model, { options, data, training: { epochs } });
  const bar = progress(title, plan.steps);
  try {
    for await (const event of train({ task, examples: sets.train, plan, engine, seed: 0 }))
      if (event.kind === "step") bar.update(event.step, event.metrics);
  } finally {
    bar.stop();
  }
  return task.module;
}
