import { expect, test } from "vitest";
import { Linear } from "../../src/nn/linear.ts";
import type { StateDict } from "../../src/nn/module.ts";
import { Module } from "../../src/nn/module.ts";
import { adam } from "../../src/optim/adam.ts";
import { constant } from "../../src/optim/schedules.ts";
import { mean, square, sub } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Checkpoint, CheckpointStore } from "../../src/train/checkpoint.ts";
import { LEARNING } from "../../src/train/learning.ts";
import { planFor } from "../../src/train/loop.ts";
import { parseRunConfig } from "../../src/train/run-config.ts";
import type { Player, Task } from "../../src/train/task.ts";
import { collect, examples, metricsOf, Net, regression, sharedEngine, start } from "./helpers.ts";

class Memory implements CheckpointStore {
  readonly saved: Checkpoint[] = [];
  async save(checkpoint: Checkpoint): Promise<string> {
    this.saved.push(structuredClone(checkpoint));
    return `checkpoint ${checkpoint.step}`;
  }
}

/** A mean loss without randomness: micro-batches together are the batch. */
function plain(change: Partial<Player> = {}): Task {
  const module = new Net();
  const loss: Player["loss"] = ({ x, y }) => {
    const error = sub(module.forward(x!), y!);
    return { loss: mean(square(error)), error: mean(error) };
  };
  const player = {
    name: "net",
    module,
    loss,
    optimizer: adam(),
    schedule: constant(0.01),
    ema: 0.9,
    maxGradNorm: 1,
  };
  return { name: "plain", module, players: [{ ...player, ...change }] };
}

/** Run for a few steps; what is left at the end, and the metrics on the way. */
async function run(task: Task, options: { batchSize: number; accumulate?: number; steps: number }) {
  const store = new Memory();
  const plan = planFor(examples(), { lr: 0.01, ...options });
  const engine = await sharedEngine();
  const events = await collect(start({ task, examples: examples(), plan, engine, seed: 4, store }));
  return { end: store.saved.at(-1)!, metrics: metricsOf(events) as Record<string, number>[] };
}

const flat = (state: StateDict): number[] =>
  Object.values(state).flatMap(({ data }) => Array.from(data as Float32Array));

function expectClose(a: readonly number[], b: readonly number[], tolerance: number): void {
  expect(a).toHaveLength(b.length);
  a.forEach((v, i) => {
    expect(Math.abs(v - b[i]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(b[i]!)));
  });
}

test.each([{ maxGradNorm: 1 }, { maxGradNorm: undefined }])(
  "four micro-batches of 5 are one batch of 20: weights, optimizer, averages and metrics (%j)",
  async (change) => {
    const whole = await run(plain(change), { batchSize: 20, steps: 7 });
    const parts = await run(plain(change), { batchSize: 5, accumulate: 4, steps: 7 });
    expect(parts.end.progress).toEqual(whole.end.progress);
    for (const part of ["weights", "ema", "optimizer"] as const) {
      expect(Object.keys(parts.end.tensors[part]!)).toEqual(Object.keys(whole.end.tensors[part]!));
      expectClose(flat(parts.end.tensors[part]!), flat(whole.end.tensors[part]!), 2e-6);
    }
    for (const [i, metrics] of parts.metrics.entries()) {
      expect(Object.keys(metrics)).toEqual(Object.keys(whole.metrics[i]!));
      expectClose(Object.values(metrics), Object.values(whole.metrics[i]!), 2e-6);
    }
    // Micro-batches on their own go elsewhere: the comparison can fail.
    const alone = await run(plain(change), { batchSize: 5, steps: 7 });
    expect(() =>
      expectClose(flat(alone.end.tensors.weights), flat(whole.end.tensors.weights), 1e-3),
    ).toThrow();
  },
);

test("every micro-batch has its own noise", async () => {
  const engine = await sharedEngine();
  const data = examples();
  const same = { ...data, batch: () => data.batch([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) };
  const first = async (accumulate: number): Promise<Record<string, number>> => {
    const plan = planFor(data, { batchSize: 10, lr: 0.01, accumulate, steps: 1 });
    const events = await collect(start({ task: regression(), examples: same, plan, engine, seed: 4 }));
    return (metricsOf(events) as Record<string, number>[])[0]!;
  };
  const [one, two] = [await first(1), await first(2)];
  // The same examples and the same weights: the losses differ by the second micro-batch's noise alone.
  expect(two.loss).not.toBeCloseTo(one.loss!, 4);
  expect(two.guess).toBeCloseTo(one.guess!, 6);
});

test("a run that accumulates is resumed between steps to the same bits", async () => {
  const engine = await sharedEngine();
  const options = {
    examples: examples(),
    plan: planFor(examples(), { batchSize: 5, lr: 0.01, accumulate: 3, steps: 8 }),
    engine,
    seed: 3,
  };
  const whole = new Memory();
  await collect(start({ ...options, task: regression(), store: whole, checkpointEvery: 5 }));
  const resumed = new Memory();
  await collect(start({ ...options, task: regression(), store: resumed, from: whole.saved[0]! }));
  expect(whole.saved.map((c) => c.step)).toEqual([5, 8]);
  expect({ ...resumed.saved.at(-1)!, seconds: 0 }).toEqual({ ...whole.saved.at(-1)!, seconds: 0 });
});

class Two extends Module {
  readonly a = new Linear(4, 1);
  readonly b = new Linear(4, 1);
}

test("each half-step of a player accumulates batches of its own; epochs count them all", async () => {
  const module = new Two();
  const player = (name: "a" | "b", repeats: number): Player => ({
    name,
    module: module[name],
    repeats,
    loss: ({ x }: Readonly<Record<string, Tensor>>) => ({ loss: mean(square(module[name].forward(x!))) }),
    optimizer: adam(),
    schedule: constant(0.1),
  });
  const task: Task = { name: "two", module, players: [player("a", 1), player("b", 2)] };
  const data = examples();
  const plan = planFor(data, { batchSize: 5, lr: 0.1, accumulate: 2, repeats: 2, epochs: 1 });
  expect(plan).toEqual({
    batchSize: 5,
    accumulate: 2,
    lr: 0.1,
    stepsPerEpoch: 2,
    steps: 2,
    learning: LEARNING,
  });
  const events = await collect(
    start({ task, examples: data, plan, engine: await sharedEngine(), seed: 1, store: new Memory() }),
  );
  expect(
    data.seen
      .slice(0, 8)
      .flat()
      .sort((x, y) => x - y),
  ).toEqual([...Array(40).keys()]);
  expect((metricsOf(events) as { epoch: number }[]).map((m) => m.epoch)).toEqual([0.5, 1]);
});

test("epochs count the batches that steps use up, in fractions where they must", () => {
  const plan = (options: object) => planFor(examples(), { batchSize: 8, lr: 1, ...options });
  expect(plan({ accumulate: 2, epochs: 4 })).toMatchObject({ stepsPerEpoch: 2.5, steps: 10 });
  expect(plan({ accumulate: 10, epochs: 1 })).toMatchObject({ stepsPerEpoch: 0.5, steps: 1 });
  expect(plan({ repeats: 5, epochs: 3 })).toMatchObject({ stepsPerEpoch: 1, steps: 3 });
});

test("a run made before there was accumulation still opens", () => {
  const old = {
    format: 1,
    galatea: "0.1.0",
    model: "vae",
    data: "mnist",
    seed: 0,
    device: "cpu",
    steps: 100,
    batchSize: 8,
    lr: 0.1,
    logEvery: 10,
    sampleEvery: 50,
    checkpointEvery: 10,
    keep: 2,
    config: {},
  };
  expect(parseRunConfig(JSON.stringify(old), "config.json")).toMatchObject({ training: { accumulate: 1 } });
});

test("gradients gathered for NaN examples stop the run as others do", async () => {
  const engine = await sharedEngine();
  const broken = examples(2);
  void broken.batch([0]);
  const plan = planFor(broken, { batchSize: 5, lr: 0.01, accumulate: 4, steps: 3 });
  const run = start({ task: plain(), examples: broken, plan, engine, seed: 1 });
  await expect(collect(run)).rejects.toThrow("step 1: loss of net is NaN. Training stopped");
});
