import { expect, test } from "vitest";
import { evaluate } from "../../../src/engine/eager.ts";
import { asEnv } from "../../../src/rl/adopt.ts";
import type { AnyAgent } from "../../../src/rl/agent.ts";
import { a2c } from "../../../src/rl/deep/a2c.ts";
import { actorCritic } from "../../../src/rl/deep/actor-critic.ts";
import { ActorCritic } from "../../../src/rl/deep/actor-critic-network.ts";
import { spacesOfEnv } from "../../../src/rl/deep/policy.ts";
import { clippedObjective, standardized } from "../../../src/rl/deep/policy-gradient.ts";
import { ppo } from "../../../src/rl/deep/ppo.ts";
import { reinforce } from "../../../src/rl/deep/reinforce.ts";
import { Box, Discrete } from "../../../src/rl/spaces.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { constant } from "../../../src/tensor/ops.ts";
import { engine, type Learned, learn, onProbe } from "./learn.ts";
import { ENDS, type End, MODES, Probe, probeStates } from "./probe.ts";

const SMALL = { hidden: [16], gamma: 0.5, lr: 0.02, maxGradNorm: 10 };
const AGENTS: readonly (readonly [string, AnyAgent, Record<string, unknown>, number])[] = [
  ["reinforce", reinforce, SMALL, 500],
  ["actor-critic", actorCritic, { ...SMALL, envs: 4, entropy: 0 }, 1600],
  ["a2c", a2c, { ...SMALL, envs: 4, horizon: 4, lr: 0.01 }, 2400],
  ["ppo", ppo, { ...SMALL, envs: 4, horizon: 16, batchSize: 32, epochs: 6, entropy: 0.001 }, 1500],
];

interface Found {
  readonly v: readonly number[];
  /** The likeliest action in state 1. */
  readonly action: number;
}

async function found({ saved }: Learned, continuous = false): Promise<Found> {
  const spaces = spacesOfEnv(asEnv(new Probe("both", continuous)) as never, "test");
  const network = new ActorCritic(spaces, { hidden: [16], activation: "tanh" });
  network.loadStateDict(saved.at(-1)!.tensors.weights);
  const x = constant(ndarray(probeStates, [2, 3]));
  const [v, action] = await Promise.all(
    [network.value(x), network.policy(x).mode()].map(async (y) => (await evaluate(y, await engine())).data),
  );
  return { v: Array.from(v as Float32Array), action: Number((action as Float32Array)[1]) };
}

const valueOf0 = (end: End, v1: number): number => (end === "truncated" ? 0.5 * v1 : 0);

test.each(
  AGENTS.flatMap(([name, ...rest]) =>
    ENDS.flatMap((end) => MODES.map((mode) => [name, end, mode, ...rest] as const)),
  ),
)(
  "%s, %s episodes, autoreset %s: the values of both states, and the better action",
  async (_, end, mode, agent, options, steps) => {
    const { v, action } = await found(await onProbe(agent, options, { end, mode, steps }));
    expect(action).toBe(1);
    expect(v[1]!).toBeGreaterThan(0.85);
    expect(v[1]!).toBeLessThan(1.1);
    expect(Math.abs(v[0]! - valueOf0(end, v[1]!))).toBeLessThan(0.12);
  },
);

test.each(AGENTS)("%s: continuous actions come near the best, 0.5", async (_, agent, options, steps) => {
  const calm = { ...options, lr: 0.01 };
  const learned = await onProbe(agent, calm, { end: "truncated", continuous: true, steps: 2 * steps });
  const { action } = await found(learned, true);
  expect(Math.abs(action - 0.5)).toBeLessThan(0.4);
});

test("reinforce without a baseline has no critic, and finds the better action", async () => {
  const { saved } = await onProbe(reinforce, { ...SMALL, baseline: false }, { end: "truncated", steps: 500 });
  expect(Object.keys(saved.at(-1)!.tensors.weights).some((name) => name.startsWith("critic"))).toBe(false);
});

/** From state 0 by chance to 1, which then pays 1, or to 2, which pays nothing. */
class Fork {
  readonly id = "Fork-v0";
  readonly observationSpace = new Box(0, 1, [3]);
  readonly actionSpace = new Discrete(2);
  #state = 0;
  #count = 0;
  #seen() {
    return Float32Array.from({ length: 3 }, (_, s) => Number(s === this.#state));
  }
  reset() {
    this.#state = 0;
    return { observation: this.#seen(), info: {} };
  }
  step() {
    const from = this.#state;
    if (from === 0) this.#state = 1 + (this.#count++ % 2);
    return {
      observation: this.#seen(),
      reward: Number(from === 1),
      terminated: from > 0,
      truncated: false,
      info: {},
    };
  }
  snapshot() {
    return { state: this.#state, count: this.#count };
  }
  restore(from: Record<string, unknown>) {
    this.#state = from.state as number;
    this.#count = from.count as number;
  }
}

test("actor-critic: no gradient goes through the bootstrapped value (it would draw values 1 and 0 together to 0.75 and 0.25)", async () => {
  const options = { ...SMALL, gamma: 1, envs: 4, lrFinal: 0.1 };
  const learned = await learn(actorCritic, options, {
    makeEnv: () => asEnv(new Fork()) as never,
    steps: 3000,
  });
  const spaces = spacesOfEnv(asEnv(new Fork()) as never, "test");
  const network = new ActorCritic(spaces, { hidden: [16], activation: "tanh" });
  network.loadStateDict(learned.saved.at(-1)!.tensors.weights);
  const x = constant(ndarray(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3]));
  const [v0, v1, v2] = (await evaluate(network.value(x), await engine())).data as Float32Array;
  expect(Math.abs(v0! - 0.5)).toBeLessThan(0.12);
  expect(v1!).toBeGreaterThan(0.88);
  expect(v2!).toBeLessThan(0.12);
});

const t = (...values: number[]) => constant(ndarray(Float32Array.from(values)));
const numbers = async (x: ReturnType<typeof t>): Promise<number[]> =>
  Array.from((await evaluate(x, await engine())).data as Float32Array, (v) => Number(v.toFixed(4)));

test("ppo: what is clipped, and on which side", async () => {
  const [r, A] = [t(1.5, 1.5, 0.5, 0.5, 1.1), t(1, -1, 1, -1, 2)];
  expect(await numbers(clippedObjective(r, A, constant(0.2)))).toEqual([1.2, -1.5, 0.5, -0.8, 2.2]);
});

test("ppo: advantages are standardised among the rows that count, one alone stays", async () => {
  const A = await numbers(standardized(t(1, 2, 3, 99), t(1, 1, 1, 0)));
  expect(A.slice(0, 3)).toEqual([-1, 0, 1]);
  expect((await numbers(standardized(t(7, 99), t(1, 0))))[0]).toBe(7);
});
