import { readFile } from "node:fs/promises";
import type { Data, Examples, ImageBatch, ImageData } from "../../src/data/data.ts";
import type { DataSpec } from "../../src/data/spec.ts";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { UserError } from "../../src/errors.ts";
import { begin } from "../../src/model/assemble.ts";
import { withModel } from "../../src/model/context.ts";
import type { AnyModel, Context, Output, World } from "../../src/model/contract.ts";
import type { Module } from "../../src/nn/module.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import { hostUniform, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Metrics } from "../../src/train/checkpoint.ts";
import { LearningOptions } from "../../src/train/learning.ts";
import { train } from "../../src/train/loop.ts";
import type { Plan, Task } from "../../src/train/task.ts";

let engine: Promise<Engine> | undefined;
/** One engine a test file. */
export const sharedEngine = (): Promise<Engine> => (engine ??= nodeEngine({ threads: 1 }));

/** Compute the tensors that `fn` makes, as float32 arrays. */
export async function values(fn: () => readonly Tensor[]): Promise<number[][]> {
  const program = compile(fn, { engine: sharedEngine() });
  try {
    return ((await program()) as readonly NdArray<"float32">[]).map((t) => [...t.data]);
  } finally {
    await program.dispose();
  }
}

/** One number. */
export const value = async (fn: () => Tensor): Promise<number> => (await values(() => [fn()]))[0]![0]!;

const SIDE = 8;

/** Pictures of 8 × 8 with one bright quadrant, which is the class, and a little noise. */
export function quadrants(length: number, seed = 0): Examples<ImageBatch> {
  const noise = hostUniform(Key.seed(seed).split("noise"), length * SIDE * SIDE);
  return {
    length,
    fields: {
      images: { shape: [1, SIDE, SIDE], dtype: "float32" },
      labels: { shape: [], dtype: "int32" },
    },
    batch: (indices) => {
      const images = new Float32Array(indices.length * SIDE * SIDE);
      const labels = Int32Array.from(indices, (i) => i % 4);
      labels.forEach((label, n) => {
        for (let y = 0; y < SIDE; y++)
          for (let x = 0; x < SIDE; x++) {
            const inside = x >> 2 === (label & 1) && y >> 2 === label >> 1;
            const at = y * SIDE + x;
            images[n * SIDE * SIDE + at] = (inside ? 0.75 : 0) + 0.2 * noise[indices[n]! * SIDE * SIDE + at]!;
          }
      });
      return { images: ndarray(images, [indices.length, 1, SIDE, SIDE]), labels: ndarray(labels) };
    },
  };
}

const CLASSES = ["nw", "ne", "sw", "se"];

export const tinyData: ImageData = {
  kind: "images",
  name: "quadrants",
  spec: { kind: "images", name: "quadrants", shape: [1, SIDE, SIDE], classes: CLASSES },
  train: quadrants(256, 1),
  test: quadrants(64, 2),
  classes: CLASSES,
};

/** These data under another name, without classes, or with other examples. */
export function tinyDataWith({
  name = tinyData.name,
  classes = tinyData.classes,
  ...parts
}: Partial<Omit<ImageData, "kind" | "spec">>): ImageData {
  return { ...tinyData, ...parts, name, classes, spec: { ...tinyData.spec, name, classes } };
}

/** A data set, what comes with the package and the user's files; no other runs. */
export function worldOf(data: Data, more: Partial<World> = {}): World {
  return {
    data: async () => data,
    asset: async (name) => readFile(new URL(`../../assets/${name}`, import.meta.url)),
    file: async (path) => readFile(path),
    run: async (name) => {
      throw new UserError(`there is no run ${name} here`);
    },
    ...more,
  };
}

export const tinyWorld: World = worldOf(tinyData);

/** A model that was trained for a few steps. */
export interface Trained<M extends Module = Module> {
  readonly model: AnyModel;
  readonly module: M;
  readonly task: Task;
  readonly plan: Plan;
  /** Its options, defaults filled in. */
  readonly options: Record<string, unknown>;
  readonly spec: DataSpec;
  readonly data: Data;
  readonly metrics: readonly Metrics[];
  /** Of each step; of the first player where there are several. */
  readonly losses: readonly number[];
}

export interface TrainingOptions {
  readonly steps: number;
  readonly lr: number;
  readonly data?: Data;
  readonly batchSize?: number;
  readonly seed?: number;
  /** Options of learning: beta1, cooldown, ema … */
  readonly [learning: string]: unknown;
}

/** Train any model, by `begin` and `train`. */
export async function trainedBy<M extends Module = Module>(
  model: AnyModel,
  options: Record<string, unknown>,
  { data = tinyData, batchSize = 32, seed = 3, ...training }: TrainingOptions,
): Promise<Trained<M>> {
  const { task, plan, sets } = begin(model, { options, data, training: { batchSize, ...training }, seed });
  const metrics: Metrics[] = [];
  for await (const event of train({
    task,
    examples: sets.train,
    plan,
    engine: await sharedEngine(),
    seed,
  }))
    if (event.kind === "step") metrics.push(event.metrics);
  return {
    model,
    module: task.module as M,
    task,
    plan,
    data,
    spec: data.spec,
    metrics,
    options: model.options.parse(options) as Record<string, unknown>,
    losses: metrics.map((of) => Object.entries(of).find(([name]) => /(^|\/)loss$/.test(name))![1]),
  };
}

/** Train an autoencoder for a few steps on the tiny data. */
export const trained = (
  model: AnyModel,
  options: Record<string, unknown>,
  steps: number,
  lr = 5e-3,
): Promise<Trained> =>
  trainedAs(model, { width: 32, depth: 1, latent: 4, channels: 4, ...options }, steps, lr);

/** Train any model for a few steps on the tiny data; options of learning are taken for such. */
export function trainedAs(
  model: AnyModel,
  given: Record<string, unknown>,
  steps: number,
  lr: number,
): Promise<Trained> {
  const pick = (learning: boolean) =>
    Object.fromEntries(
      Object.entries(given).filter(([key]) => Object.hasOwn(LearningOptions.shape, key) === learning),
    );
  return trainedBy(model, pick(false), { ...pick(true), steps, lr });
}

/** The context of a command of a trained model; with another data set, or another world. */
export async function inContext<T>(
  { module, options, spec, data }: Trained,
  // biome-ignore lint/suspicious/noExplicitAny: each model's own types are known only to its file
  job: (context: Context<any, any>) => Promise<T>,
  world: World = worldOf(data),
): Promise<T> {
  const parts = { module, options, spec, engine: await sharedEngine(), key: Key.seed(5), world };
  return withModel(parts, job);
}

/** Do one of its commands, with its options' defaults filled in. */
export const done = async (
  run: Trained,
  name: string,
  options: Record<string, unknown> = {},
  world?: World,
): Promise<Output> => {
  const command = (run.model.commands as AnyModel["commands"])[name]!;
  return inContext(run, (context) => command.run(context, command.options.parse(options)), world);
};
