/** What the experiments on RL for GPT have in common: train by a method, look, and measure the time of its steps alone. */
import { progress } from "../../src/cli/progress.ts";
import type { Data } from "../../src/data/data.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { withModel } from "../../src/model/context.ts";
import type { AnyModel, World } from "../../src/model/contract.ts";
import { nodeWorld } from "../../src/model/node.ts";
import { sessionOf, trainRun } from "../../src/model/session.ts";
import type { Module, StateDict } from "../../src/nn/module.ts";
import { evaluateCompletions } from "../../src/rl/alignment/commands.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Metrics } from "../../src/train/checkpoint.ts";
import { LearningOptions } from "../../src/train/learning.ts";
import type { ModelRun } from "../../src/train/run-config.ts";

export interface Job {
  readonly title: string;
  readonly model: AnyModel;
  readonly data: Data;
  readonly options: Readonly<Record<string, unknown>>;
  readonly training: Readonly<Record<string, unknown>> & { readonly steps: number };
  readonly weights?: StateDict;
  readonly seed?: number;
  /** Steps between looks; the last step has one in any case. */
  readonly every?: number;
}

/** A look at a training: what was found of held-out prompts, after so many steps and seconds of processor time. */
export interface Looked {
  readonly step: number;
  readonly seconds: number;
  readonly metrics: Metrics;
}

export interface Learnt {
  readonly looks: readonly Looked[];
  readonly module: Module;
}

/** Seconds of this process's processors so far: what others do on the machine does not count. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Train, until `enough` at the latest; the module is the caller's to dispose of. */
export async function learn(
  job: Job,
  engine: Engine,
  enough: (now: Looked) => boolean = () => false,
): Promise<Learnt> {
  const { model, data, options, weights, seed = 0, every = job.training.steps } = job;
  const { steps, batchSize, lr, ...own } = { ...model.training, ...job.training };
  const config = {
    format: 2,
    galatea: "0",
    kind: "model",
    model: model.name,
    data: data.name,
    spec: data.spec,
    seed,
    device: "cpu",
    steps,
    logEvery: 1,
    sampleEvery: every,
    checkpointEvery: steps,
    keep: 1,
    options: model.options.parse(options),
    training: { ...learningOf(own), batchSize, lr, accumulate: 1, validation: 0 },
  } as unknown as ModelRun;
  const session = sessionOf(model, config, data);
  const bar = progress(job.title, steps);
  const looks: Looked[] = [];
  let [step, seconds] = [0, 0];
  const events = trainRun(session, {
    engine,
    world: worldOf(data),
    ...(weights && { weights: { dict: weights, source: job.title } }),
  });
  try {
    for (let before = processorSeconds(); ; before = processorSeconds()) {
      const { value: event } = await events.next();
      if (!event) break;
      // A look comes with the next event, so that what a step's event took is the step alone.
      if (event.kind === "step") {
        if (event.step > 1) seconds += processorSeconds() - before;
        step = event.step;
        bar.update(event.step, event.metrics);
      }
      if (event.kind !== "validation") continue;
      looks.push({ step, seconds, metrics: event.metrics });
      if (enough(looks.at(-1)!)) break;
    }
  } finally {
    bar.stop();
    await events.return(undefined);
  }
  return { looks, module: session.task.module };
}

const learningOf = (given: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  LearningOptions.parse(
    Object.fromEntries(Object.entries(given).filter(([name]) => name in LearningOptions.shape)),
  );

const worldOf = (data: Data): World => nodeWorld(async () => data);

/** What `galatea evaluate` finds of a model, by its options. */
export async function evaluated(
  { module, model, data, options }: Pick<Job, "model" | "data" | "options"> & { readonly module: Module },
  how: Readonly<Record<string, unknown>>,
  engine: Engine,
): Promise<Readonly<Record<string, number>>> {
  const { options: schema } = model.commands.evaluate!;
  const parts = { module, options: model.options.parse(options), spec: data.spec, engine, key: Key.seed(0) };
  const { numbers } = await withModel({ ...parts, world: worldOf(data) }, (context) =>
    evaluateCompletions(context as never, schema.parse(how) as never),
  );
  return numbers!;
}
