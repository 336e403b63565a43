import { describe, expect, it } from "vitest";
import { asEnv } from "../../src/rl/adopt.ts";
import { checkEnv } from "../../src/rl/checker.ts";
import { type EnvLike, functionalBase, modelOf, type ResetArguments } from "../../src/rl/env.ts";
import { frozenLake } from "../../src/rl/envs/frozen-lake.ts";
import {
  type EnvSpec,
  make,
  makeFunctional,
  register,
  registeredEnvs,
  timeLimitOf,
} from "../../src/rl/make.ts";
import { type Generator, npRandom } from "../../src/rl/random.ts";
import { Box, Dict, Discrete } from "../../src/rl/spaces.ts";
import { makeVec, VectorEnv } from "../../src/rl/vector.ts";
import { NormalizeObservation } from "../../src/rl/wrappers/normalize-observation.ts";
import { RecordEpisodeStatistics } from "../../src/rl/wrappers/record-episode-statistics.ts";
import { TimeLimit } from "../../src/rl/wrappers/time-limit.ts";

/** A user's class as Gymnasium's documentation would have it: walk to the target on a line. */
class Line implements EnvLike<Float32Array, number> {
  readonly observationSpace: Box;
  readonly actionSpace = new Discrete(2);
  readonly actionNames = ["left", "right"];
  readonly #length: number;
  #rng: Generator = npRandom();
  #at = 0;

  constructor({ length = 5 }: { length?: number } = {}) {
    this.#length = length;
    this.observationSpace = new Box(-length, length, [1]);
  }

  reset({ seed }: ResetArguments = {}) {
    if (seed !== undefined) this.#rng = npRandom(seed);
    this.#at = this.#rng.integers(-1, 2);
    return { observation: this.#look(), info: {} };
  }

  step(action: number) {
    this.#at += action === 1 ? 1 : -1;
    const terminated = Math.abs(this.#at) >= this.#length;
    return { observation: this.#look(), reward: terminated ? 1 : 0, terminated, truncated: false, info: {} };
  }

  #look(): Float32Array {
    return Float32Array.of(this.#at);
  }
}

const LINE: EnvSpec = {
  id: "Line-v0",
  make: (options: { length?: number }) => new Line(options),
  about: "walk to an end of a line",
  maxEpisodeSteps: 50,
};
register(LINE);

describe("a user's own class", () => {
  it("is made by its registered name, with its options and time limit", () => {
    const env = make("Line-v0", { length: 2 });
    expect(String(env)).toBe("<TimeLimit<Line-v0>>");
    env.reset({ seed: 1 });
    let steps = 0;
    for (let end = false; !end; steps++) end = env.step(1).terminated;
    expect(steps).toBeLessThanOrEqual(3);
    expect(String(make("Line-v0", { maxEpisodeSteps: 0 }))).toBe("<Line-v0>");
    expect(timeLimitOf("Line-v0")).toBe(50);
    expect(registeredEnvs().at(-1)).toBe(LINE);
    expect(registeredEnvs().map(({ id }) => id)).toContain("FrozenLake-v1");
  });

  it("is taken by make as a spec, without registering", () => {
    expect(make({ ...LINE, id: "Other-v0" }).id).toBe("Other-v0");
  });

  it("is taken by wrappers as it is", () => {
    const env = new RecordEpisodeStatistics(new NormalizeObservation(new TimeLimit(new Line(), 3)));
    expect(String(env)).toBe("<RecordEpisodeStatistics<NormalizeObservation<TimeLimit<Line>>>>");
    env.reset({ seed: 0 });
    env.step(0);
    env.step(1);
    expect(env.step(0).info.episode).toMatchObject({ r: 0, l: 3 });
    expect(env.render()).toContain("Line has no render()");
    expect(env.renderSvg()).toMatch(/^<svg/);
  });

  it("passes the checker as a class, by name, and in a stack", () => {
    checkEnv(() => new Line(), { steps: 60 });
    checkEnv(() => make("Line-v0"), { steps: 60 });
    checkEnv(() => new RecordEpisodeStatistics(new Line()), { steps: 60 });
  });

  it("is kept in order: reset first, actions of the space, nothing after the end", () => {
    const env = asEnv(new Line({ length: 1 }));
    expect(() => env.step(0)).toThrow("Line: step() before reset(). Call reset() first.");
    env.reset({ seed: 1 });
    expect(() => env.step(2)).toThrow("Line: 2 is not an action. Expected one of Discrete(2).");
    expect(env.step(1).terminated).toBe(true);
    expect(() => env.step(1)).toThrow("Line: step() after the end of the episode. Call reset()");
  });

  it("stands in vectors, by name or by a function that makes it", () => {
    for (const vec of [
      makeVec("Line-v0", 3, { length: 2, maxEpisodeSteps: 4 }),
      new VectorEnv(() => new TimeLimit(new Line({ length: 2 }), 4), 3),
    ]) {
      const twins = [0, 1, 2].map(() => new TimeLimit(new Line({ length: 2 }), 4));
      const { observations } = vec.reset({ seed: 7 });
      expect([...observations]).toEqual(twins.map((env, i) => env.reset({ seed: 7 + i }).observation[0]));
      const actions = Int32Array.of(0, 1, 1);
      const over = [false, false, false];
      for (let t = 0; t < 20; t++) {
        const got = vec.step(actions);
        twins.forEach((env, i) => {
          const was = over[i];
          const result = was
            ? { ...env.reset(), reward: 0, terminated: false, truncated: false }
            : env.step(actions[i]!);
          over[i] = result.terminated || result.truncated;
          expect([
            got.observations[i],
            got.rewards[i],
            got.terminations[i],
            got.truncations[i],
            got.resets[i],
          ]).toEqual([
            result.observation[0],
            result.reward,
            result.terminated ? 1 : 0,
            result.truncated ? 1 : 0,
            was ? 1 : 0,
          ]);
        });
      }
      vec.close();
    }
    const one = new Line();
    expect(() => new VectorEnv(() => one, 2)).not.toThrow();
  });

  it("has no model and no pure functions, and says so", () => {
    expect(() => modelOf(make("Line-v0"))).toThrow(
      "Line-v0 has no exact model: it is not made of pure functions",
    );
    expect(() => functionalBase(make("Line-v0"))).toThrow("Line-v0 is not made of pure functions");
    expect(() => makeFunctional("Line-v0")).toThrow("Line-v0 is not made of pure functions: use make().");
    expect(() => make("Line-v0").snapshot()).toThrow("Line-v0 cannot be saved in mid-episode");
  });
});

describe("register", () => {
  it("refuses a name that is taken, and what is no spec; the same again is no mistake", () => {
    register(LINE);
    expect(() => register({ ...LINE, make: () => new Line() })).toThrow(
      'the environment "Line-v0" already exists. Choose another id, such as "Line-v1".',
    );
    expect(() => register({ id: "FrozenLake-v1", make: () => new Line() })).toThrow(
      'such as "FrozenLake-v2"',
    );
    expect(() => register({ id: "" } as EnvSpec)).toThrow("register: expected {");
    expect(() => register({ ...LINE, id: "X-v0", maxEpisodeSteps: 1.5 })).toThrow(
      "X-v0: maxEpisodeSteps must be",
    );
    expect(() => make("Lime-v0")).toThrow('Did you mean "Line-v0"?');
  });

  it("takes pure functions as well, with their model", () => {
    register({ id: "TinyLake-v0", make: () => frozenLake({ desc: ["SFG"] }) });
    const env = make("TinyLake-v0");
    expect(env.id).toBe("TinyLake-v0");
    expect(modelOf(env).nStates).toBe(3);
  });

  it("says what is missing from what is no environment", () => {
    expect(() => asEnv({ reset: () => ({}) } as never)).toThrow(
      "this environment is not an environment: it lacks step() and observationSpace and actionSpace",
    );
    expect(() => asEnv(undefined as never)).toThrow("undefined is not an environment");
    register({ id: "Nothing-v0", make: () => ({}) as never });
    expect(() => make("Nothing-v0")).toThrow("Nothing-v0 is not an environment: it lacks reset()");
  });
});

describe("an environment in the middle of an episode", () => {
  it.each(["Taxi-v3", "CartPole-v1", "Blackjack-v1", "BlockingMaze-v0", "Bandit-v0"])("%s: goes on", (id) => {
    const stack = () => new RecordEpisodeStatistics(make(id, { maxEpisodeSteps: 12 }));
    const env = stack();
    const play = (of: ReturnType<typeof stack>): string => {
      const seen: unknown[] = [];
      for (let t = 0; t < 40; t++) {
        const { info, ...result } = of.step(0);
        seen.push([result, info.episode === undefined ? 0 : { ...info.episode, t: 0 }]);
        if (result.terminated || result.truncated) seen.push(of.reset().observation);
      }
      return JSON.stringify(seen);
    };
    env.reset({ seed: 5 });
    for (let t = 0; t < 3; t++) {
      const { terminated } = env.step(0);
      if (terminated) env.reset();
    }
    const saved = structuredClone(env.snapshot());
    const first = play(env);
    expect(play(env)).not.toBe(undefined);
    env.restore(saved);
    expect(play(env)).toBe(first);
    const other = stack();
    other.restore(saved);
    expect(play(other)).toBe(first);
  });
});

it("Dict: an order of its own, whatever JavaScript does with keys like numbers", () => {
  const part = { "10": new Discrete(10), "9": new Discrete(9), a: new Discrete(2) };
  const sorted = new Dict(part);
  expect(sorted.keys).toEqual(["10", "9", "a"]);
  expect(String(sorted)).toBe("Dict('10': Discrete(10), '9': Discrete(9), 'a': Discrete(2))");
  const given = new Dict([
    ["9", new Discrete(1000)],
    ["10", new Discrete(1000)],
  ]);
  expect(given.keys).toEqual(["9", "10"]);
  // Seeds and draws go by the order: the other order gives the other numbers.
  const turned = new Dict([
    ["10", new Discrete(1000)],
    ["9", new Discrete(1000)],
  ]);
  given.seed(3);
  turned.seed(3);
  const [x, y] = [given.sample() as Record<string, number>, turned.sample() as Record<string, number>];
  expect([x["9"], x["10"]]).toEqual([y["10"], y["9"]]);
  expect(given.contains(x)).toBe(true);
  expect(
    () =>
      new Dict([
        ["a", new Discrete(2)],
        ["a", new Discrete(3)],
      ]),
  ).toThrow('the key "a" is given twice');
});
