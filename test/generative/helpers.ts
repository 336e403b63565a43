import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { withModel } from "../../src/generative/context.ts";
import type { AnyModel, HookContext } from "../../src/generative/model.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import { hostUniform, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Data, Examples } from "../../src/train/examples.ts";
import { planFor, train } from "../../src/train/loop.ts";
import type { Task } from "../../src/train/task.ts";

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
export function quadrants(length: number, seed = 0): Examples {
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

export const tinyData: Data = {
  name: "quadrants",
  train: quadrants(256, 1),
  test: quadrants(64, 2),
  classes: ["nw", "ne", "sw", "se"],
};

export interface Trained {
  readonly task: Task;
  readonly config: unknown;
  readonly losses: readonly number[];
}

/** Train an autoencoder for a few steps on the tiny data. */
export const trained = (
  model: AnyModel,
  options: Record<string, unknown>,
  steps: number,
  lr = 5e-3,
): Promise<Trained> =>
  trainedAs(model, { width: 32, depth: 1, latent: 4, channels: 4, ...options }, steps, lr);

/** Train any model for a few steps on the tiny data. */
export async function trainedAs(
  model: AnyModel,
  options: Record<string, unknown>,
  steps: number,
  lr: number,
): Promise<Trained> {
  const config: unknown = model.config.parse(options);
  const plan = planFor(tinyData.train, { batchSize: 32, lr, steps });
  const task = model.build(config, tinyData, plan);
  const losses: number[] = [];
  for await (const event of train({
    task,
    examples: tinyData.train,
    plan,
    engine: await sharedEngine(),
    seed: 3,
  }))
    if (event.kind === "step") losses.push(event.metrics.loss!);
  return { task, config, losses };
}

/** A hook's context for a trained model. */
export async function inContext<T>(
  { task, config }: Trained,
  job: (context: HookContext<unknown>) => Promise<T>,
): Promise<T> {
  const parts = { task, config, data: tinyData, engine: await sharedEngine(), key: Key.seed(5) };
  return withModel(parts, job);
}
