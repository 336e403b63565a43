import { describe, expect, it } from "vitest";
import { checkEnv, checkModel } from "../../src/rl/checker.ts";
import { StatefulEnv } from "../../src/rl/env.ts";
import { frozenLake } from "../../src/rl/envs/frozen-lake.ts";
import { environments, make } from "../../src/rl/make.ts";
import { ActionMask } from "../../src/rl/wrappers/action-mask.ts";
import { FrameStackObservation } from "../../src/rl/wrappers/frame-stack-observation.ts";
import { RecordEpisode } from "../../src/rl/wrappers/record-episode.ts";
import { RecordEpisodeStatistics } from "../../src/rl/wrappers/record-episode-statistics.ts";
import { broken } from "./broken-envs.ts";

describe("the checker passes", () => {
  it.each(Object.keys(environments))("%s", (id) => {
    checkEnv(() => make(id), { steps: 60 });
  });

  it("wrapped environments", () => {
    checkEnv(() => new RecordEpisodeStatistics(new RecordEpisode(make("FrozenLake-v1"))), { steps: 25 });
    checkEnv(() => new FrameStackObservation(make("CartPole-v1"), 3), { steps: 25 });
    checkEnv(() => new ActionMask(make("Taxi-v3")), { steps: 25 });
    checkEnv(() => make("WindyGridworld-v0", { king: true, stay: true, stochastic: true }), { steps: 25 });
    checkEnv(() => make("Blackjack-v1", { sab: false, natural: true }), { steps: 25 });
  });
});

const base = frozenLake().table;

describe("the checker names what is wrong", () => {
  it.each(broken)("%s", (_what, env, sentence) => {
    expect(() => checkEnv(env)).toThrow(sentence);
  });

  it("each with its own sentence", () => {
    expect(new Set(broken.map(([, , sentence]) => sentence)).size).toBe(broken.length);
    expect(new Set(broken.map(([what]) => what)).size).toBe(broken.length);
    expect(broken.length).toBeGreaterThanOrEqual(56);
  });

  it("a defect of the environment itself keeps its own error", () => {
    const observation = (): number => {
      throw new RangeError("a defect");
    };
    expect(() => checkEnv(() => new StatefulEnv({ ...frozenLake(), observation }))).toThrow(RangeError);
  });

  it("impossible models", () => {
    expect(() => checkModel({ ...base, initial: new Float64Array(16) })).toThrow("sums to 0");
    expect(() => checkModel({ ...base, transitions: () => [] })).toThrow("The model has no action in state");
    const beyond = { probability: 1, next: 16, reward: 0, terminated: false };
    expect(() => checkModel({ ...base, transitions: () => [beyond] })).toThrow(
      "an impossible outcome in state",
    );
  });
});
