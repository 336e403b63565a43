import { describe, expect, it } from "vitest";
import { make, timeLimitOf } from "../../src/rl/make.ts";
import { npRandom } from "../../src/rl/random.ts";
import { type AutoresetMode, makeVec } from "../../src/rl/vector.ts";

const N = 5;
const STEPS = 400;

/** Actions that are always allowed, from the scalar environment's own mask. */
function choose(id: string, mask: ArrayLike<number> | undefined, n: number, u: number): number {
  if (mask === undefined || id.startsWith("Taxi")) return Math.floor(u * n);
  const allowed = Array.from(mask, (m, a) => (m === 1 ? a : -1)).filter((a) => a >= 0);
  return allowed[Math.floor(u * allowed.length)]!;
}

const row = (x: unknown): number[] =>
  typeof x === "number" ? [x] : [...(x as ArrayLike<number> & Iterable<number>)];

/** Scalar environments stepped as Gymnasium's SyncVectorEnv does. */
function reference(id: string, mode: AutoresetMode, options: object) {
  const envs = Array.from({ length: N }, () => make(id, options));
  const over = Array<boolean>(N).fill(false);
  const rng = npRandom(99);
  let last = envs.map((env, i) => env.reset({ seed: 10 + i }));
  const starts = last.map((r) => row(r.observation));
  const n = (envs[0]!.actionSpace as unknown as { n: number }).n;
  const rows: { actions: number[]; results: (number | boolean)[][]; finals: (number[] | undefined)[] }[] = [];
  for (let t = 0; t < STEPS; t++) {
    const actions = last.map((r) =>
      choose(id, r.info.action_mask as ArrayLike<number> | undefined, n, rng.random()),
    );
    const finals: (number[] | undefined)[] = Array(N).fill(undefined);
    const results = envs.map((env, i) => {
      if (over[i] === true) {
        over[i] = false;
        const begun = env.reset();
        last[i] = begun;
        return [...row(begun.observation), 0, false, false];
      }
      const result = env.step(actions[i]!);
      last[i] = result;
      let shown = result.observation;
      if (result.terminated || result.truncated) {
        if (mode === "NextStep") over[i] = true;
        else {
          finals[i] = row(result.observation);
          const begun = env.reset();
          last[i] = begun;
          shown = begun.observation;
        }
      }
      return [...row(shown), result.reward, result.terminated, result.truncated];
    });
    last = [...last];
    rows.push({ actions, results, finals });
  }
  return { starts, rows };
}

const IDS: readonly (readonly [string, object])[] = [
  ["FrozenLake-v1", {}],
  ["Taxi-v3", { max_episode_steps: 30 }],
  ["CliffWalkingSlippery-v1", { max_episode_steps: 50 }],
  ["Blackjack-v1", {}],
  ["CartPole-v1", { max_episode_steps: 25 }],
  ["MountainCar-v0", { max_episode_steps: 60 }],
  ["GamblersProblem-v0", {}],
  ["CarRental-v0", { max_episode_steps: 20 }],
  ["BlockingMaze-v0", { change_at: 50 }],
  ["Bandit-v0", { max_episode_steps: 20 }],
];

describe("a vector does what its environments do one by one, with the same seeds", () => {
  for (const mode of ["NextStep", "SameStep"] as const) {
    it.each(IDS)(`${mode} %s`, (id, options) => {
      const want = reference(id, mode, options);
      const vec = makeVec(id, N, { ...options, autoreset_mode: mode });
      const { observations } = vec.reset({ seed: 10 });
      const { width } = vec;
      const at = (rows: ArrayLike<number>, i: number): number[] =>
        Array.from({ length: width }, (_, j) => rows[i * width + j]!);
      expect(want.starts.map((_, i) => at(observations, i))).toEqual(want.starts);
      const got = want.rows.map(({ actions, finals }) => {
        const step = vec.step(Int32Array.from(actions));
        return {
          actions,
          results: actions.map((_, i) => [
            ...at(step.observations, i),
            step.rewards[i]!,
            step.terminations[i] === 1,
            step.truncations[i] === 1,
          ]),
          finals: finals.map((final, i) => (final === undefined ? undefined : at(step.finalObservations, i))),
        };
      });
      expect(got).toEqual(want.rows);
      const ends = want.rows.flatMap((r) => r.results).filter((line) => line.slice(-2).includes(true));
      expect(ends.length).toBeGreaterThan(0);
    });
  }
});

describe("VectorEnv", () => {
  it("reports returns and lengths of the episodes that end", () => {
    for (const mode of ["NextStep", "SameStep"] as const) {
      const vec = makeVec("CartPole-v1", 3, { autoreset_mode: mode, max_episode_steps: 4 });
      vec.reset({ seed: 0 });
      const actions = Int32Array.of(0, 1, 0);
      for (let t = 1; t <= 4; t++) vec.step(actions);
      const at4 = vec.step(actions);
      if (mode === "NextStep") {
        expect([...at4.episodeLengths]).toEqual([0, 0, 0]);
        expect([...at4.rewards]).toEqual([0, 0, 0]);
      } else expect([...at4.episodeLengths]).toEqual([1, 1, 1]);
      for (let t = 0; t < (mode === "NextStep" ? 4 : 3); t++) vec.step(actions);
      const again = vec.reset({ seed: 0 }) && Array.from({ length: 4 }, () => vec.step(actions)).at(-1)!;
      expect([...again.episodeReturns]).toEqual([4, 4, 4]);
      expect([...again.episodeLengths]).toEqual([4, 4, 4]);
      expect([...again.truncations]).toEqual([1, 1, 1]);
    }
  });

  it("Disabled: refuses to step on, and resets by mask", () => {
    const vec = makeVec("FrozenLake-v1", 2, {
      is_slippery: false,
      desc: ["SFG"],
      autoreset_mode: "Disabled",
    });
    expect(() => vec.reset({ resetMask: [1, 0] })).toThrow("the first reset() is for all");
    vec.reset({ seed: 0 });
    vec.step(Int32Array.of(2, 0));
    expect([...vec.step(Int32Array.of(2, 0)).terminations]).toEqual([1, 0]);
    expect(() => vec.step(Int32Array.of(0, 0))).toThrow(
      "the episode of environment 0 has ended and autoreset is Disabled",
    );
    vec.reset({ resetMask: [1, 0] });
    expect([...vec.step(Int32Array.of(2, 2)).observations]).toEqual([1, 1]);
    expect(() => vec.reset({ resetMask: [1] })).toThrow("a reset mask of 1 entries for 2 environments");
  });

  it("takes a list of seeds, and tells infos on demand", () => {
    const vec = makeVec("Taxi-v3", 2);
    const [a, b] = vec.reset({ seed: [5, 5] }).observations;
    expect(a).toBe(b);
    expect(a).toBe(make("Taxi-v3").reset({ seed: 5 }).observation);
    expect(vec.info(1)).toEqual(make("Taxi-v3").reset({ seed: 5 }).info);
    expect(() => vec.reset({ seed: [1] })).toThrow("1 seeds for 2 environments");
  });

  it("returns the same arrays from every step", () => {
    const vec = makeVec("MountainCar-v0", 4);
    vec.reset({ seed: 1 });
    const first = vec.step(new Int32Array(4));
    expect(vec.step(new Int32Array(4))).toBe(first);
  });

  it("refuses what it cannot do, with sentences", () => {
    const vec = makeVec("FrozenLake-v1", 2);
    expect(() => vec.step(new Int32Array(2))).toThrow("FrozenLake-v1: step() before reset()");
    vec.reset({ seed: 0 });
    expect(() => vec.step(new Int32Array(3))).toThrow("3 actions for 2 environments");
    expect(() => vec.step(Int32Array.of(0, 4))).toThrow("action 4 of environment 1 is not in Discrete(4)");
    expect(() => makeVec("FrozenLake-v1", 0)).toThrow("a whole number ≥ 1, not 0");
    expect(() => makeVec("FrozenLake-v1", 1, { autoreset_mode: "Never" as AutoresetMode })).toThrow(
      'unknown autoreset mode "Never": NextStep, SameStep, Disabled',
    );
    const gambler = makeVec("GamblersProblem-v0", 1);
    gambler.reset({ seed: 0 });
    expect(() => gambler.step(Int32Array.of(0))).toThrow("action 0 is not available to environment 0");
    expect(String(vec)).toBe("VectorEnv(FrozenLake-v1, numEnvs=2, autoresetMode=NextStep)");
    expect(timeLimitOf("Taxi-v3", {})).toBe(200);
  });
});
