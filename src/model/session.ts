import type { z } from "zod";
import type { Data, Examples } from "../data/data.ts";
import { holdOutValidation } from "../data/validation.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { Key } from "../tensor/random.ts";
import type { Checkpoint, CheckpointStore, TrainEvent } from "../train/checkpoint.ts";
import { train } from "../train/loop.ts";
import type { Communicator } from "../train/parallel/communicator.ts";
import type { ModelRun } from "../train/run-config.ts";
import { assemble, type BeginOptions, type Begun, giveWeights } from "./assemble.ts";
import { withModel } from "./context.ts";
import type { AnyModel, World } from "./contract.ts";
import { parseOptions } from "./opened.ts";

export interface Session extends Begun {
  readonly model: AnyModel;
  readonly options: Record<string, unknown>;
  readonly config: ModelRun;
  readonly data: Data;
  /** The examples to train on, and those held out for validation. */
  readonly examples: Examples;
  readonly validation: Examples | undefined;
}

/** A run with its data, by its configuration (or with another length); the weights are not initialised yet. */
export function sessionOf(
  model: AnyModel,
  config: ModelRun,
  data: Data,
  length: { readonly epochs?: number | undefined; readonly steps?: number | undefined } = config,
): Session {
  const options = parseOptions(model.options as z.ZodObject, config.options);
  const { batchSize, lr, accumulate, validation: share, patience: _, ...learning } = config.training;
  const held = <E extends Examples>(train: E): { train: Examples; validation?: Examples } =>
    share > 0 ? holdOutValidation(train, share, Key.seed(config.seed)) : { train };
  const begun = assemble(model, options, data, {
    batchSize,
    lr,
    accumulate,
    learning,
    steps: length.steps,
    epochs: length.epochs,
    examples: (train) => held(train).train,
  });
  const { train: examples, validation } = held(begun.sets.train);
  return { ...begun, model, options, config, data, examples, validation };
}

export interface TrainRunOptions {
  readonly engine: Engine;
  readonly world: World;
  /** Continue from this checkpoint; from the beginning when left out. */
  readonly from?: Checkpoint | undefined;
  /** Pretrained initial weights, where it starts from the beginning. */
  readonly weights?: BeginOptions["weights"];
  readonly store?: CheckpointStore | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The processes that train together; this one alone when left out. */
  readonly ranks?: Communicator | undefined;
  /** Stop after this step, as by the signal. */
  readonly until?: number | undefined;
}

/** @throws UserError where a model that tunes others' weights is given none */
export function requireWeights(model: AnyModel, weights: unknown): void {
  if (model.tunes && !weights)
    throw new UserError(
      `${model.name} goes on from a model that can write already: name its run (option \`from\`), as galatea train sft makes one`,
    );
}

/** @throws UserError where a model with a loop of its own is to be trained by several processes */
export function requireOneProcess(model: AnyModel, ranks: Communicator | undefined): void {
  if (model.learn && (ranks?.size ?? 1) > 1)
    throw new UserError(`${model.name} trains in one process: run it without option \`parallel\``);
}

/** Train a run to its end, or until the signal fires, yielding events. */
export function trainRun(session: Session, how: TrainRunOptions): AsyncGenerator<TrainEvent> {
  const { model, options, task, plan, config, data, examples, validation } = session;
  const { engine, world, from, weights, store, signal, ranks, until } = how;
  const { seed, sampleEvery, checkpointEvery } = config;
  requireWeights(model, from ?? weights);
  requireOneProcess(model, ranks);
  const source = from && { dict: from.tensors.weights, source: `the checkpoint of step ${from.step}` };
  giveWeights(task.module, seed, source ?? weights);
  const { module } = task;
  const preview: Parameters<typeof train>[0]["preview"] =
    model.preview &&
    ((averages, key) =>
      withModel({ module, options, spec: data.spec, engine, key, world, averages }, async (context) =>
        model.preview!(context),
      ));
  const { batchSize, patience } = config.training;
  const setting = {
    task,
    plan,
    engine,
    seed,
    from,
    sampleEvery,
    checkpointEvery,
    examples,
    store,
    signal,
    ranks,
    until,
    validation: validation && { examples: validation, batchSize, patience },
  };
  if (model.learn) return model.learn({ ...setting, options, spec: data.spec, world, weights });
  return train({ ...setting, preview });
}
