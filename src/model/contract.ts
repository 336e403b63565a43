import type { z } from "zod";
import type { Data, Examples } from "../data/data.ts";
import type { DataSpec, TokenizerSpec } from "../data/spec.ts";
import type { Compiled } from "../engine/compile.ts";
import type { Engine } from "../engine/engine.ts";
import type { ExportFunction } from "../engine/onnx/export.ts";
import type { Module, StateDict } from "../nn/module.ts";
import type { Key } from "../tensor/random.ts";
import type { TrainEvent } from "../train/checkpoint.ts";
import type { Learning } from "../train/learning.ts";
import type { TrainOptions } from "../train/loop.ts";
import type { Communicator } from "../train/parallel/communicator.ts";
import type { SavedRun } from "../train/run.ts";
import type { Output, Picture, Plan, Player, Task } from "../train/task.ts";

export type { Output, Picture, Plan, Player };

/** A model's training defaults. Give epochs or steps, not both. */
export interface TrainingDefaults extends Partial<Learning> {
  readonly data: string;
  readonly batchSize: number;
  readonly lr: number;
  readonly epochs?: number;
  readonly steps?: number;
  /** How text becomes tokens; by characters when left out. */
  readonly tokenizer?: string;
}

/** Examples to train on, and examples to evaluate on. */
export interface ExampleSets {
  readonly train: Examples;
  readonly test: Examples;
}

/** What lies outside a run, opened only when needed: folders in Node, URLs in a page. */
export interface World {
  /** The data set of the run, opened at the first call. @throws UserError where it cannot be opened. */
  readonly data: () => Promise<Data>;
  /** A file that comes with galatea: "rulers/mnist.safetensors". */
  readonly asset: (name: string) => Promise<Uint8Array>;
  /** A user's file. */
  readonly file: (path: string) => Promise<Uint8Array>;
  /** Another run, by its name or path. */
  readonly run: (name: string) => Promise<SavedRun>;
}

/** What commands work with. The weights to use (trained or averaged) are already loaded. */
export interface Context<O = unknown, M extends Module = Module> extends World {
  readonly module: M;
  readonly options: O;
  readonly spec: DataSpec;
  readonly engine: Engine;
  readonly key: Key;
  /** The same object for all contexts of one run in a process, so that it can key what is made once per run. */
  readonly world: World;
  /** Compile on the engine with the weights to use. The programs are disposed of when the job is done. */
  readonly compile: <A extends readonly unknown[], R>(fn: (...args: A) => R, name?: string) => Compiled<A, R>;
  /** Show text while it is being written. Output text that was written here is not printed again. */
  readonly write: (text: string) => void;
  /** Fires when the job is interrupted. */
  readonly signal: AbortSignal | undefined;
  /** The processes that share the job, where they are several. */
  readonly ranks?: Communicator | undefined;
  /** Report the progress of a long job. Throws where the job was interrupted. */
  readonly progress: (done: number, total: number, what?: string) => void;
}

/** One thing that can be done with a trained model, and its options (each with `.describe`, for the help). */
export interface Command<O, M extends Module, S extends z.ZodObject = z.ZodObject> {
  /** One line for the help; commands that many models share (sample, reconstruct, evaluate) may leave it out. */
  readonly about?: string;
  readonly options: S;
  /** Whether several processes can share its work (`context.ranks`). */
  readonly parallel?: boolean;
  run(context: Context<O, M>, options: z.output<S>): Promise<Output>;
}

/** Ties a command's options to its function, for the type checker. */
export const command = <O, M extends Module, S extends z.ZodObject>(
  options: S,
  run: (context: Context<O, M>, options: z.output<S>) => Promise<Output>,
  about?: string,
): Command<O, M> => ({ options, run: run as Command<O, M>["run"], ...(about !== undefined && { about }) });

/** A function of the model to be exported as a file that runs without this package: named inputs and outputs, no randomness. */
export interface ExportPart extends ExportFunction {
  readonly description: string;
}

/** The parts of a model that can be written as ONNX files, the first by default, and their options. */
export interface Exports<O, M extends Module, S extends z.ZodObject = z.ZodObject> {
  readonly options: S;
  parts(
    context: Pick<Context<O, M>, "module" | "options" | "spec">,
    /** Examples at once; called with two values where the batch dimension is free. */
    batch: number,
    options: z.output<S>,
  ): Readonly<Record<string, ExportPart>>;
}

/** Ties the options of exported parts to their function, for the type checker. */
export const exporting = <O, M extends Module, S extends z.ZodObject>(
  options: S,
  parts: Exports<O, M, S>["parts"],
): Exports<O, M> => ({ options, parts: parts as Exports<O, M>["parts"] });

/**
 * A model: its name and options, how it is built from them and the spec of its data, which players learn by which
 * losses, and the commands for it once trained. `S` is the schema of its options, `M` its module.
 */
export interface Model<S extends z.ZodObject = z.ZodObject, M extends Module = Module> {
  readonly name: string;
  /** One line for lists. For galatea's own models it is in the catalogue, which lists them without loading. */
  readonly description?: string;
  /** The model's own options: strict, every one with a default and `.describe`. camelCase; `--kebab-case` in the shell. */
  readonly options: S;
  readonly training: TrainingDefaults;
  /** The network, its weights not yet initialised. @throws UserError where it cannot take such data. */
  build(options: z.output<S>, spec: DataSpec): M;
  /** Its players (what learns, by which loss). Called once or twice at the start; nothing is built here. */
  players(module: M, options: z.output<S>, plan: Plan, spec: DataSpec): readonly Player[];
  /**
   * A loop of its own, where a step is more than a batch of examples: one that draws from the model itself. Otherwise the one
   * loop of `train/` runs the players.
   */
  learn?(setting: LearnSetting<z.output<S>, M>): AsyncGenerator<TrainEvent, void, undefined>;
  /** The weights that this model starts from, among those of a run of the model `name`; undefined where none of them fit. */
  takes?(name: string, dict: StateDict): StateDict | undefined;
  /** It tunes what another run has learnt, and cannot begin without such weights. */
  readonly tunes?: boolean;
  /** What one example is, where that is the model's choice: windows of a text, padded pairs. */
  examples?(options: z.output<S>, data: Data): ExampleSets;
  /** Its commands by name: sample, reconstruct, evaluate, translate … */
  readonly commands: Readonly<Record<string, Command<z.output<S>, M>>>;
  /** A quick look during training: pictures, numbers for the log, and warnings as text. */
  preview?(context: Context<z.output<S>, M>): Promise<Output>;
  readonly exports?: Exports<z.output<S>, M>;
  /** Read this model from files of other programs, for fine-tuning. @throws UserError naming what is missing or does not fit. */
  adopt?(read: (name: string) => Promise<Uint8Array | undefined>, folder: string): Promise<Adopted>;
  /** Further metadata for an exported weights file, where the weights alone are not enough to use it. */
  metadata?(context: Context<z.output<S>, M>): Promise<Readonly<Record<string, string>>>;
}

/** What a loop of a model's own learns with. The module has its first weights, or those of the checkpoint. */
export interface LearnSetting<O, M extends Module> extends Omit<TrainOptions, "preview" | "task"> {
  readonly task: Task & { readonly module: M };
  readonly options: O;
  readonly spec: DataSpec;
  readonly world: World;
  /** The pretrained weights that it began with, where it begins. */
  readonly weights: { readonly dict: StateDict; readonly source: string } | undefined;
}

/** A model in files of other programs: its options, its weights by this module's names, its tokenizer. */
export interface Adopted {
  readonly options: Readonly<Record<string, unknown>>;
  readonly dict: StateDict;
  readonly tokenizer: TokenizerSpec;
}

/** A model with its types erased, as the catalogue holds it. */
// biome-ignore lint/suspicious/noExplicitAny: each model's own types are known only to its file
export type AnyModel = Model<any, any>;

/** A model as the catalogue lists it: name, one-line description, and a loader. */
export interface Listed<M extends AnyModel = AnyModel> {
  readonly name: string;
  readonly description: string;
  load(): Promise<M>;
}

/** An already loaded model as the catalogue lists it. */
export const listed = <M extends AnyModel>(model: M | Listed<M>): Listed<M> =>
  "load" in model
    ? model
    : { name: model.name, description: model.description ?? "", load: async () => model };

/** A model with defaults chosen for certain data, and the recorded result. */
export interface Recipe {
  readonly name: string;
  readonly model: Listed;
  /** One line for lists. */
  readonly description: string;
  /** Options of the model. */
  readonly options: Readonly<Record<string, unknown>>;
  /** How it is trained; what is absent has the model's default. */
  readonly training: Partial<TrainingDefaults>;
  /** The results of its last run, and the commands that gave them; or why it was not run. */
  readonly recorded?: string;
}

/** Ties the options to the model, for the type checker: an unknown key does not compile. */
export const recipe = <S extends z.ZodObject, M extends Module>(
  name: string,
  model: Model<S, M> | Listed<Model<S, M>>,
  about: Omit<Recipe, "name" | "model" | "options"> & { readonly options: Partial<z.input<NoInfer<S>>> },
): Recipe => ({ name, model: listed<AnyModel>(model), ...about });

/** A recipe's training settings with the model's defaults filled in. It has epochs or steps, not both. */
export function trainingOf(model: AnyModel, { training }: Pick<Recipe, "training">): TrainingDefaults {
  const { epochs, steps, ...rest } = model.training as TrainingDefaults;
  const length =
    (training.epochs ?? training.steps) ? {} : { ...(epochs && { epochs }), ...(steps && { steps }) };
  return { ...rest, ...length, ...training };
}
