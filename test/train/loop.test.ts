import { expect, test } from "vitest";
import { Linear } from "../../src/nn/linear.ts";
import { Module } from "../../src/nn/module.ts";
import { constant } from "../../src/optim/schedules.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { mean, square } from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Checkpoint, CheckpointStore } from "../../src/train/checkpoint.ts";
import { LEARNING } from "../../src/train/learning.ts";
import { planFor } from "../../src/train/loop.ts";
import type { Task } from "../../src/train/task.ts";
import { collect, examples, metricsOf, regression, sharedEngine, start } from "./helpers.ts";

class Memory implements CheckpointStore {
  readonly saved: Checkpoint[] = [];
  async save(checkpoint: Checkpoint): Promise<string> {
    this.saved.push(structuredClone(checkpoint));
    return `checkpoint ${checkpoint.step}`;
  }
}

const plan = planFor(examples(), { batchSize: 8, lr: 0.01, steps: 24 });

test("the plan counts whole batches", () => {
  expect(plan).toEqual({
    batchSize: 8,
    accumulate: 1,
    lr: 0.01,
    steps: 24,
    stepsPerEpoch: 5,
    learning: LEARNING,
  });
  expect(planFor(examples(), { batchSize: 12, lr: 1, epochs: 2.5 }).steps).toBe(8);
});

test("events come in order, and the loss falls", async () => {
  const store = new Memory();
  const engine = await sharedEngine();
  const options = { task: regression(), examples: examples(), plan, engine, seed: 1, store };
  const events = await collect(
    start({ ...options, checkpointEvery: 10, sampleEvery: 8, preview: async () => ({}) }),
  );
  const marks = events.flatMap((e) => (e.kind === "step" ? [] : [`${e.kind} ${e.step}`]));
  expect(marks).toEqual([
    "sample 8",
    "checkpoint 10",
    "sample 16",
    "checkpoint 20",
    "sample 24",
    "checkpoint 24",
    "done 24",
  ]);
  const steps = metricsOf(events) as Record<string, number>[];
  expect(steps).toHaveLength(24);
  expect(Object.keys(steps[0]!)).toEqual(["step", "epoch", "loss", "guess", "grad_norm", "lr"]);
  expect(steps[0]!.lr).toBeCloseTo(0.03, 6);
  const average = (from: number): number => steps.slice(from, from + 8).reduce((s, m) => s + m.loss!, 0) / 8;
  expect(average(16)).toBeLessThan(0.7 * average(0));
});

test("every epoch shows every example once, in another order", async () => {
  const data = examples();
  await collect(
    start({
      task: regression(),
      examples: data,
      plan: { ...plan, steps: 10 },
      engine: await sharedEngine(),
      seed: 1,
    }),
  );
  const [first, second] = [data.seen.slice(0, 5).flat(), data.seen.slice(5, 10).flat()];
  for (const epoch of [first, second])
    expect([...epoch].sort((a, b) => a - b)).toEqual([...Array(40).keys()]);
  expect(first).not.toEqual(second);
});

test.each([7, 10, 19])("a run resumed at step %i continues to the same bits", async (cut) => {
  const engine = await sharedEngine();
  const whole = new Memory();
  const straight = await collect(
    start({ task: regression(), examples: examples(), plan, engine, seed: 3, store: whole }),
  );

  const store = new Memory();
  const stop = new AbortController();
  const firstHalf = [];
  const options = { examples: examples(), plan, engine, seed: 3, store };
  for await (const event of start({ ...options, task: regression(), signal: stop.signal })) {
    firstHalf.push(event);
    if (event.kind === "step" && event.step === cut) stop.abort();
  }
  expect(firstHalf.at(-1)).toMatchObject({ kind: "done", step: cut, finished: false });
  const from = store.saved.at(-1)!;
  expect(from.step).toBe(cut);
  const secondHalf = await collect(start({ ...options, task: regression(), from }));

  expect([...metricsOf(firstHalf), ...metricsOf(secondHalf)]).toEqual(metricsOf(straight));
  const [a, b] = [whole.saved.at(-1)!, store.saved.at(-1)!];
  expect(Object.keys(a.tensors)).toEqual(["weights", "ema", "optimizer"]);
  expect(b.tensors).toEqual(a.tensors);
  expect(b.progress).toEqual(a.progress);
  expect(a.tensors.ema!["first.weight"]).not.toEqual(a.tensors.weights["first.weight"]);
});

test("another seed is another run", async () => {
  const engine = await sharedEngine();
  const run = async (seed: number) =>
    metricsOf(
      await collect(
        start({ task: regression(), examples: examples(), plan: { ...plan, steps: 3 }, engine, seed }),
      ),
    );
  expect(await run(1)).toEqual(await run(1));
  expect(await run(1)).not.toEqual(await run(2));
});

test("a loss that is not finite stops the run with a sentence, and is never saved", async () => {
  const store = new Memory();
  const engine = await sharedEngine();
  const run = start({ task: regression(), examples: examples(8), plan, engine, seed: 1, store });
  await expect(collect(run)).rejects.toThrow(
    "step 8: loss of net is NaN. Training stopped; the last good checkpoint is checkpoint 5. Try a smaller learning rate (option `lr`), or clip the gradients (option `maxGradNorm`)",
  );
  expect(store.saved.map((c) => c.step)).toEqual([5]);
  for (const { data } of Object.values(store.saved[0]!.tensors.weights))
    expect((data as Float32Array).every(Number.isFinite)).toBe(true);
});

test("a batch larger than the data is refused", async () => {
  const engine = await sharedEngine();
  const run = start({
    task: regression(),
    examples: examples(),
    plan: { ...plan, batchSize: 41 },
    engine,
    seed: 1,
  });
  await expect(collect(run)).rejects.toThrow(
    "a batch of 41 is larger than the data: there are 40 examples to train on",
  );
});

class Two extends Module {
  readonly a = new Linear(4, 1);
  readonly b = new Linear(4, 1);
}

/** Two players who never look at each other's weights; `b` moves twice a step. */
function two(): Task {
  const module = new Two();
  const player = (name: "a" | "b", repeats: number) => ({
    name,
    module: module[name],
    repeats,
    loss: ({ x }: Readonly<Record<string, import("../../src/tensor/tensor.ts").Tensor>>) => ({
      loss: mean(square(module[name].forward(x!))),
    }),
    optimizer: sgd(),
    schedule: constant(0.1),
    ...(name === "b" && { ema: 0.5 }),
  });
  return { name: "two", module, players: [player("a", 1), player("b", 2)] };
}

test("players have their own losses, turns, averages and batches", async () => {
  const engine = await sharedEngine();
  const data = examples();
  const store = new Memory();
  const task = two();
  const events = await collect(
    start({ task, examples: data, plan: { ...plan, steps: 2 }, engine, seed: 1, store }),
  );
  expect(Object.keys((metricsOf(events) as object[])[0]!)).toEqual([
    "step",
    "epoch",
    "a/loss",
    "a/grad_norm",
    "a/lr",
    "b/loss",
    "b/grad_norm",
    "b/lr",
  ]);
  const { tensors, progress } = store.saved[0]!;
  const { weights, ema } = tensors;
  expect(progress.position).toEqual({ epoch: 0, index: 32 });
  expect(ema!["a.weight"]).toEqual(weights["a.weight"]);
  expect(ema!["b.weight"]).not.toEqual(weights["b.weight"]);
});

test("a player's step leaves the other's weights as they are", async () => {
  const engine = await sharedEngine();
  const task = two();
  const still = { ...task, players: [task.players[0]!] };
  const store = new Memory();
  await collect(
    start({ task: still, examples: examples(), plan: { ...plan, steps: 5 }, engine, seed: 1, store }),
  );
  const before = two();
  before.module.initialize(Key.seed(1).split("weights"));
  const first = await before.module.stateDict();
  expect(store.saved[0]!.tensors.weights["b.weight"]).toEqual(first["b.weight"]);
  expect(store.saved[0]!.tensors.weights["a.weight"]).not.toEqual(first["a.weight"]);
});

test("a checkpoint of another architecture is refused before anything changes", async () => {
  const engine = await sharedEngine();
  const store = new Memory();
  const short = { ...plan, steps: 2 };
  await collect(start({ task: two(), examples: examples(), plan: short, engine, seed: 1, store }));
  const from = store.saved[0]!;
  const run = start({ task: regression(), examples: examples(), plan, engine, seed: 1, from });
  await expect(collect(run)).rejects.toThrow(
    /the checkpoint of step 2 has another optimizer's state: it holds/,
  );
});
