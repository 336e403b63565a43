import { describe, expect, test } from "vitest";
import { compile } from "../../../src/engine/compile.ts";
import {
  discriminatorLoss,
  type GameOptions,
  type Gan,
  generatorLoss,
} from "../../../src/generative/gan/game.ts";
import { gan } from "../../../src/generative/gan/gan.ts";
import { LOSSES } from "../../../src/generative/gan/losses.ts";
import { withDeviation } from "../../../src/generative/gan/networks.ts";
import { type Begun, begin } from "../../../src/model/assemble.ts";
import type { StateDict } from "../../../src/nn/module.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { constant } from "../../../src/tensor/ops.ts";
import { hostUniform, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Checkpoint, CheckpointStore, Metrics } from "../../../src/train/checkpoint.ts";
import { train } from "../../../src/train/loop.ts";
import type { Player } from "../../../src/train/task.ts";
import { sharedEngine, tinyData, values } from "../helpers.ts";
import { makeGan } from "./helpers.ts";

/** Everything that has state: batch norm in the generator, spectral vectors, moving average, several turns. */
const RICH = {
  network: "dcgan",
  conditional: "projection",
  latent: 4,
  channels: 4,
  discriminatorSteps: 2,
  loss: "non-saturating",
} as const;

const batchNormed = { ...RICH, conditional: "acgan", discriminatorNorm: "batch", minibatchStddev: true };

const rich = (options: Record<string, unknown>, seed = 0): Begun =>
  begin(gan, { options, data: tinyData, training: { batchSize: 16, lr: 2e-3, steps: 12 }, seed });

class Memory implements CheckpointStore {
  readonly saved: Checkpoint[] = [];
  async save(checkpoint: Checkpoint): Promise<string> {
    this.saved.push(structuredClone(checkpoint));
    return `checkpoint ${checkpoint.step}`;
  }
}

const part = (weights: StateDict, name: string): StateDict =>
  Object.fromEntries(Object.entries(weights).filter(([key]) => key.startsWith(`${name}.`)));

test("a step takes as many batches as the discriminator takes steps, and epochs count them", () => {
  const { plan } = rich({ ...RICH, discriminatorSteps: 4 });
  // 256 examples are 16 batches of 16, and a step uses four.
  expect(plan.stepsPerEpoch).toBe(4);
});

describe.each([
  ["spectral norm", RICH],
  ["batch norm", batchNormed],
] as const)("with %s in the discriminator", (_, options) => {
  test.each([
    ["discriminator", "generator"],
    ["generator", "discriminator"],
  ])("while the %s trains, nothing of the %s moves by one bit", async (mover, frozen) => {
    const engine = await sharedEngine();
    const { task, plan } = rich(options, 1);
    const players = task.players.filter((p: Player) => p.name === mover);
    const store = new Memory();
    const run = { task: { ...task, players }, examples: tinyData.train, plan: { ...plan, steps: 3 }, engine };
    for await (const event of train({ ...run, seed: 1, store, checkpointEvery: 1 })) void event;
    const [first, , last] = store.saved;
    expect(part(last!.tensors.weights, frozen)).toEqual(part(first!.tensors.weights, frozen));
    const [before, after] = [part(first!.tensors.weights, mover), part(last!.tensors.weights, mover)];
    expect(Object.keys(after).length).toBeGreaterThan(5);
    // A direction in one dimension has nowhere to go.
    const free = Object.keys(after).filter((name) => name !== "discriminator.out.weight_u");
    for (const name of free) expect(after[name], name).not.toEqual(before[name]);
  });

  test("a run resumed goes on with both networks, both optimizers and the average, bit for bit", async () => {
    const engine = await sharedEngine();
    const play = async (
      store: Memory,
      from?: Checkpoint,
      until = Number.POSITIVE_INFINITY,
    ): Promise<Metrics[]> => {
      const { task, plan } = rich(options, 5);
      const stop = new AbortController();
      const seen: Metrics[] = [];
      const run = { task, plan, examples: tinyData.train, engine, seed: 5, store, from, signal: stop.signal };
      for await (const event of train(run))
        if (event.kind === "step") {
          seen.push(event.metrics);
          if (event.step === until) stop.abort();
        }
      return seen;
    };
    const [whole, halves] = [new Memory(), new Memory()];
    const straight = await play(whole);
    const first = await play(halves, undefined, 5);
    const second = await play(halves, halves.saved.at(-1));
    expect([...first, ...second]).toEqual(straight);
    const [a, b] = [whole.saved.at(-1)!, halves.saved.at(-1)!];
    for (const name of ["weights", "ema", "optimizer"]) {
      expect(a.tensors[name]).toBeDefined();
      expect(b.tensors[name]).toEqual(a.tensors[name]);
    }
    expect(b.progress).toEqual(a.progress);
    const { ema, weights, optimizer } = a.tensors;
    expect(part(ema!, "generator")).not.toEqual(part(weights, "generator"));
    expect(part(ema!, "discriminator")).toEqual(part(weights, "discriminator"));
    expect(Object.keys(optimizer!).filter((name) => name.startsWith("discriminator."))).not.toEqual([]);
  });
});

const images = (count: number, seed: number) =>
  ndarray(hostUniform(Key.seed(seed), count * 64), [count, 1, 8, 8]);

test("packed examples are judged together, in their order", async () => {
  const model = makeGan([1, 8, 8], { pack: 2, network: "dcgan", latent: 4 }).initialize(Key.seed(1));
  const four = images(4, 1);
  const [all, second] = await values(() => {
    const x = constant(four);
    const last = constant(ndarray(four.data.slice(128), [2, 1, 8, 8]));
    return [
      model.discriminator.forward(x, undefined).scores,
      model.discriminator.forward(last, undefined).scores,
    ];
  });
  expect(all).toHaveLength(2);
  expect(second![0]).toBeCloseTo(all![1]!, 5);
  const odd = values(() => [model.discriminator.forward(constant(images(3, 2)), undefined).scores]);
  await expect(odd).rejects.toThrow(
    "the discriminator judges 2 examples together: the batch size must be a multiple of that, not 3",
  );
});

test("the deviation of a group joins each of its examples as one more feature", async () => {
  const rows = [0, 4, 2, 2, 4, 0, 6, 2, 1, 1, 1, 1, 1, 1, 1, 1];
  const [out] = await values(() => [withDeviation(constant(ndarray(Float32Array.from(rows), [8, 2])))]);
  // The first four rows: 0 2 4 6 has deviation √5, and 4 2 0 2 has √2.
  const first = (Math.sqrt(5) + Math.sqrt(2)) / 2;
  out!.forEach((v, i) => {
    const want = i % 3 < 2 ? rows[2 * Math.floor(i / 3) + (i % 3)]! : i < 12 ? first : 1e-4;
    expect(v).toBeCloseTo(want, 5);
  });
});

const GAME: GameOptions = {
  loss: LOSSES["non-saturating"],
  gradientPenalty: 0,
  labelSmoothing: 0,
  unrolled: 0,
  unrolledLr: 0.1,
};
const realPoints = ndarray(Float32Array.of(1, 2, -1, 0.5, 0, 2, 1, -1), [4, 2]);

async function generatorsLoss(
  model: Gan,
  game: GameOptions,
): Promise<{ loss: number; slopes: Float32Array[] }> {
  const parameters = model.generator.parameters();
  const program = compile(
    (x: Tensor, key: Key) => {
      const { loss } = generatorLoss(model, { x, labels: undefined }, key, game);
      return { loss, slopes: grad(loss, parameters) };
    },
    { engine: sharedEngine() },
  );
  const out = await program(realPoints, Key.seed(4));
  await program.dispose();
  return { loss: Number(out.loss.data[0]), slopes: out.slopes.map((s) => s.data as Float32Array) };
}

describe("an unrolled discriminator", () => {
  const unrolled = { ...GAME, unrolled: 2, unrolledLr: 0.3 };

  test("is the discriminator after as many steps of gradient descent", async () => {
    const model = makeGan([2]).initialize(Key.seed(2));
    const { loss } = await generatorsLoss(model, unrolled);
    const weights = model.discriminator.parameters();
    const slopes = compile(
      (x: Tensor, key: Key) => {
        const z = model.noise(key.split("noise"), 4);
        const fake = model.generator.forward(z, undefined);
        const scores = (points: Tensor): Tensor => model.discriminator.forward(points, undefined).scores;
        return grad(GAME.loss.discriminator(scores(x), scores(fake), 1), weights);
      },
      { engine: sharedEngine() },
    );
    for (let step = 0; step < 2; step++) {
      const found = await slopes(realPoints, Key.seed(4));
      weights.forEach((w, i) => {
        const moved = (w.value!.data as Float32Array).map((v, j) => v - 0.3 * Number(found[i]!.data[j]));
        w.set(ndarray(moved, w.shape));
      });
    }
    expect((await generatorsLoss(model, GAME)).loss).toBeCloseTo(loss, 5);
    await slopes.dispose();
  });

  test("gives the generator a gradient that goes through those steps", async () => {
    const model = makeGan([2]).initialize(Key.seed(2));
    const { slopes } = await generatorsLoss(model, unrolled);
    const plain = await generatorsLoss(model, GAME);
    const weight = model.generator.parameters().at(-1)!;
    const first = weight.value!.data as Float32Array;
    for (const i of [0, 1]) {
      const at = async (h: number): Promise<number> => {
        weight.set(
          ndarray(
            first.map((v, j) => (j === i ? v + h : v)),
            weight.shape,
          ),
        );
        return (await generatorsLoss(model, unrolled)).loss;
      };
      const difference = ((await at(5e-3)) - (await at(-5e-3))) / 1e-2;
      weight.set(ndarray(first, weight.shape));
      expect(slopes.at(-1)![i]).toBeCloseTo(difference, 2);
      expect(Math.abs(slopes.at(-1)![i]! - plain.slopes.at(-1)![i]!)).toBeGreaterThan(0.02);
    }
  });
});

test("what is told of the game are the shares the discriminator tells rightly; of a critic, the distance", async () => {
  const model = makeGan([2]).initialize(Key.seed(2));
  const losses = (game: GameOptions) =>
    compile((x: Tensor, key: Key) => discriminatorLoss(model, { x, labels: undefined }, key, game), {
      engine: sharedEngine(),
    })(realPoints, Key.seed(4));
  expect(Object.keys(await losses(GAME))).toEqual(["loss", "real_accuracy", "fake_accuracy"]);
  const critic = await losses({ ...GAME, loss: LOSSES["wgan-gp"], gradientPenalty: 10 });
  expect(Object.keys(critic)).toEqual(["loss", "wasserstein", "penalty"]);
  const [loss, distance, penalty] = Object.values(critic).map((v) => Number(v.data[0]));
  expect(loss).toBeCloseTo(10 * penalty! - distance!, 4);
});
