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

/** All that training needs: examples, a built model with its initial weights, its players and their plan. */
export interface Begun<M extends Module = Module> {
  readonly task: Task & { readonly module: M };
  readonly plan: Plan;
  readonly sets: ExampleSets;
}

export interface BeginOptions {
  /** The model's own options; what is absent has its default. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly data: Data;
  /** Length, learning rate and `LearningOptions`; what is absent has the model's default. */
  readonly training?: Partial<PlanOptions> & Readonly<Record<string, unknown>>;
  /** Determines the initial weights and all noise. */
  readonly seed?: number;
  /** Pretrained initial weights, for fine-tuning. */
  readonly weights?: { readonly dict: StateDict; readonly source: string } | undefined;
}

/** Prepare a model for `train`: build it for the data, make its plan, and initialise or load its weights. */
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

/** Where steps or epochs are given, the default of the other is dropped. */
const lengthOf = (training: BeginOptions["training"] = {}): Record<string, unknown> =>
  (training.steps ?? training.epochs) === undefined
    ? { ...training }
    : { ...training, steps: training.steps, epochs: training.epochs };

export interface AssembleOptions extends Omit<PlanOptions, "repeats"> {
  /** Selects the examples to train on; all training examples when left out. */
  readonly examples?: (train: Examples) => Examples;
}

/** A model for its data, the weights not yet initialised: the examples, the module, its players and their plan. */
export function assemble(model: AnyModel, options: unknown, data: Data, training: AssembleOptions): Begun {
  const sets = examplesOf(model, options, data);
  const examples = training.examples?.(sets.train) ?? sets.train;
  requireBatch(examples, training.batchSize);
  const module = buildModel(model, options, data.spec);
  const draft = planFor(examples, training);
  // How often players update per step decides how many steps an epoch has: most update once.
  const repeats = repeatsOf({ players: model.players(module, options, draft, data.spec) });
  const plan = repeats === 1 ? draft : planFor(examples, { ...training, repeats });
  const players = model.players(module, options, plan, data.spec);
  return { task: { name: model.name, module, players }, plan, sets };
}

/** More parameters than any machine that runs this can hold. */
const TOO_MANY = 2 ** 31;

/** @throws UserError where the model cannot be built for such data, or has too many parameters. */
export function buildModel(model: AnyModel, options: unknown, spec: DataSpec): Module {
  const module = model.build(options, spec) as Module;
  const { parameterCount } = module;
  if (!(parameterCount < TOO_MANY))
    throw new UserError(
      `${model.name} with these options would have ${parameterCount.toPrecision(3)} parameters; the limit is ${TOO_MANY.toPrecision(3)}: choose a smaller width or depth`,
    );
  return module;
}

/** The examples a model learns from: as the model makes them, or else the images or points themselves. */
export function examplesOf(model: AnyModel, options: unknown, data: Data): ExampleSets {
  if (model.examples) return model.examples(options, data) as ExampleSets;
  if (data.kind === "images" || data.kind === "points") return data;
  throw new UserError(
    `${model.name} does not learn from ${data.kind}, which the data set "${data.name}" holds: choose other data`,
  );
}

/** Initialise all weights from the seed, or load pretrained ones. */
export function giveWeights(module: Module, seed: number, weights?: BeginOptions["weights"]): void {
  if (weights) module.loadStateDict(weights.dict, { source: weights.source });
  else module.initialize(Key.seed(seed).split("weights"));
}
