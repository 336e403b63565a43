import type { z } from "zod";
import type { DataSpec } from "../data/spec.ts";
import type { Engine } from "../engine/engine.ts";
import { lookup, UserError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import { Key } from "../tensor/random.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { readCheckpoint, type SavedRun } from "../train/run.ts";
import type { ModelRun } from "../train/run-config.ts";
import { buildModel } from "./assemble.ts";
import { asModelRun, type Catalog, modelOfRun } from "./catalog.ts";
import { withModel } from "./context.ts";
import type { AnyModel, Context, Output, World } from "./contract.ts";

export interface WeightChoice {
  /** The step of the checkpoint to use, or "best" for the best by validation; the newest when left out. */
  readonly checkpoint?: number | "best" | undefined;
  /** The moving averages or the weights as trained; by default the averages, where the run has them. */
  readonly weights?: "ema" | "trained" | undefined;
}

/** A run as a model with its weights, ready to be used. */
export interface OpenedRun<M extends Module = Module> {
  readonly path: string;
  readonly config: ModelRun;
  readonly model: AnyModel;
  readonly module: M;
  readonly options: Record<string, unknown>;
  readonly spec: DataSpec;
  readonly step: number;
  /** Training time until then. */
  readonly seconds: number;
  readonly weights: "ema" | "trained";
  readonly engine: Engine;
  readonly world: World;
  /** Run one of the model's commands: `run.do("sample", { count: 16 }, { seed: 1 })`. */
  do(command: string, options?: Readonly<Record<string, unknown>>, how?: DoOptions): Promise<Output>;
  /** Run a job with the model's context, which is what its commands get. */
  use<T>(job: (context: Context<Record<string, unknown>, M>) => Promise<T>, how?: UseOptions): Promise<T>;
}

export type UseOptions = Partial<Pick<Context, "key" | "progress" | "write" | "signal" | "ranks">>;

export interface DoOptions extends Omit<UseOptions, "key"> {
  /** Determines everything random; 0 when left out. */
  readonly seed?: number;
}

/** Parse options by their schema. @throws UserError saying which is wrong, and why. */
export function parseOptions<S extends z.ZodObject>(
  schema: S,
  values: Readonly<Record<string, unknown>>,
): z.output<S> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const value = path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown>)?.[key], values);
    const what = path.length > 0 ? `option \`${String(path[0])}\` ${showValue(value)}: ` : "";
    return `${what}${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  });
  throw new UserError(lines.join("\n"));
}

export const showValue = (value: unknown): string => (Array.isArray(value) ? value.join(",") : String(value));

/** The checkpoint that was asked for, the newest by default. */
export async function checkpointOf(run: SavedRun, { checkpoint }: WeightChoice): Promise<Checkpoint> {
  const from = await readCheckpoint(run, checkpoint);
  if (!from)
    throw new UserError(`${run.path} has no checkpoint yet: train it first (galatea resume ${run.path})`);
  return from;
}

/** The spec of a run's data: saved with the run; for older runs the data are opened. */
export async function specOf(run: SavedRun, world: World): Promise<DataSpec> {
  const { spec, data: name } = asModelRun(run.path, run.config);
  if (spec) return spec;
  const data = await world.data().catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${run.path} was made before runs kept the shape of their data, and ${name} cannot be opened here: ${error.message} ` +
        `Where ${name} is, galatea export ${run.path} (option \`format\` run) writes a run that needs no data`,
    );
  });
  return data.spec;
}

/** A run's model with the weights of a checkpoint loaded. No data set is opened for it, unless the run has no spec. */
export async function openRunOf(
  run: SavedRun,
  catalog: Pick<Catalog, "models">,
  engine: Engine,
  world: World,
  choice: WeightChoice = {},
): Promise<OpenedRun> {
  const config = asModelRun(run.path, run.config);
  const model = await modelOfRun(catalog, run);
  const { tensors, step, seconds } = await checkpointOf(run, choice);
  const weights = choice.weights ?? (tensors.ema ? "ema" : "trained");
  if (weights === "ema" && !tensors.ema)
    throw new UserError(`${run.path} has no moving averages: use its trained weights`);
  const options = parseOptions(model.options as z.ZodObject, config.options);
  const spec = await specOf(run, world);
  const module = buildModel(model, options, spec);
  module.loadStateDict(weights === "ema" ? tensors.ema! : tensors.weights, {
    source: `${run.path}, step ${step}`,
  });
  const use: OpenedRun["use"] = (job, { key = Key.seed(0), ...how } = {}) =>
    withModel({ module, options, spec, engine, key, world, ...how }, job);
  return {
    path: run.path,
    config,
    model,
    module,
    options,
    spec,
    step,
    seconds,
    weights,
    engine,
    world,
    use,
    do: async (name, given = {}, { seed = 0, ...how } = {}) => {
      const command = lookup("command", model.commands as AnyModel["commands"], name);
      const parsed = parseOptions(command.options as z.ZodObject, given);
      return use((context) => command.run(context, parsed), {
        key: Key.seed(seed).split(name),
        ...how,
      });
    },
  };
}
