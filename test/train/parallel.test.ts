import { describe, expect, test } from "vitest";
import { CATALOG } from "../../src/catalog.ts";
import { openData } from "../../src/data/node.ts";
import { begin } from "../../src/model/assemble.ts";
import { Linear } from "../../src/nn/linear.ts";
import { mseLoss } from "../../src/nn/losses.ts";
import { Module } from "../../src/nn/module.ts";
import { BatchNorm1d, syncBatchNorm } from "../../src/nn/normalization.ts";
import { constant } from "../../src/optim/schedules.ts";
import type { NdArray } from "../../src/tensor/ndarray.ts";
import { relu } from "../../src/tensor/ops.ts";
import { fillShaped, hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Checkpoint, TrainEvent } from "../../src/train/checkpoint.ts";
import { planFor, type TrainOptions, train } from "../../src/train/loop.ts";
import { ALONE, type Communicator, dealt, hashOf } from "../../src/train/parallel/communicator.ts";
import { openLibrary } from "../../src/train/parallel/mpi-library.node.ts";
import { collect, examples, regression, sharedEngine, start } from "./helpers.ts";
import { ranksOf } from "./ranks.ts";

type Weights = Readonly<Record<string, NdArray>>;

const largest = (a: Weights, b: Weights): number =>
  Math.max(
    ...Object.entries(a).flatMap(([name, { data }]) =>
      Array.from(data as Float32Array, (v, i) => Math.abs(Number(v) - Number(b[name]!.data[i]))),
    ),
  );

/** The same training on each of these ranks; the events of each. */
const onAll = (
  ranks: readonly Communicator[],
  options: (ranks: Communicator) => Promise<TrainOptions> | TrainOptions,
): Promise<TrainEvent[][]> =>
  Promise.all(ranks.map(async (one) => collect(start({ ...(await options(one)), ranks: one }))));

describe("n ranks of B/n are one rank of B, to 1e-5 after 20 steps", () => {
  const cases = [
    ["vae", "mnist", { width: 32, latent: 4 }, { batchSize: 16 }],
    ["ddpm", "mnist", { width: 8, multipliers: [1, 1], attentionAt: [] }, { batchSize: 4, maxGradNorm: 0.1 }],
    ["gan", "ring-8", {}, { batchSize: 16, lr: 2e-4 }],
    [
      "gpt",
      "names",
      { layers: 1, heads: 2, width: 16, context: 8, dropout: 0.1 },
      { batchSize: 8, warmup: 5 },
    ],
  ] as const;
  test.each(cases)("%s on %s", async (name, dataName, options, training) => {
    const engine = await sharedEngine();
    const model = await CATALOG.models[name]!.load();
    const data = await openData(dataName);
    const weights = async (ranks: readonly Communicator[]): Promise<Weights[]> =>
      Promise.all(
        ranks.map(async (one) => {
          const how = { lr: 1e-3, ...training, steps: 20 };
          const { task, plan, sets } = begin(model, { options, data, training: how, seed: 3 });
          await collect(train({ task, plan, examples: sets.train, engine, seed: 3, ranks: one }));
          return task.module.stateDict();
        }),
      );
    const [one] = await weights([ALONE]);
    const [first, second] = await weights(ranksOf(2));
    expect(largest(one!, first!)).toBeLessThan(1e-5);
    expect(hashOf({ second: second! })).toEqual(hashOf({ first: first! }));
  });
});

test("synchronised batch normalisation: two ranks are one, running statistics too", async () => {
  const engine = await sharedEngine();
  class Normed extends Module {
    // Without a bias, whose gradient would be rounding errors alone, and Adam makes steps of whatever there is.
    readonly first = new Linear(4, 8, { bias: false });
    readonly norm = new BatchNorm1d(8);
    readonly second = new Linear(8, 1);
    forward(x: Tensor, key?: Key): Tensor {
      return this.second.forward(relu(this.norm.forward(this.first.forward(x), key)));
    }
  }
  const trained = (ranks: readonly Communicator[], sync: boolean) =>
    Promise.all(
      ranks.map(async (one) => {
        const module = new Normed();
        if (sync) expect(syncBatchNorm(module, one)).toBe(1);
        const task = regression({
          module,
          loss: ({ x, y }, key) => ({ loss: mseLoss(module.forward(x!, key), y!) }),
        });
        await collect(
          start({
            task: { ...task, module },
            plan: { ...plan, steps: 20 },
            examples: examples(),
            engine,
            seed: 1,
            ranks: one,
          }),
        );
        return module.stateDict();
      }),
    );
  const [whole] = await trained([ALONE], false);
  const [first, second] = await trained(ranksOf(2), true);
  expect(largest(whole!, first!)).toBeLessThan(1e-5);
  expect(hashOf({ second: second! })).toEqual(hashOf({ first: first! }));
  const [own] = await trained(ranksOf(2), false);
  expect(largest(whole!, own!)).toBeGreaterThan(1e-3);
});

const plan = planFor({ length: 40 }, { batchSize: 8, lr: 0.01, steps: 6, accumulate: 2 });

test("accumulation and validation are shared too; resuming on another number of ranks keeps the global batches", async () => {
  const engine = await sharedEngine();
  const validation = { examples: examples(), batchSize: 8, patience: 3 };
  const run = async (ranks: readonly Communicator[], from?: Checkpoint, signalAt?: number) => {
    const saved: Checkpoint[] = [];
    const stop = new AbortController();
    const events = await Promise.all(
      ranks.map(async (one) => {
        const list: TrainEvent[] = [];
        const task = regression({ ema: 0.9 });
        const store = { save: async (c: Checkpoint) => `${saved.push(c)}` };
        const how = { task, plan, examples: examples(), engine, seed: 1, from, store, validation };
        const events = start({ ...how, ranks: one, signal: stop.signal, sampleEvery: 3 });
        for await (const event of events) {
          list.push(event);
          // A signal that reaches one rank stops all of them at the same step.
          if (event.kind === "step" && event.step === signalAt && one.rank === one.size - 1) stop.abort();
        }
        return list;
      }),
    );
    return { last: saved.at(-1)!, saved, events };
  };
  const whole = await run([ALONE]);
  const half = await run(ranksOf(4), undefined, 2);
  expect(half.last.step).toBe(2);
  expect(half.saved).toHaveLength(1);
  const rest = await run(ranksOf(2), half.last);
  expect(rest.last.progress.position).toEqual(whole.last.progress.position);
  expect(largest(whole.last.tensors.weights, rest.last.tensors.weights)).toBeLessThan(1e-5);
  const losses = (events: readonly TrainEvent[]) =>
    events.flatMap((e) => (e.kind === "validation" ? [e.metrics.val_loss!] : []));
  const [mine] = rest.events;
  expect(losses(mine!).at(-1)).toBeCloseTo(losses(whole.events[0]!).at(-1)!, 5);
});

test("ranks that have come apart are found at the next checkpoint, and nothing is saved", async () => {
  const engine = await sharedEngine();
  const saved: number[] = [];
  const store = { save: async ({ step }: Checkpoint) => `${saved.push(step)}` };
  const stray = onAll(ranksOf(2), (one) => {
    const task = regression(one.rank === 1 ? { schedule: constant(0.5) } : {});
    return { task, plan, examples: examples(), engine, seed: 1, store };
  });
  await expect(stray).rejects.toThrow(/^step 3: rank 1 has other weights than rank 0, so nothing was saved/);
  expect(saved).toEqual([]);
});

test("jobs are dealt whole, the costly ones first", () => {
  const costs = [1, 2, 3, 10, 4];
  const of = (rank: number) => dealt(costs, (c) => c, { rank, size: 2 });
  expect([of(0), of(1)]).toEqual([[10], [1, 2, 3, 4]]);
  expect(dealt(costs, () => 1, ALONE)).toEqual(costs);
});

test("a batch that the ranks do not divide", async () => {
  const engine = await sharedEngine();
  const uneven = onAll(ranksOf(3), () => ({
    task: regression(),
    plan,
    examples: examples(),
    engine,
    seed: 1,
  }));
  await expect(uneven).rejects.toThrow(/^a batch of 8 cannot be shared by 3 ranks: choose a multiple of 3/);
});

describe("a key with a share draws the share's rows", () => {
  const key = Key.seed(5);
  const whole = (shape: number[]) => hostNormal(key, shape.reduce((n, d) => n * d, 1)); // biome-ignore format: short
  const shares = (shape: number[], rows: number, size: number) =>
    Array.from({ length: size }, (_, rank) => {
      const out = new Float32Array(shape.reduce((n, d) => n * d, 1));
      fillShaped("normal", key.forShare({ rank, size, rows }), out, shape);
      return out;
    });
  test("of odd lengths, in the kernel and in plain JavaScript", () => {
    for (const tail of [1, 3, 301]) {
      const parts = shares([3, tail], 3, 2);
      expect([...parts[0]!, ...parts[1]!]).toEqual([...whole([6, tail])]);
    }
  });
  test("where examples are flattened with what is behind them, or stand on the second axis", () => {
    const [a, b] = shares([6, 5], 3, 2);
    expect([...a!, ...b!]).toEqual([...whole([12, 5])]);
    const [first, second] = shares([2, 3, 5], 3, 2);
    const all = whole([2, 6, 5]);
    expect([...first!.subarray(0, 15), ...second!.subarray(0, 15)]).toEqual([...all.subarray(0, 30)]);
    expect([...first!.subarray(15), ...second!.subarray(15)]).toEqual([...all.subarray(30)]);
  });
  test("what belongs to no example is drawn alike", () => {
    const [a, b] = shares([4], 3, 2);
    expect(a).toEqual(b);
  });
  test("masks of any length", () => {
    const mask = (shape: number[], share?: [number, number]) => {
      const out = new Uint8Array(shape[0]! * shape[1]!);
      const of = share ? key.forShare({ rank: share[0], size: share[1], rows: shape[0]! }) : key;
      fillShaped({ keep: 100 }, of, out, shape);
      return [...out];
    };
    expect([...mask([3, 7], [0, 3]), ...mask([3, 7], [1, 3]), ...mask([3, 7], [2, 3])]).toEqual(mask([9, 7]));
  });
});

describe("what is missing for MPI is said", () => {
  const launched = { OMPI_COMM_WORLD_RANK: "0" };
  test("a launcher", () =>
    expect(openLibrary({})).rejects.toThrow(
      /no MPI launcher started this process: start it as `mpirun -n 4/,
    ));
  test("koffi", () =>
    expect(openLibrary(launched, () => Promise.reject(new Error("no such module")))).rejects.toThrow(
      /needs the npm package koffi, which is not installed here: npm install koffi/,
    ));
  test("a library", async () => {
    const none = { load: () => { throw new Error("cannot open"); } }; // biome-ignore format: short
    await expect(openLibrary(launched, async () => none as never)).rejects.toThrow(
      /needs an MPI library, and none was found \(looked for libmpi.so.40, .*apt-get install openmpi-bin/,
    );
    await expect(openLibrary({ ...launched, GALATEA_MPI: "/no/libmpi.so" })).rejects.toThrow(
      /GALATEA_MPI is \/no\/libmpi.so, which is no library that can be loaded/,
    );
  });
});
