import { describe, expect, it } from "vitest";
import { checkEnv, checkModel } from "../../src/rl/checker.ts";
import {
  type Env,
  type FunctionalEnv,
  type ResetArguments,
  type ResetResult,
  StatefulEnv,
  type StepResult,
} from "../../src/rl/env.ts";
import { cartPole } from "../../src/rl/envs/cart-pole.ts";
import { frozenLake } from "../../src/rl/envs/frozen-lake.ts";
import { environments, make } from "../../src/rl/make.ts";
import { Box, Discrete } from "../../src/rl/spaces.ts";
import { ActionMask } from "../../src/rl/wrappers/action-mask.ts";
import { EpisodeStatistics } from "../../src/rl/wrappers/episode-statistics.ts";
import { FrameStack } from "../../src/rl/wrappers/frame-stack.ts";
import { RecordEpisode } from "../../src/rl/wrappers/record-episode.ts";
import { Wrapper } from "../../src/rl/wrappers/wrapper.ts";

describe("the checker passes", () => {
  it.each(Object.keys(environments))("%s", (id) => {
    checkEnv(() => make(id), { steps: 60 });
  });

  it("wrapped environments", () => {
    checkEnv(() => new EpisodeStatistics(new RecordEpisode(make("FrozenLake-v1"))), { steps: 25 });
    checkEnv(() => new FrameStack(make("CartPole-v1"), 3), { steps: 25 });
    checkEnv(() => new ActionMask(make("Taxi-v3")), { steps: 25 });
    checkEnv(() => make("WindyGridworld-v0", { king: true, stay: true, stochastic: true }), { steps: 25 });
    checkEnv(() => make("Blackjack-v1", { sab: false, natural: true }), { steps: 25 });
  });
});

/** A lake with one function replaced. */
function lake(change: Partial<FunctionalEnv<{ next: number } & object, number, number>>): () => Env {
  return () =>
    new StatefulEnv({ ...frozenLake(), ...change } as FunctionalEnv<unknown, unknown, unknown>) as Env;
}

/** CartPole behind a wrapper that spoils something. */
class Spoiled extends Wrapper<Float32Array, number> {
  readonly name = "Spoiled";
  private readonly spoil: {
    reset?: (env: Env<Float32Array, number>, how?: ResetArguments) => unknown;
    step?: (env: Env<Float32Array, number>, action: number) => unknown;
    render?: () => string;
  };

  constructor(spoil: Spoiled["spoil"]) {
    super(new StatefulEnv(cartPole()));
    this.spoil = spoil;
  }

  reset(how?: ResetArguments): ResetResult<Float32Array> {
    return (this.spoil.reset?.(this.env, how) ?? this.env.reset(how)) as ResetResult<Float32Array>;
  }

  step(action: number): StepResult<Float32Array> {
    return (this.spoil.step?.(this.env, action) ?? this.env.step(action)) as StepResult<Float32Array>;
  }

  override render(): string {
    return this.spoil.render === undefined ? super.render() : this.spoil.render();
  }
}

const shared = new Float32Array(4);
class Leaky extends Discrete {
  override contains(x: unknown): x is number {
    return super.contains(x) && x !== 2;
  }
}
class Seedless extends Discrete {
  override seed(): void {}
}

const base = frozenLake().table;
const broken: readonly (readonly [string, () => Env, string])[] = [
  ["a space without sample()", lake({ actionSpace: {} as Discrete }), "The action space is not a space"],
  [
    "a space that refuses its samples",
    lake({ actionSpace: new Leaky(4) }),
    "The action space Discrete(4) does not contain its own sample 2.",
  ],
  [
    "a space that ignores seeds",
    lake({ actionSpace: new Seedless(4) }),
    "gives other samples for the same seed",
  ],
  [
    "an observation outside the space",
    lake({ observationSpace: new Discrete(3) }),
    "is not in the observation space Discrete(3)",
  ],
  [
    "a reset that returns only the observation",
    () => new Spoiled({ reset: (env, how) => env.reset(how).observation }),
    "reset() must return { observation, info }",
  ],
  [
    "a reset without info",
    () => new Spoiled({ reset: (env, how) => ({ observation: env.reset(how).observation }) }),
    "reset() must return an info object, not undefined",
  ],
  [
    "a reward that is not finite",
    () => new Spoiled({ step: (env, a) => ({ ...env.step(a), reward: Number.NaN }) }),
    "The reward must be a finite number",
  ],
  [
    "terminated as a number",
    () => new Spoiled({ step: (env, a) => ({ ...env.step(a), terminated: 0 }) }),
    "terminated must be true or false, not 0",
  ],
  [
    "a forgotten truncated",
    () => new Spoiled({ step: (env, a) => ({ ...env.step(a), truncated: undefined }) }),
    "truncated must be true or false, not undefined",
  ],
  [
    "a float64 observation",
    () =>
      new Spoiled({
        step: (env, a) => {
          const result = env.step(a);
          return { ...result, observation: new Float64Array(result.observation) };
        },
      }),
    "The observation of step(), Float64Array(",
  ],
  [
    "one array for all observations",
    () =>
      new Spoiled({
        reset: (env, how) => {
          const result = env.reset(how);
          shared.set(result.observation);
          return { ...result, observation: shared };
        },
        step: (env, a) => {
          const result = env.step(a);
          shared.set(result.observation);
          return { ...result, observation: shared };
        },
      }),
    "step() changes an observation that it returned before",
  ],
  [
    "chance that no seed controls",
    lake({
      transition: (state, a) => base.transitions(state.next, a)[Math.floor(Math.random() * 3)] ?? state,
    }),
    "The same seed and the same actions give another trajectory",
  ],
  [
    "a reset that always starts from the same seed",
    () => new Spoiled({ reset: (env, how) => env.reset({ seed: 7, ...how }) }),
    "repeats the last seed's random numbers",
  ],
  [
    "a step before reset that works",
    () => {
      const env = make("FrozenLake-v1");
      env.reset();
      return env;
    },
    "step() before reset() must throw a sentence",
  ],
  [
    "an action space wider than the actions that are refused",
    () =>
      new Spoiled({
        step: (env, a) => env.step(a === 0 || a === 1 ? a : 0),
      }),
    "step(-1000000000) must throw a sentence",
  ],
  [
    "a step after the end that works",
    () => {
      let over = false;
      return new Spoiled({
        reset: (env, how) => {
          over = false;
          return env.reset(how);
        },
        step: (env, a) => {
          if (over) env.reset();
          const result = env.step(a);
          over = result.terminated;
          return result;
        },
      });
    },
    "step() after the end of an episode must throw a sentence",
  ],
  [
    "a mask of the wrong length",
    lake({ info: () => ({ action_mask: [1, 1] }) }),
    "info.action_mask has 2 entries for 4 actions",
  ],
  ["a picture that is empty", () => new Spoiled({ render: () => "" }), "render() must return a text"],
  [
    "a model whose probabilities do not sum to 1",
    lake({ model: () => ({ ...base, transitions: (s, a) => base.transitions(s, a).slice(0, 1) }) }),
    "The model's probabilities in state 0 (row 0, column 0) under left sum to 0.333",
  ],
  [
    "a model with other rewards than the steps",
    lake({
      model: () => ({
        ...base,
        transitions: (s, a) => base.transitions(s, a).map((o) => ({ ...o, reward: 5 })),
      }),
    }),
    "which the model does not have",
  ],
];

describe("the checker names what is wrong", () => {
  it.each(broken)("%s", (_name, env, sentence) => {
    expect(() => checkEnv(env)).toThrow(sentence);
  });

  it("each with its own sentence", () => {
    expect(new Set(broken.map(([, , sentence]) => sentence)).size).toBe(broken.length);
    expect(broken.length).toBeGreaterThanOrEqual(10);
  });

  it("an action that is changed", () => {
    const arena: FunctionalEnv<number, Float32Array, Float32Array> = {
      id: "Arena-v0",
      observationSpace: new Box(-1, 1),
      actionSpace: new Box(-1, 1),
      initial: () => 0,
      transition: (state, action) => {
        action[0] = 0.25;
        return state;
      },
      observation: () => new Float32Array(1),
      reward: () => 0,
      terminal: () => false,
      render: () => "arena",
    };
    expect(() => checkEnv(() => new StatefulEnv(arena) as Env)).toThrow("step() changes the action");
  });

  it("a defect of the environment itself keeps its own error", () => {
    const env = lake({
      observation: () => {
        throw new RangeError("a defect");
      },
    });
    expect(() => checkEnv(env)).toThrow(RangeError);
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
