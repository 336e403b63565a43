import { progress } from "../src/cli/progress.ts";
import type { Engine } from "../src/engine/engine.ts";
import type { ModelDefinition } from "../src/generative/model.ts";
import type { Data } from "../src/train/examples.ts";
import { planFor, train } from "../src/train/loop.ts";
import type { Task } from "../src/train/task.ts";

export { markdownTable } from "../src/plot/markdown.ts";

export interface Setting {
  readonly engine: Engine;
  /** The folder for what it leaves. */
  readonly out: string;
  readonly epochs?: number;
  /** Train each model for as long, where an experiment compares several. */
  readonly minutes?: number;
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
  definition: ModelDefinition,
  options: Record<string, unknown>,
  data: Data,
  { engine, epochs }: { engine: Engine; epochs: number },
): Promise<Task> {
  const config = definition.config.parse(options);
  const plan = planFor(data.train, { ...definition.training, epochs });
  const task = definition.build(config, data, plan);
  const bar = progress(title, plan.steps);
  try {
    for await (const event of train({ task, examples: data.train, plan, engine, seed: 0 }))
      if (event.kind === "step") bar.update(event.step, event.metrics);
  } finally {
    bar.stop();
  }
  return task;
}
