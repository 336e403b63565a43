import { expect, test } from "vitest";
import { asEnv } from "../../../src/rl/adopt.ts";
import { dqn } from "../../../src/rl/deep/dqn.ts";
import { epsilonGreedy } from "../../../src/rl/deep/exploration.ts";
import { World } from "../../../src/rl/deep/world.ts";
import type { EnvLike } from "../../../src/rl/env.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { Box, Discrete } from "../../../src/rl/spaces.ts";
import { AutoresetMode, VectorEnv } from "../../../src/rl/vector.ts";
import { learn } from "./learn.ts";
import { ENDS, MODES, probes } from "./probe.ts";

/** Transitions of environment 0 as [s, s′, reward, terminated, truncated]. */
function course(world: World, steps: number): number[][] {
  const found: number[][] = [];
  const state = (x: ArrayLike<number>): number => Array.from(x).indexOf(1);
  while (found.length < steps) {
    const t = world.step(Int32Array.of(1, 1));
    if (t.valid[0] === 1)
      found.push([
        state(t.observations.slice(0, 3)),
        state(t.next.slice(0, 3)),
        t.rewards[0]!,
        t.terminated[0]!,
        t.truncated[0]!,
      ]);
  }
  return found;
}

test.each(ENDS)("%s episodes: the same transitions in every autoreset mode", (end) => {
  const [terminated, truncated] = [Number(end !== "truncated"), Number(end !== "terminated")];
  const first = [0, 1, 0, terminated, truncated];
  const second = [1, 2, 1, 1, 0];
  for (const mode of MODES) {
    const world = new World(probes(end, mode)(2), 1000, 0);
    expect(course(world, 4), mode).toEqual([first, second, first, second]);
    expect(world.takeEpisodes(), mode).toMatchObject({ return: 0.5, length: 1 });
    expect(world.takeEpisodes()).toEqual({});
  }
});

test("the budget is exact: what is beyond it is no transition", () => {
  const world = new World(probes("both", AutoresetMode.DISABLED)(4), 10, 0);
  const counts: number[] = [];
  while (world.left > 0) counts.push(world.step(Int32Array.of(0, 0, 0, 0)).valid.reduce((a, b) => a + b, 0));
  expect(counts).toEqual([4, 4, 2]);
  expect(world.steps).toBe(10);
});

/** Two actions, of which only the second is available; it pays 1 and ends. Or none. */
class Masked implements EnvLike<Float32Array, number> {
  readonly id = "Masked-v0";
  readonly observationSpace = new Box(0, 1, [1]);
  readonly actionSpace = new Discrete(3);
  readonly #mask: number[];
  constructor(mask: number[]) {
    this.#mask = mask;
  }
  reset() {
    return { observation: Float32Array.of(1), info: { action_mask: Int8Array.from(this.#mask) } };
  }
  step(action: number) {
    if (this.#mask[action] !== 1) throw new Error(`action ${action} was not available`);
    return { ...this.reset(), reward: action, terminated: true, truncated: false };
  }
}

const masked = (mask: number[], autoresetMode: AutoresetMode = AutoresetMode.DISABLED) => ({
  makeEnv: () => asEnv(new Masked(mask)) as never,
  makeVec: (n: number) => new VectorEnv(() => new Masked(mask), n, { autoresetMode }),
});

test("only available actions are taken, exploring and evaluating", async () => {
  const how = { ...masked([0, 1, 0]), steps: 60, sampleEvery: 30, evaluationEpisodes: 2 };
  const options = { hidden: [4], learningStarts: 5, trainEvery: 1, gradientSteps: 1, gamma: 0.5 };
  const { events } = await learn(dqn, options, how);
  expect(events.find((e) => e.kind === "validation")).toMatchObject({ metrics: { "evaluation/return": 1 } });
});

test("a mask that allows nothing is refused before training, one that comes later when it comes", async () => {
  await expect(learn(dqn, {}, masked([0, 0, 0]))).rejects.toThrow(
    "Masked-v0: the mask after reset() allows no action",
  );
  const mask = [0, 1, 0];
  class Stuck extends Masked {
    override step(action: number) {
      mask.fill(0);
      return { ...this.reset(), reward: action, terminated: false, truncated: false };
    }
  }
  const vector = new VectorEnv(() => new Stuck(mask), 1, { autoresetMode: AutoresetMode.DISABLED });
  const world = new World(vector, 10, 0);
  expect(() => world.step(Int32Array.of(1))).toThrow("the mask of environment 0 allows no action");
});

test("SameStep hides the mask of a last state: a sentence", () => {
  expect(() => new World(masked([1, 1, 1], AutoresetMode.SAME_STEP).makeVec(1), 10, 0)).toThrow(
    "take Disabled or NextStep",
  );
});

test("ε-greedy among available actions: the best, or each as likely", () => {
  const out = new Int32Array(1);
  const counts = [0, 0, 0, 0];
  const rng = fastRandom(0);
  const q = Float32Array.of(5, 1, 3, 2);
  const mask = Uint8Array.of(0, 1, 1, 1);
  for (let i = 0; i < 6000; i++) {
    epsilonGreedy(q, mask, 0.5, rng, 10, out);
    counts[out[0]! - 10]!++;
  }
  expect(counts[0]).toBe(0);
  for (const [a, p] of [1 / 6, 2 / 3, 1 / 6].entries()) expect(counts[a + 1]! / 6000).toBeCloseTo(p, 1.5);
});
