import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Env, type FunctionalEnv, StatefulEnv } from "../../src/rl/env.ts";
import { make } from "../../src/rl/make.ts";
import {
  Box,
  type BoxArray,
  Dict,
  Discrete,
  MultiBinary,
  MultiDiscrete,
  Tuple,
} from "../../src/rl/spaces.ts";
import { saveVideo } from "../../src/rl/video.node.ts";
import { ActionMask } from "../../src/rl/wrappers/action-mask.ts";
import { Autoreset } from "../../src/rl/wrappers/autoreset.ts";
import { FrameStackObservation } from "../../src/rl/wrappers/frame-stack-observation.ts";
import { NormalizeObservation } from "../../src/rl/wrappers/normalize-observation.ts";
import { NormalizeReward } from "../../src/rl/wrappers/normalize-reward.ts";
import { cubicSchedule, RecordEpisode } from "../../src/rl/wrappers/record-episode.ts";
import { RecordEpisodeStatistics } from "../../src/rl/wrappers/record-episode-statistics.ts";
import { RecordVideo } from "../../src/rl/wrappers/record-video.ts";
import { TimeAwareObservation } from "../../src/rl/wrappers/time-aware-observation.ts";
import { TimeLimit } from "../../src/rl/wrappers/time-limit.ts";
import {
  ClipAction,
  RescaleAction,
  StickyAction,
  TransformAction,
} from "../../src/rl/wrappers/transform-action.ts";
import {
  DelayObservation,
  FilterObservation,
  FlattenObservation,
  RescaleObservation,
  TransformObservation,
} from "../../src/rl/wrappers/transform-observation.ts";
import { ClipReward, TransformReward } from "../../src/rl/wrappers/transform-reward.ts";

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
  const env = new RecordEpisodeStatistics(new TimeLimit(new NormalizeReward(counting()), 3));
  expect(String(env)).toBe("<RecordEpisodeStatistics<TimeLimit<NormalizeReward<Counter-v0>>>>");
  expect(env.unwrapped.functional).toBe(counter);
  expect(env.id).toBe("Counter-v0");
  expect(() => new TimeLimit(counting(), 0)).toThrow("maxEpisodeSteps must be a whole number ≥ 1");
});

describe("NormalizeObservation", () => {
  it("uses the running moments, as Gymnasium computes them", () => {
    const env = new NormalizeObservation(counting());
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
    const env = new NormalizeObservation(counting());
    env.reset({ seed: 0 });
    env.updateRunningMean = false;
    const before = [...env.moments.mean];
    env.step(0);
    expect([...env.moments.mean]).toEqual(before);
    expect(() => new NormalizeObservation(make("Taxi-v3") as unknown as Env<Float32Array, number>)).toThrow(
      "NormalizeObservation needs observations from a Box; Taxi-v3 has Discrete(500)",
    );
  });
});

it("NormalizeReward divides by the deviation of the discounted sum", () => {
  const env = new NormalizeReward(counting(), { gamma: 0.5 });
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

describe("FrameStackObservation", () => {
  it("keeps the last observations, the newest last", () => {
    const env = new FrameStackObservation(counting(), 3);
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
    expect([...new FrameStackObservation(high, 2).reset().observation]).toEqual([7, 9, 7, 9]);
    const zero = new FrameStackObservation(high, 2, { padding: "zero" });
    const { observation } = zero.reset();
    expect([...observation]).toEqual([0, 0, 7, 9]);
    expect(zero.observationSpace.contains(observation)).toBe(true);
    expect(() => new FrameStackObservation(counting(), 0)).toThrow("size must be a whole number ≥ 1");
  });
});

describe("ActionMask", () => {
  it("samples what is allowed and refuses the rest with a message", () => {
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

it("RecordEpisodeStatistics tells return and length at the end, and keeps the last ones", () => {
  const env = new RecordEpisodeStatistics(new TimeLimit(counting(), 3), { bufferLength: 2 });
  for (let episode = 0; episode < 3; episode++) {
    env.reset();
    expect(env.step(0).info.episode).toBeUndefined();
    env.step(0);
    const { info } = env.step(0);
    expect(info.episode).toMatchObject({ r: 6, l: 3 });
    expect((info.episode as { t: number }).t).toBeGreaterThanOrEqual(0);
  }
  expect(env.episodeCount).toBe(3);
  expect(env.returnQueue).toEqual([6, 6]);
  expect(env.lengthQueue).toEqual([3, 3]);
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

/** Adds the action to what it shows: observation x, reward the action's sum. */
const pushed = (
  low: number | number[],
  high: number | number[],
  size: number,
): Env<Float32Array, Float32Array> =>
  new StatefulEnv<Float32Array, Float32Array, Float32Array>({
    id: "Pushed-v0",
    observationSpace: new Box(-10, 10, [size]),
    actionSpace: new Box(low, high, [size]),
    initial: () => new Float32Array(size),
    transition: (_x, action) => action.slice(),
    observation: (x) => x.slice(),
    reward: (_x, action) => action.reduce((a, b) => a + b, 0),
    terminal: () => false,
    render: (x) => `x = ${x.join(" ")}`,
  });

describe("actions on their way in", () => {
  it("ClipAction takes any numbers", () => {
    const env = new ClipAction(pushed([-1, 0], [1, 2], 2));
    expect(String(env.actionSpace)).toBe("Box(-inf, inf, (2,), float32)");
    env.reset();
    expect([...env.step(Float32Array.of(7, -7)).observation]).toEqual([1, 0]);
    expect([...env.step(Float32Array.of(0.5, 1.5)).observation]).toEqual([0.5, 1.5]);
    expect(() => new ClipAction(make("Taxi-v3") as never)).toThrow(
      "ClipAction needs actions from a Box; Taxi-v3",
    );
  });

  it("RescaleAction stretches, and never leaves the Box", () => {
    const env = new RescaleAction(pushed([-2, 0], [2, 8], 2));
    env.reset();
    expect([...env.step(Float32Array.of(-1, 1)).observation]).toEqual([-2, 8]);
    expect([...env.step(Float32Array.of(0.5, 0.5)).observation]).toEqual([1, 6]);
    expect(() => env.step(Float32Array.of(1.5, 0))).toThrow();
    const odd = new RescaleAction(pushed(-0.1, 0.3, 1), 0, 3);
    odd.reset();
    for (let k = 0; k <= 30; k++) odd.step(Float32Array.of(k / 10));
    expect(() => new RescaleAction(pushed(-Infinity, 1, 1))).toThrow("RescaleAction needs a bounded Box");
    expect(() => new RescaleAction(pushed(-1, 1, 1), 1, 1)).toThrow("minAction must be below maxAction");
  });

  it("TransformAction takes another space", () => {
    const env = new TransformAction(pushed(-1, 1, 1), (a: number) => Float32Array.of(a - 1), new Discrete(3));
    env.reset();
    expect(env.step(2).reward).toBe(1);
    expect(String(env)).toBe("<TransformAction<Pushed-v0>>");
  });

  it("StickyAction repeats with the environment's own random numbers", () => {
    const env = new StickyAction(pushed(-1, 1, 1), 0.25);
    env.reset({ seed: 1 });
    const own = env.unwrapped as StatefulEnv<unknown, unknown, unknown>;
    const rng = own.npRandom.clone();
    let last: number | undefined;
    let repeated = 0;
    for (let t = 0; t < 400; t++) {
      const wanted = Math.fround(Math.sin(t));
      const repeat = last !== undefined && rng.random() < 0.25;
      if (repeat) repeated++;
      last = repeat ? last : wanted;
      expect(env.step(Float32Array.of(wanted)).observation[0]).toBe(last);
    }
    expect(repeated).toBeGreaterThan(70);
    expect(() => new StickyAction(pushed(-1, 1, 1), 1)).toThrow("the probability must be in [0, 1), not 1");
  });
});

describe("observations and rewards on their way out", () => {
  it("TransformObservation, TransformReward, ClipReward", () => {
    const doubled = new TransformObservation(
      counting(),
      (x: Float32Array) => x.map((v) => 2 * v),
      new Box(-200, 200, [2]),
    );
    doubled.reset();
    expect([...doubled.step(0).observation]).toEqual([2, -4]);
    const paid = new TransformReward(counting(), (r) => r - 10);
    paid.reset();
    expect(paid.step(0).reward).toBe(-9);
    const clipped = new ClipReward(counting(), -1, 2);
    clipped.reset();
    expect([1, 2, 3].map(() => clipped.step(0).reward)).toEqual([1, 2, 2]);
    expect(() => new ClipReward(counting(), 2, 1)).toThrow("minReward must be ≤ maxReward");
  });

  it("RescaleObservation", () => {
    const env = new RescaleObservation(counting(), 0, 1);
    expect([...env.reset().observation]).toEqual([0.5, 0.5]);
    const { observation } = env.step(0);
    expect(observation[0]).toBeCloseTo(0.505, 6);
    expect(observation[1]).toBeCloseTo(0.49, 6);
    expect(() => new RescaleObservation(make("CartPole-v1"))).toThrow("from a bounded Box; CartPole-v1");
  });

  it("FlattenObservation: one-hot, in order", () => {
    const shown = {
      b: [1, Int8Array.of(0, 1)],
      "9": 2,
      "10": Int32Array.of(1, 0),
      a: Float32Array.of(0.5),
    };
    const space = new Dict({
      a: new Box(-1, 1, [1]),
      "9": new Discrete(3, 1),
      "10": new MultiDiscrete([2, 3]),
      b: new Tuple([new Discrete(2), new MultiBinary(2)] as const),
    });
    const env = new FlattenObservation({
      observationSpace: space as never,
      actionSpace: new Discrete(1),
      reset: () => ({ observation: shown, info: {} }),
      step: () => ({ observation: shown, reward: 0, terminated: true, truncated: false, info: {} }),
    });
    const { observation } = env.reset();
    // "10", "9", a, b
    expect([...observation]).toEqual([0, 1, 1, 0, 0, 0, 1, 0, 0.5, 0, 1, 0, 1]);
    expect(env.observationSpace.contains(observation)).toBe(true);
    const taxi = new FlattenObservation(make("Taxi-v3"));
    expect(taxi.reset({ seed: 1 }).observation).toHaveLength(500);
  });

  it("FilterObservation", () => {
    const dict = {
      observationSpace: new Dict({ a: new Discrete(2), b: new Discrete(3) }),
      actionSpace: new Discrete(1),
      reset: () => ({ observation: { a: 1, b: 2 }, info: {} }),
      step: () => ({ observation: { a: 0, b: 0 }, reward: 0, terminated: false, truncated: false, info: {} }),
    };
    const env = new FilterObservation(dict as never, ["b"]);
    expect(env.reset().observation).toEqual({ b: 2 });
    expect(String(env.observationSpace)).toBe("Dict('b': Discrete(3))");
    expect(() => new FilterObservation(dict as never, ["c"])).toThrow(
      'FilterObservation: there is no "c" in Dict(',
    );
  });

  it("DelayObservation", () => {
    const env = new DelayObservation(counting(), 2);
    const seen = [env.reset().observation[0], ...[1, 2, 3, 4].map(() => env.step(0).observation[0])];
    expect(seen).toEqual([0, 0, 0, 1, 2]);
    expect(env.reset().observation[0]).toBe(0);
    expect(() => new DelayObservation(counting(), -1)).toThrow("delay must be a whole number ≥ 0");
  });

  it("TimeAwareObservation", () => {
    const env = new TimeAwareObservation(new TimeLimit(counting(), 4));
    expect([...env.reset().observation]).toEqual([0, -0, 0]);
    expect([...env.step(0).observation]).toEqual([1, -2, 1]);
    const share = new TimeAwareObservation(new TimeLimit(counting(), 4), { normalizeTime: true });
    share.reset();
    expect(share.step(0).observation[2]).toBe(0.25);
    expect(share.observationSpace.high[2]).toBe(1);
    expect(() => new TimeAwareObservation(counting())).toThrow(
      "has no time limit. Put a TimeLimit within it.",
    );
  });

  it("Autoreset begins anew in the step after the end", () => {
    const env = new Autoreset(counting());
    env.reset();
    for (let t = 0; t < 4; t++) env.step(0);
    expect(env.step(0)).toMatchObject({ terminated: true, reward: 5 });
    const reset = env.step(1);
    expect(reset).toMatchObject({ reward: 0, terminated: false, truncated: false });
    expect(reset.observation[0]).toBe(0);
    expect(env.step(1).reward).toBe(1);
  });
});

describe("saved, restored and frozen moments", () => {
  it("a stack goes on with the same numbers, in another instance too", () => {
    const stack = () =>
      new FrameStackObservation(
        new NormalizeReward(new NormalizeObservation(new TimeLimit(counting(), 4))) as Env<BoxArray, number>,
        2,
      );
    const env = stack();
    env.reset({ seed: 1 });
    env.step(0);
    env.step(1);
    const saved = structuredClone(env.snapshot());
    const play = (of: ReturnType<typeof stack>): unknown[] => [
      of.step(0),
      of.step(1),
      of.reset(),
      of.step(1),
    ];
    const ahead = play(env);
    const other = stack();
    other.restore(saved);
    expect(play(other)).toEqual(ahead);
  });

  it("moments alone, for a checkpoint of whatever learnt from them", () => {
    const env = new NormalizeObservation(counting());
    env.reset();
    env.step(0);
    const other = new NormalizeObservation(counting());
    other.moments.restore(JSON.parse(JSON.stringify(env.moments.state())));
    other.updateRunningMean = false;
    env.updateRunningMean = false;
    expect(other.reset().observation).toEqual(env.reset().observation);
    expect(() => other.moments.restore({ mean: [1], variance: [1], count: 1 })).toThrow(
      "the saved moments have 1 elements, not 2",
    );
  });
});

describe("RecordVideo", () => {
  it("records pictures of episodes by a trigger, and of steps by length", async () => {
    const env = new RecordVideo(make("FrozenLake-v1", { is_slippery: false }), {
      episodeTrigger: (n) => n === 1,
    });
    for (let episode = 0; episode < 3; episode++) {
      env.reset({ seed: 1 });
      for (const a of [1, 2]) env.step(a);
    }
    expect(env.videos).toHaveLength(1);
    const [video] = env.videos;
    expect(video).toMatchObject({ episode: 1, step: 2 });
    expect(video!.frames).toHaveLength(3);
    expect(new Set(video!.frames).size).toBe(3);
    const folder = mkdtempSync(join(tmpdir(), "galatea-video-"));
    try {
      await saveVideo(join(folder, "lake.gif"), video!.frames, { fps: 4, scale: 0.5 });
      const bytes = readFileSync(join(folder, "lake.gif"));
      expect(bytes.subarray(0, 6).toString()).toBe("GIF89a");
      await expect(saveVideo(join(folder, "none.gif"), [])).rejects.toThrow(
        "a video needs at least one frame",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
    const got: number[] = [];
    const steps = new RecordVideo(counting(), {
      stepTrigger: (t) => t === 3,
      videoLength: 4,
      onVideo: ({ frames, step }) => got.push(frames.length, step),
    });
    for (let episode = 0; episode < 3; episode++) {
      steps.reset();
      for (let end = false; !end; ) end = steps.step(1).terminated;
    }
    expect(got).toEqual([4, 4]);
    expect(() => new RecordVideo(counting(), { videoLength: 0.5 })).toThrow(
      "videoLength must be a whole number",
    );
  });
});
