import { describe, expect, it } from "vitest";
import { type Env, type FunctionalEnv, StatefulEnv } from "../../src/rl/env.ts";
import { make } from "../../src/rl/make.ts";
import { Box, Discrete } from "../../src/rl/spaces.ts";
import { ActionMask } from "../../src/rl/wrappers/action-mask.ts";
import { EpisodeStatistics } from "../../src/rl/wrappers/episode-statistics.ts";
import { FrameStack } from "../../src/rl/wrappers/frame-stack.ts";
import { ObservationNormalize } from "../../src/rl/wrappers/observation-normalize.ts";
import { cubicSchedule, RecordEpisode } from "../../src/rl/wrappers/record-episode.ts";
import { RewardNormalize } from "../../src/rl/wrappers/reward-normalize.ts";
import { TimeLimit } from "../../src/rl/wrappers/time-limit.ts";

/** Counts up: observation (t, −2t), reward t + 1, ends at t = 5. */
const counter: FunctionalEnv<number, Float32Array, number> = {
  id: "Counter-v0",
  observationSpace: new Box(-100, 100, [2]),
  actionSpace: new Discrete(2),
  initial: () => 0,
  transition: (t) => t + 1,
  observation: (t) => Float32Array.of(t, -2 * t),
  reward: (t) => t + 1,
  terminal: (t) => t === 5,
  render: (t) => `t = ${t}`,
};
const counting = (): Env<Float32Array, number> => new StatefulEnv(counter);

it("a stack prints itself, and knows what is under it", () => {
  const env = new EpisodeStatistics(new TimeLimit(new RewardNormalize(counting()), 3));
  expect(String(env)).toBe("<EpisodeStatistics<TimeLimit<RewardNormalize<Counter-v0>>>>");
  expect(env.unwrapped.functional).toBe(counter);
  expect(env.id).toBe("Counter-v0");
  expect(() => new TimeLimit(counting(), 0)).toThrow("maxEpisodeSteps must be a whole number ≥ 1");
});

describe("ObservationNormalize", () => {
  it("uses the running moments, as Gymnasium computes them", () => {
    const env = new ObservationNormalize(counting());
    const seen = [env.reset({ seed: 0 }).observation];
    for (let t = 0; t < 4; t++) seen.push(env.step(0).observation);
    // Moments of the prior (weight 1e-4, mean 0, variance 1) and of 0 … t.
    const [prior, n] = [1e-4, 5];
    const mean = 10 / (n + prior);
    const variance =
      (prior * (1 + mean ** 2) + [0, 1, 2, 3, 4].reduce((s, x) => s + (x - mean) ** 2, 0)) / (n + prior);
    expect(env.moments.mean[0]).toBeCloseTo(mean, 12);
    expect(env.moments.variance[0]).toBeCloseTo(variance, 12);
    expect(seen[4]![0]).toBeCloseTo((4 - mean) / Math.sqrt(variance + 1e-8), 6);
    expect(seen[4]![1]).toBeCloseTo(-seen[4]![0]!, 4);
    expect(env.observationSpace.contains(seen[4])).toBe(true);
  });

  it("stands still when told so, and refuses what is no Box", () => {
    const env = new ObservationNormalize(counting());
    env.reset({ seed: 0 });
    env.updating = false;
    const before = [...env.moments.mean];
    env.step(0);
    expect([...env.moments.mean]).toEqual(before);
    expect(() => new ObservationNormalize(make("Taxi-v3") as unknown as Env<Float32Array, number>)).toThrow(
      "ObservationNormalize needs observations from a Box; Taxi-v3 has Discrete(500)",
    );
  });
});

it("RewardNormalize divides by the deviation of the discounted sum", () => {
  const env = new RewardNormalize(counting(), { gamma: 0.5 });
  env.reset({ seed: 0 });
  const rewards = [1, 2, 3, 4, 5].map(() => env.step(0).reward);
  // The sums are 1, 2.5, 4.25, 6.125, and 5 at the end, where the past is forgotten.
  let [mean, variance, count, sum] = [0, 1, 1e-4, 0];
  [1, 2, 3, 4, 5].forEach((r, t) => {
    sum = (t === 4 ? 0 : sum * 0.5) + r;
    const delta = sum - mean;
    variance = (variance * count + (delta ** 2 * count) / (count + 1)) / (count + 1);
    mean += delta / (count + 1);
    count += 1;
    expect(rewards[t]).toBeCloseTo(r / Math.sqrt(variance + 1e-8), 10);
  });
});

describe("FrameStack", () => {
  it("keeps the last observations, the newest last", () => {
    const env = new FrameStack(counting(), 3);
    expect([...env.reset({ seed: 0 }).observation]).toEqual([0, -0, 0, -0, 0, -0]);
    env.step(0);
    env.step(0);
    expect([...env.step(0).observation]).toEqual([1, -2, 2, -4, 3, -6]);
    expect((env.observationSpace as unknown as Box).shape).toEqual([3, 2]);
    expect([...env.reset().observation]).toEqual([0, -0, 0, -0, 0, -0]);
  });

  it("pads with the first observation or with zeros", () => {
    const high = new StatefulEnv({
      ...counter,
      observation: (t: number) => Float32Array.of(t + 7, 9),
      observationSpace: new Box(5, 50, [2]),
    });
    expect([...new FrameStack(high, 2).reset().observation]).toEqual([7, 9, 7, 9]);
    const zero = new FrameStack(high, 2, { padding: "zero" });
    const { observation } = zero.reset();
    expect([...observation]).toEqual([0, 0, 7, 9]);
    expect(zero.observationSpace.contains(observation)).toBe(true);
    expect(() => new FrameStack(counting(), 0)).toThrow("size must be a whole number ≥ 1");
  });
});

describe("ActionMask", () => {
  it("samples what is allowed and refuses the rest with a sentence", () => {
    const env = new ActionMask(make("Taxi-v3"));
    expect(() => env.mask).toThrow("has no action mask before reset()");
    env.reset({ seed: 42 });
    env.actionSpace.seed(1);
    for (let t = 0; t < 100; t++) {
      const allowed = Array.from(env.mask, (m, a) => (m === 1 ? a : -1)).filter((a) => a >= 0);
      const action = env.actionSpace.sample();
      expect(allowed).toContain(action);
      const refused = [0, 1, 2, 3, 4, 5].find((a) => !allowed.includes(a))!;
      expect(() => env.step(refused)).toThrow(`action ${refused} is masked here. Allowed: ${allowed[0]}`);
      if (env.step(action).terminated) env.reset();
    }
  });

  it("takes a mask from a function, and asks for one where there is none", () => {
    const none = new ActionMask(make("FrozenLake-v1"));
    expect(() => none.reset()).toThrow("gave no info.action_mask. Give ActionMask a function");
    const env = new ActionMask(make("FrozenLake-v1"), () => [0, 1, 0, 0]);
    env.reset({ seed: 0 });
    expect(env.actionSpace.sample()).toBe(1);
    expect(() => env.step(2)).toThrow("Allowed: 1 down");
    expect(() => new ActionMask(make("FrozenLake-v1"), () => [1]).reset()).toThrow(
      "a mask of 1 entries for 4 actions",
    );
  });
});

it("EpisodeStatistics tells return and length at the end, and keeps the last ones", () => {
  const env = new EpisodeStatistics(new TimeLimit(counting(), 3), { bufferLength: 2 });
  for (let episode = 0; episode < 3; episode++) {
    env.reset();
    expect(env.step(0).info.episode).toBeUndefined();
    env.step(0);
    const { info } = env.step(0);
    expect(info.episode).toMatchObject({ r: 6, l: 3 });
    expect((info.episode as { t: number }).t).toBeGreaterThanOrEqual(0);
  }
  expect(env.episodes).toBe(3);
  expect(env.returns).toEqual([6, 6]);
  expect(env.lengths).toEqual([3, 3]);
});

describe("RecordEpisode", () => {
  it("keeps whole episodes of its schedule", () => {
    const env = new RecordEpisode(counting(), { trigger: (n) => n !== 1 });
    for (let episode = 0; episode < 3; episode++) {
      env.reset();
      for (let end = false; !end; ) end = env.step(1).terminated;
    }
    expect(env.records.map((r) => r.episode)).toEqual([0, 2]);
    const [first] = env.records;
    expect(first!.observations.map((o) => o[0])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(first).toMatchObject({ actions: [1, 1, 1, 1, 1], rewards: [1, 2, 3, 4, 5], terminated: true });
    expect(first!.frames).toEqual(["t = 0", "t = 1", "t = 2", "t = 3", "t = 4", "t = 5"]);
  });

  it("hands over an episode that close() cut short", () => {
    const got: number[] = [];
    const env = new RecordEpisode(counting(), {
      frames: false,
      onEpisode: (r) => got.push(r.rewards.length),
    });
    env.reset();
    env.step(0);
    env.close();
    expect(got).toEqual([1]);
    expect(env.records[0]!.frames).toEqual([]);
    expect([0, 1, 2, 7, 8, 27, 1000, 1001, 2000].filter(cubicSchedule)).toEqual([0, 1, 8, 27, 1000, 2000]);
  });
});
