import type { Data, Examples } from "../data/data.ts";
import type { DataSpec } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import type { Module, StateDict } from "../nn/module.ts";
import { Key } from "../tensor/random.ts";
import { repeatsOf } from "../train/learners.ts";
import { LearningOptions } from "../train/learning.ts";
import { type PlanOptions, planFor, requireBatch } from "../train/loop.ts";
import type { Plan, Task } from "../train/task.ts";
import type { AnyModel, ExampleSets } from "./contract.ts";

/** What it takes to begin: examples, a built model with its first weights, its players and their plan. */
export interface Begun<M extends Module = Module> {
  readonly task: Task & { readonly module: M };
  readonly plan: Plan;
  readonly sets: ExampleSets;
}

export interface BeginOptions {
  /** The model's own options; what is absent has its default. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly data: Data;
  /** How long and how fast, with options of learning; what is absent is as the model says. */
  readonly training?: Partial<PlanOptions> & Readonly<Record<string, unknown>>;
  /** The first weights follow from it, and by it all noise. */
  readonly seed?: number;
  /** First weights that were learnt elsewhere: fine-tuning. */
  readonly weights?: { readonly dict: StateDict; readonly source: string } | undefined;
}

/** Ready a model for `train`: build it over the data, make its plan, and give its weights their first values. */
export function begin(model: AnyModel, how: BeginOptions): Begun {
  const { data, seed = 0, weights } = how;
  const options: unknown = model.options.parse(how.options ?? {});
  const training: Partial<PlanOptions> = { ...model.training, ...lengthOf(how.training) };
  const { epochs, steps, batchSize, lr, accumulate, ...rest } = training;
  const learning = LearningOptions.parse(
    Object.fromEntries(Object.entries(rest).filter(([key]) => key in LearningOptions.shape)),
  );
  const begun = assemble(model, options, data, {
    epochs,
    steps,
    batchSize,
    lr,
    accumulate,
    learning,
  } as PlanOptions);
  giveWeights(begun.task.module, seed, weights);
  return begun;
}

/** Where one of steps and epochs is given, the other's default does not count. */
const lengthOf = (training: BeginOptions["training"] = {}): Record<string, unknown> =>
  (training.steps ?? training.epochs) === undefined
    ? { ...training }
    : { ...training, steps: training.steps, epochs: training.epochs };

export interface AssembleOptions extends Omit<PlanOptions, "repeats"> {
  /** Of the training examples, those that are trained on: all of them when left out. */
  readonly examples?: (train: Examples) => Examples;
}

/** A model over data, its weights not yet given: the examples, the module, its players and their plan. */
export function assemble(model: AnyModel, options: unknown, data: Data, training: AssembleOptions): Begun {
  const sets = examplesOf(model, options, data);
  const examples = training.examples?.(sets.train) ?? sets.train;
  requireBatch(examples, training.batchSize);
  const module = buildModel(model, options, data.spec);
  const draft = planFor(examples, training);
  // How often players move decides how many steps an epoch has: most move once.
  const repeats = repeatsOf({ players: model.players(module, options, draft, data.spec) });
  const plan = repeats === 1 ? draft : planFor(examples, { ...training, repeats });
  const players = model.players(module, options, plan, data.spec);
  return { task: { name: model.name, module, players }, plan, sets };
}

/** More numbers than any machine that runs this can hold. */
const TOO_MANY = 2 ** 31;

/** @throws UserError where the model cannot be built over such data, or would not fit anywhere. */
export function buildModel(model: AnyModel, options: unknown, spec: DataSpec): Module {
  const module = model.build(options, spec) as Module;
  const { parameterCount } = module;
  if (!(parameterCount < TOO_MANY))
    throw new UserError(
      `${model.name} with these options would have ${parameterCount.toPrecision(3)} parameters, and ${TOO_MANY.toPrecision(3)} is the most: choose a smaller width or depth`,
    );
  return module;
}

/** The examples a model learns from: its own choice, or what images and points are. */
export function examplesOf(model: AnyModel, options: unknown, data: Data): ExampleSets {
  if (model.examples) return model.examples(options, data) as ExampleSets;
  if (data.kind === "images" || data.kind === "points") return data;
  throw new UserError(
    `${model.name} does not learn from ${data.kind}, and the data set "${data.name}" holds such: choose other data`,
  );
}

/** First values of all weights: drawn from the seed, or learnt elsewhere. */
export function giveWeights(module: Module, seed: number, weights?: BeginOptions["weights"]): void {
  if (weights) module.loadStateDict(weights.dict, { source: weights.source });
  else module.initialize(Key.seed(seed).split("weights"));
}
