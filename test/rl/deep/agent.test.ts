import { expect, test } from "vitest";
import { asEnv } from "../../../src/rl/adopt.ts";
import type { Policy } from "../../../src/rl/agent.ts";
import { DEEP_AGENTS } from "../../../src/rl/deep/agents.ts";
import { dqn } from "../../../src/rl/deep/dqn.ts";
import type { EnvLike } from "../../../src/rl/env.ts";
import { make } from "../../../src/rl/make.ts";
import { Box, Discrete, type Space } from "../../../src/rl/spaces.ts";
import { AutoresetMode } from "../../../src/rl/vector.ts";
import { engine, learn, metricsOf, onEnv, onProbe } from "./learn.ts";

/** Everything small, so that each agent learns something in a second. */
const QUICK: Readonly<Record<string, Record<string, unknown>>> = {
  dqn: {
    hidden: [8],
    learningStarts: 20,
    trainEvery: 2,
    gradientSteps: 1,
    envs: 2,
    n: 2,
    prioritized: true,
    noisy: true,
  },
  pqn: { hidden: [8], envs: 2, horizon: 8, batchSize: 8, epochs: 2 },
  reinforce: { hidden: [8] },
  "actor-critic": { hidden: [8], envs: 2 },
  a2c: { hidden: [8], envs: 2, normalizeObservation: true },
  ddpg: { hidden: [8], learningStarts: 20, envs: 2, noise: "wandering" },
  td3: { hidden: [8], learningStarts: 20 },
  sac: { hidden: [8], learningStarts: 20, envs: 2 },
  ppo: {
    hidden: [8],
    envs: 2,
    horizon: 8,
    batchSize: 8,
    epochs: 2,
    normalizeObservation: true,
    normalizeReward: true,
    valueClip: 0.2,
  },
};
/** Those that take continuous actions alone. */
const CONTINUOUS = new Set(["sac", "td3", "ddpg"]);
/** What plays against itself needs a game: alphazero.test.ts. */
const all = DEEP_AGENTS.filter(({ name }) => name !== "alphazero").map(
  (agent) => [agent.name, agent] as const,
);

test.each(all)("%s: stopped and resumed, it learns what it would have, bit for bit", async (name, agent) => {
  const how = {
    end: "truncated",
    continuous: CONTINUOUS.has(name),
    steps: 200,
    sampleEvery: 70,
    logEvery: 20,
    evaluationEpisodes: 2,
  } as const;
  const options = QUICK[name]!;
  const whole = await onProbe(agent, options, how);
  const first = await onProbe(agent, options, { ...how, stopAt: 100 });
  const cut = first.saved.at(-1)!;
  expect(cut.step).toBeGreaterThanOrEqual(100);
  expect(cut.step).toBeLessThan(200);
  const second = await onProbe(agent, options, { ...how, from: cut });
  const [a, b] = [whole.saved.at(-1)!, second.saved.at(-1)!];
  expect(a.step).toBe(200);
  expect(b.tensors).toEqual(a.tensors);
  expect(b.progress).toEqual(a.progress);
  expect([...metricsOf(first), ...metricsOf(second)]).toEqual(metricsOf(whole));
  // From the weights alone it would be another course: the comparison can fail.
  const other = await onProbe(agent, options, { ...how, seed: 8 });
  expect(other.saved.at(-1)!.tensors).not.toEqual(a.tensors);
});

test.each(all)("%s: its policy plays, and refuses another environment's spaces", async (name, agent) => {
  const continuous = CONTINUOUS.has(name);
  const { saved } = await onProbe(agent, QUICK[name]!, { end: "both", continuous, steps: 60 });
  const setting = { options: agent.options.parse(QUICK[name]!), engine };
  const { Probe } = await import("./probe.ts");
  const makeEnv = () => asEnv(new Probe("both", continuous)) as never;
  const policy = await agent.policy(saved.at(-1)!, { ...setting, makeEnv });
  const action = await policy.act(Float32Array.of(1, 0, 0), {}, undefined);
  expect(new Probe("both", continuous).actionSpace.contains(action)).toBe(true);
  if (continuous) return;
  const elsewhere = agent.policy(saved.at(-1)!, { ...setting, makeEnv: () => make("CartPole-v1") });
  await expect(elsewhere).rejects.toThrow("was learned with observations Box(0, 1, (3,), float32)");
});

test.each(all)(
  "%s: watched, its policy says what it sees by the weights of the moment",
  async (name, agent) => {
    const continuous = CONTINUOUS.has(name);
    const { Probe, probes } = await import("./probe.ts");
    let policy: Policy | undefined;
    const said: Record<string, number[]>[] = [];
    for await (const { kind } of agent.learn({
      options: agent.options.parse(QUICK[name]!),
      makeEnv: () => asEnv(new Probe("both", continuous)) as never,
      makeVec: probes("both", AutoresetMode.DISABLED, continuous),
      learnsFrom: "environment",
      maxSteps: 200,
      steps: 100,
      seed: 3,
      engine,
      logEvery: 50,
      sampleEvery: 1000,
      checkpointEvery: 1000,
      watch: (given) => {
        policy = given;
      },
    })) {
      if (kind !== "step") continue;
      const rows = await policy!.says!(Float32Array.of(1, 0, 0, 0, 1, 0));
      said.push(
        Object.fromEntries(Object.entries(rows).map(([of, { data }]) => [of, Array.from(data, Number)])),
      );
    }
    const [first, last] = [said[0]!, said.at(-1)!];
    expect(first.value).toHaveLength(2);
    expect(last).not.toEqual(first);
    const of = continuous ? "action" : "q" in first ? "q" : "probabilities";
    expect(first[of]!.length).toBe(continuous ? 2 : 4);
    if (of === "q") expect(first.value![0]).toBe(Math.max(...first.q!.slice(0, 2)));
    if (of === "probabilities") expect(first.probabilities![0]! + first.probabilities![1]!).toBeCloseTo(1, 5);
  },
);

/** An environment that breaks one promise. */
function broken(
  change: Partial<Record<"observation" | "reward", unknown>> & { actions?: Space<unknown> },
): EnvLike {
  const observation = change.observation ?? new Float32Array(2);
  return {
    id: "Broken-v0",
    observationSpace: new Box(-1, 1, [2]),
    actionSpace: change.actions ?? new Discrete(2),
    reset: () => ({ observation, info: {} }),
    step: () => ({
      observation,
      reward: (change.reward ?? 0) as number,
      terminated: true,
      truncated: false,
      info: {},
    }),
  };
}

test.each([
  [
    "an observation of another length",
    { observation: new Float32Array(3) },
    "an array of 3 numbers (0, 0, 0) as the observation, which is none of Box",
  ],
  ["an observation that is no number", { observation: Float32Array.of(0, NaN) }, "which is none of Box"],
  ["a reward that is no number", { reward: NaN }, "Broken-v0: step() paid a reward of NaN"],
] as const)("%s is refused before training", async (_, change, sentence) => {
  const makeEnv = () => asEnv(broken(change)) as never;
  for (const [, agent] of all.filter(([name]) => !CONTINUOUS.has(name))) {
    await expect(learn(agent, {}, { makeEnv })).rejects.toThrow(sentence);
    expect(() => agent.check!({ options: agent.options.parse({}), makeEnv })).toThrow(sentence);
  }
});

test("an algorithm for one kind of actions says which to take for the other", async () => {
  const box = () => asEnv(broken({ actions: new Box(-1, 1, [1]) })) as never;
  await expect(learn(dqn, {}, { makeEnv: box })).rejects.toThrow(
    "dqn chooses among discrete actions (Discrete), but Broken-v0 has continuous actions (a Box of floats): take sac, td3, ddpg or ppo there",
  );
});

test("the best checkpoint by evaluation is marked, and episodes are counted in the log", async () => {
  const { events, best } = await onEnv(dqn, QUICK.dqn!, {
    env: "CartPole-v1",
    steps: 300,
    sampleEvery: 100,
    evaluationEpisodes: 2,
  });
  const looks = events.filter((e) => e.kind === "validation");
  expect(looks.map(({ step }) => step)).toEqual([100, 200, 300]);
  expect(looks[0]).toMatchObject({ best: true });
  expect(best).toEqual(looks.filter((e) => e.best).map(({ step }) => step));
  const step = events.find((e) => e.kind === "step")!;
  expect(step.metrics.return).toBe(step.metrics.length);
});

test.each([
  ["dqn", "MinAtar/Breakout-v0"],
  ["ppo", "MinAtar/Breakout-v0"],
  ["pqn", "MinAtar/Breakout-v0"],
  ["dqn", "Snake-v0"],
  ["pqn", "Snake-v0"],
  ["ppo", "Snake-v0"],
  ["dqn", "TicTacToe-v0"],
  ["ppo", "TicTacToe-v0"],
])("%s learns from the pictures and masks of %s", async (name, env) => {
  const agent = DEEP_AGENTS.find((each) => each.name === name)!;
  const { events, saved } = await onEnv(agent, QUICK[name]!, {
    env,
    steps: 64,
    sampleEvery: 64,
    evaluationEpisodes: 1,
  });
  expect(events.some((e) => e.kind === "validation")).toBe(true);
  // Two planes of 3 × 3 are too small for filters.
  const filtered = Object.keys(saved.at(-1)!.tensors.weights).some((key) => key.includes("convolution"));
  expect(filtered).toBe(env !== "TicTacToe-v0");
});
