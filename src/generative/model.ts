import type { z } from "zod";
import type { Compiled } from "../engine/compile.ts";
import type { Engine } from "../engine/engine.ts";
import type { DType } from "../tensor/dtype.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Key } from "../tensor/random.ts";
import type { Repeat } from "../tensor/repeat.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Data } from "../train/examples.ts";
import type { Output, Picture, Plan, Task } from "../train/task.ts";
import type { DiffusionModel } from "./diffusion/model.ts";
import type { Ruler } from "./metrics/ruler.ts";

export type { Data, Output, Picture, Plan, Task };

/** What a model trains with where the user says nothing. Give epochs or steps, not both. */
export interface TrainingDefaults {
  readonly data: string;
  readonly batchSize: number;
  readonly lr: number;
  readonly epochs?: number;
  readonly steps?: number;
}

/** Images a model drew. */
export interface Drawn {
  /** [N, C, H, W] in [0, 1]. */
  readonly images: NdArray<"float32">;
  /** The class each was asked for [N]; absent where none was. */
  readonly labels?: NdArray<"int32"> | undefined;
}

/** What hooks work with. The weights to use (trained or averaged) are already in place. */
export interface HookContext<C> {
  readonly task: Task;
  readonly config: C;
  readonly data: Data;
  readonly engine: Engine;
  readonly key: Key;
  /** Compile on the engine with the weights to use. The programs are disposed when the hook is done. */
  readonly compile: <A extends readonly unknown[], R>(fn: (...args: A) => R, name?: string) => Compiled<A, R>;
  /**
   * The classifier by which drawn images are measured: opened at the first call, and once.
   * @throws UserError where there is none for the data.
   */
  ruler(): Promise<Ruler>;
  /** Say how far a long job is; also where Ctrl-C takes effect (it throws). */
  readonly progress: (done: number, total: number, what?: string) => void;
}

/** One thing that can be done with a trained model, and its options (each with `.describe`, for the help). */
export interface Hook<C, S extends z.ZodObject = z.ZodObject> {
  readonly options: S;
  run(context: HookContext<C>, options: z.output<S>): Promise<Output>;
}

/** Ties a hook's options to its function, for the type checker. */
export const hook = <C, S extends z.ZodObject>(
  options: S,
  run: (context: HookContext<C>, options: z.output<S>) => Promise<Output>,
): Hook<C> => ({ options, run: run as Hook<C>["run"] });

/** A function of the model as a file that runs without this package: fixed shapes, named ports, no randomness. */
export interface ExportPart {
  readonly description: string;
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>>;
  /** Traced once with the weights as constants. Its keys name the outputs. What it repeats is in the file once. */
  readonly run: (
    inputs: Readonly<Record<string, Tensor>>,
    repeat: Repeat,
  ) => Readonly<Record<string, Tensor>>;
}

/** The parts of a model that `galatea export --format onnx` can write, the first by default, and their options. */
export interface Exports<C, S extends z.ZodObject = z.ZodObject> {
  readonly options: S;
  parts(
    context: Pick<HookContext<C>, "task" | "config" | "data">,
    batch: number,
    options: z.output<S>,
  ): Readonly<Record<string, ExportPart>>;
}

/** Ties the options of exported parts to their function, for the type checker. */
export const exporting = <C, S extends z.ZodObject>(
  options: S,
  parts: Exports<C, S>["parts"],
): Exports<C> => ({ options, parts: parts as Exports<C>["parts"] });

export interface ModelDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `galatea list`. */
  readonly description: string;
  /** The model's own options: strict, every one with a default and `.describe`. camelCase; `--kebab-case` in the shell. */
  readonly config: S;
  readonly training: TrainingDefaults;
  /** Batches that a step takes, where its players move several times (`repeats`); 1 when left out. */
  batchesPerStep?(config: z.output<S>): number;
  /** The model over this data, its weights not yet initialised. Data it cannot take is a UserError. */
  build(config: z.output<S>, data: Data, plan: Plan): Task;
  /** What a training run is watched by, small and quick: pictures, numbers for the log, and warnings as text. */
  preview?(context: HookContext<z.output<S>>): Promise<Output>;
  /** New images for measuring, drawn as `sample` draws them by default; absent where a model makes none. */
  draw?(context: HookContext<z.output<S>>, count: number): Promise<Drawn>;
  readonly sample?: Hook<z.output<S>>;
  readonly reconstruct?: Hook<z.output<S>>;
  readonly evaluate?: Hook<z.output<S>>;
  readonly exports?: Exports<z.output<S>>;
  /** What samplers take of it, where it is a diffusion model. */
  diffusion?(context: Pick<HookContext<z.output<S>>, "task" | "config" | "data">): DiffusionModel;
  /** More text for the head of an exported weights file, where the weights alone do not say enough to be used. */
  metadata?(context: HookContext<z.output<S>>): Promise<Readonly<Record<string, string>>>;
}

/** A definition with its schema's type forgotten, as the table of models holds it. */
// biome-ignore lint/suspicious/noExplicitAny: each model's own configuration type is known only to its file
export type AnyModel = ModelDefinition<any>;
