import { expect, test } from "vitest";
import type { Examples } from "../../src/data/data.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Checkpoint, CheckpointStore, Metrics } from "../../src/train/checkpoint.ts";
import { Learner } from "../../src/train/learner.ts";
import { LEARNING, LearningOptions, learnBy } from "../../src/train/learning.ts";
import { planFor } from "../../src/train/loop.ts";
import { collect, examples, regression, sharedEngine, start } from "./helpers.ts";

const all = Int32Array.from({ length: 8 }, (_, i) => i);

async function learner(): Promise<Learner> {
  const task = regression();
  task.module.initialize(Key.seed(2));
  return new Learner(task.players[0]!, { engine: await sharedEngine() });
}

test("two halves are one step: losses, norm, rate, weights and optimizer", async () => {
  const [whole, halves] = [await learner(), await learner()];
  const batch = await examples().batch(all);
  for (let step = 0; step < 3; step++) {
    const key = Key.seed(9).split(step);
    const one = await whole.step([batch], key, step);
    const { metrics, gradients } = await halves.gradients(batch, key.split(0), step);
    const moved = await halves.apply(gradients, step);
    expect({ ...metrics, ...moved }).toEqual(one);
  }
  const state = async ({ player, state }: Learner) => ({
    weights: await player.module.stateDict(),
    optimizer: await Promise.all([...state.values()].map((v) => v.read())),
  });
  expect(await state(halves)).toEqual(await state(whole));
});

test("gradients of two processes are added between the halves: as one batch of both", async () => {
  const plain = async (): Promise<Learner> => {
    const task = regression();
    task.module.initialize(Key.seed(2));
    const [player] = task.players;
    return new Learner(player!, { engine: await sharedEngine() });
  };
  const [whole, parts] = [await plain(), await plain()];
  const data = examples();
  const key = Key.seed(1);
  const left = await parts.gradients(await data.batch(all.subarray(0, 4)), key, 0);
  const right = await parts.gradients(await data.batch(all.subarray(4)), key, 0);
  const mean = left.gradients.map((g, i) =>
    ndarray(
      g.data.map((v, j) => (v + right.gradients[i]!.data[j]!) / 2),
      g.shape,
    ),
  );
  await parts.apply(mean, 0);
  // The noise of the loss is drawn for each batch, so the whole batch is given as two micro-batches of one key.
  const twice = new Learner(whole.player, { engine: await sharedEngine(), accumulate: 2 });
  const same = { split: () => key } as unknown as Key;
  await twice.step([await data.batch(all.subarray(0, 4)), await data.batch(all.subarray(4))], same, 0);
  const a = await parts.player.module.stateDict();
  const b = await twice.player.module.stateDict();
  for (const [name, { data: values }] of Object.entries(a))
    (values as Float32Array).forEach((v, i) => {
      expect(v).toBeCloseTo(Number(b[name]!.data[i]), 6);
    });
});

test("a step wants as many batches as it accumulates", async () => {
  const one = await learner();
  await expect(one.step([], Key.seed(0), 0)).rejects.toThrow("a step of net takes 1 batches, not 0");
});

test.each(["adam", "adamw", "sgd", "rmsprop"] as const)(
  "%s is an option of any training",
  async (optimizer) => {
    const learning = LearningOptions.parse({ optimizer, lrSchedule: "linear", warmup: 3, momentum: 0.5 });
    const plan = planFor(examples(), { batchSize: 8, lr: 0.01, steps: 12, learning });
    const task = regression({ ...learnBy(plan) });
    const events = await collect(
      start({ task, examples: examples(), plan, engine: await sharedEngine(), seed: 1 }),
    );
    const rates = events.flatMap((e) => (e.kind === "step" ? [e.metrics.lr!] : []));
    expect(rates[0]).toBeCloseTo(0.01 / 3, 6);
    expect(Math.max(...rates)).toBeCloseTo(0.01, 6);
    expect(rates.at(-1)).toBeLessThan(0.002);
  },
);

test("a player's own word goes before the plan's", () => {
  const plan = planFor(examples(), {
    batchSize: 8,
    lr: 0.01,
    steps: 12,
    learning: { ...LEARNING, ema: 0.9, maxGradNorm: 2 },
  });
  expect(learnBy(plan)).toMatchObject({ ema: 0.9, maxGradNorm: 2 });
  expect(learnBy(plan, { ema: 0 })).toMatchObject({ ema: undefined, maxGradNorm: 2 });
});

class Memory implements CheckpointStore {
  readonly saved: Checkpoint[] = [];
  readonly best: [number, Metrics][] = [];
  async save(checkpoint: Checkpoint): Promise<string> {
    this.saved.push(structuredClone(checkpoint));
    return `checkpoint ${checkpoint.step}`;
  }
  async markBest(step: number, numbers: Metrics): Promise<void> {
    this.best.push([step, numbers]);
  }
}

/** Validation examples whose targets no model of the training examples can hit. */
const contrary = (): Examples => {
  const plain = examples();
  return {
    ...plain,
    batch: async (indices) => {
      const { x, y } = await plain.batch(indices);
      return {
        x: x!,
        y: ndarray(
          (y!.data as Float32Array).map((v) => -v),
          y!.shape,
        ),
      };
    },
  };
};

test("held-out examples: the best checkpoint is marked, and training ends when it only gets worse", async () => {
  const engine = await sharedEngine();
  const store = new Memory();
  const plan = planFor(examples(), { batchSize: 8, lr: 0.03, steps: 40 });
  const options = { task: regression(), examples: examples(), plan, engine, seed: 1, store, sampleEvery: 4 };
  const validation = { examples: contrary(), batchSize: 8, patience: 3 };
  const events = await collect(start({ ...options, validation }));
  const looks = events.flatMap((e) => (e.kind === "validation" ? [e] : []));
  const losses = looks.map((e) => e.metrics.val_loss!);
  const least = losses.indexOf(Math.min(...losses));
  expect(store.best.at(-1)![0]).toBe(looks[least]!.step);
  expect(looks).toHaveLength(least + 1 + 3);
  expect(events.at(-1)).toMatchObject({ kind: "done", step: looks.at(-1)!.step, finished: true });
  expect(looks.at(-1)!.step).toBeLessThan(40);

  // What was found is part of the checkpoint: going on finds that it has ended.
  const from = store.saved.at(-1)!;
  const more = await collect(start({ ...options, task: regression(), validation, from }));
  expect(more.map((e) => e.kind)).toEqual(["done"]);
});

test("looking moves nothing: the same steps with and without validation", async () => {
  const engine = await sharedEngine();
  const plan = planFor(examples(), { batchSize: 8, lr: 0.03, steps: 12 });
  const run = async (validation?: { examples: Examples; batchSize: number }) => {
    const store = new Memory();
    await collect(
      start({
        task: regression(),
        examples: examples(),
        plan,
        engine,
        seed: 1,
        store,
        sampleEvery: 4,
        validation,
      }),
    );
    return store.saved.at(-1)!.tensors;
  };
  expect(await run({ examples: contrary(), batchSize: 8 })).toEqual(await run());
});
