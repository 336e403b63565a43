import { describe, expect, it } from "vitest";
import type { FunctionalEnv } from "../../src/rl/env.ts";
import { make, timeLimitOf } from "../../src/rl/make.ts";
import { npRandom } from "../../src/rl/random.ts";
import { Box, MultiDiscrete } from "../../src/rl/spaces.ts";
import { AutoresetMode, makeVec, VectorEnv, type VectorStep } from "../../src/rl/vector.ts";
import { VectorNormalizeObservation, VectorNormalizeReward } from "../../src/rl/vector-normalize.ts";

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
  ["Acrobot-v1", { max_episode_steps: 70 }],
  ["MinAtar/SpaceInvaders-v1", { max_episode_steps: 90 }],
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

/** A cart on a line: Box or MultiDiscrete actions push it; the state is what the pushes add up to. */
function cart<A extends Int32Array | Float32Array>(
  actionSpace: FunctionalEnv<number, Float32Array, A>["actionSpace"],
) {
  const env: FunctionalEnv<number, Float32Array, A> = {
    id: "Cart-v0",
    observationSpace: new Box(-100, 100, [2]),
    actionSpace,
    initial: (rng) => rng.integers(3),
    transition: (x, action, rng) => x + action[0]! - action[1]! + 0.25 * rng.integers(2),
    observation: (x) => Float32Array.of(x, -x),
    reward: (x, _action, next) => next - x,
    terminal: (x) => Math.abs(x) > 4,
    render: (x) => `at ${x}`,
  };
  return env;
}

describe("actions of several numbers", () => {
  it.each([
    ["Box", cart(new Box(-1, 1, [2])), Float32Array.of(1, -0.5, 0.25, 1, -1, 1)],
    ["MultiDiscrete", cart(new MultiDiscrete([3, 2])), Int32Array.of(2, 0, 1, 1, 0, 1)],
  ])("%s: a row for each environment", (_kind, env, actions) => {
    const functional = env as FunctionalEnv<number, Float32Array, Float32Array | Int32Array>;
    const vec = new VectorEnv(functional, 3, { maxEpisodeSteps: 6, autoresetMode: AutoresetMode.SAME_STEP });
    expect([vec.actionWidth, vec.makeActions().constructor]).toEqual([2, actions.constructor]);
    const rngs = [4, 5, 6].map((seed) => npRandom(seed));
    let states = rngs.map((rng) => functional.initial(rng));
    expect([...vec.reset({ seed: 4 }).observations]).toEqual(states.flatMap((x) => [x, -x]));
    const lengths = [0, 0, 0];
    for (let t = 0; t < 30; t++) {
      const step = vec.step(actions as Float32Array);
      states = states.map((x, i) => {
        const action = actions.slice(2 * i, 2 * i + 2);
        const next = functional.transition(x, action, rngs[i]!);
        lengths[i] = lengths[i]! + 1;
        const [terminated, truncated] = [functional.terminal(next), lengths[i]! >= 6];
        expect([step.rewards[i], step.terminations[i], step.truncations[i]]).toEqual([
          functional.reward(x, action, next),
          terminated ? 1 : 0,
          truncated ? 1 : 0,
        ]);
        if (!terminated && !truncated) return next;
        expect(Array.from(step.finalObservations.slice(2 * i, 2 * i + 2))).toEqual([next, -next]);
        lengths[i] = 0;
        return functional.initial(rngs[i]!);
      });
      expect([...step.observations]).toEqual(states.flatMap((x) => [x, -x]));
    }
  });

  it("are refused with a sentence where they do not fit", () => {
    const vec = new VectorEnv(cart(new Box(-1, 1, [2])), 2);
    vec.reset({ seed: 0 });
    expect(() => vec.step(new Float32Array(3))).toThrow(
      "Cart-v0: 3 actions for 2 environments of 2 numbers each",
    );
    expect(() => vec.step(new Float64Array(4))).toThrow(
      "actions must be a Float32Array (makeActions() makes one), not a Float64Array",
    );
    expect(() => vec.step(Float32Array.of(0, 0, 0, 1.5))).toThrow(
      "Cart-v0: action 0, 1.5 of environment 1 is not in Box(-1, 1, (2,), float32)",
    );
    expect(() => vec.step(Float32Array.of(0, Number.NaN, 0, 0))).toThrow("of environment 0 is not in");
    const odd = { ...cart(new Box(-1, 1, [2])), reward: () => Number.NaN };
    const paid = new VectorEnv(odd, 1);
    paid.reset();
    expect(() => paid.step(new Float32Array(2))).toThrow("environment 0 gave the reward NaN");
  });
});

describe("autoreset", () => {
  const lake = (autoresetMode: AutoresetMode) => {
    const vec = makeVec("FrozenLake-v1", 2, { is_slippery: false, desc: ["SFG"], autoresetMode });
    vec.reset({ seed: 0 });
    return vec;
  };
  const right = Int32Array.of(2, 0);

  it("tells the last observation in every mode, and which steps only reset", () => {
    for (const mode of Object.values(AutoresetMode)) {
      const vec = lake(mode);
      vec.step(right);
      const end = vec.step(right);
      expect([...end.terminations]).toEqual([1, 0]);
      expect(end.finalObservations[0]).toBe(2);
      expect(end.observations[0]).toBe(mode === AutoresetMode.SAME_STEP ? 0 : 2);
      expect([...end.resets]).toEqual([0, 0]);
      expect([end.episodeReturns[0], end.episodeLengths[0]]).toEqual([1, 2]);
      if (mode === AutoresetMode.DISABLED) continue;
      const after = vec.step(right);
      expect([...after.resets]).toEqual([mode === AutoresetMode.NEXT_STEP ? 1 : 0, 0]);
      expect(after.observations[0]).toBe(mode === AutoresetMode.NEXT_STEP ? 0 : 1);
      // The first step of the new episode counts.
      expect(after.episodeLengths[0]).toBe(mode === AutoresetMode.NEXT_STEP ? 0 : 1);
    }
    expect(AutoresetMode).toEqual({ NEXT_STEP: "NextStep", SAME_STEP: "SameStep", DISABLED: "Disabled" });
  });
});

/** All of a step, the last observations only of those that ended: other rows hold what was there before. */
function texts({ finalObservations, ...step }: VectorStep): string {
  const n = step.rewards.length;
  const width = finalObservations.length / n;
  const finals = Array.from(finalObservations, (x, k) => {
    const i = Math.floor(k / width);
    return step.terminations[i] === 1 || step.truncations[i] === 1 ? x : 0;
  });
  return JSON.stringify([finals, Object.values(step).map((rows: ArrayLike<number>) => Array.from(rows))]);
}

describe("a vector in the middle of its episodes", () => {
  it.each(IDS)("%s goes on from a snapshot", (id, given) => {
    const options = given as Record<string, unknown>;
    for (const autoresetMode of [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP]) {
      const make3 = () => makeVec(id, 3, { ...options, autoresetMode });
      const vec = make3();
      vec.reset({ seed: 1 });
      const actions = vec.makeActions() as Int32Array;
      const play = (of: VectorEnv, steps: number): string => {
        const seen: unknown[] = [];
        for (let t = 0; t < steps; t++) {
          const masks = of.actionMasks();
          const n = masks === undefined ? 0 : masks.length / 3;
          for (let i = 0; i < 3; i++) {
            const allowed = masks === undefined ? 0 : masks.subarray(i * n, (i + 1) * n).indexOf(1);
            actions[i] = Math.max(allowed, 0);
          }
          seen.push(texts(of.step(actions)));
        }
        return seen.join();
      };
      play(vec, 37);
      const saved = structuredClone(vec.snapshot());
      const ahead = play(vec, 50);
      const other = make3();
      other.restore(saved);
      expect(play(other, 50) === ahead).toBe(true);
      vec.restore(saved);
      expect(play(vec, 50) === ahead).toBe(true);
    }
    expect(() => makeVec(id, 2, options).restore(makeVec(id, 3, options).snapshot())).toThrow(
      "a snapshot of 3 environments for 2",
    );
  });

  it("tells masks of all rows at once", () => {
    const vec = makeVec("Taxi-v3", 2);
    vec.reset({ seed: 5 });
    expect([...vec.actionMasks()!]).toEqual(
      [0, 1].flatMap((i) => [...(vec.info(i).action_mask as Int8Array)]),
    );
    const lakes = makeVec("FrozenLake-v1", 2);
    lakes.reset();
    expect(lakes.actionMasks()).toBeUndefined();
  });
});

describe("a step allocates nothing", () => {
  const ids = [
    "FrozenLake-v1",
    "Taxi-v3",
    "CartPole-v1",
    "MountainCar-v0",
    "Blackjack-v1",
    "Acrobot-v1",
    "Pendulum-v1",
    "MountainCarContinuous-v0",
    "MinAtar/Breakout-v0",
  ];
  it.each(ids)("%s", (id) => {
    const vec = makeVec(id, 256, { autoresetMode: AutoresetMode.SAME_STEP });
    vec.reset({ seed: 0 });
    const { n = 2 } = vec.singleActionSpace as { n?: number };
    const actions = vec.makeActions().map((_, i) => i % n) as Int32Array;
    const steps = (count: number): void => {
      for (let t = 0; t < count; t++) vec.step(actions);
    };
    steps(1500);
    // Half a million steps of an environment; a number on the heap for each would be eight million bytes.
    const grown = [1, 2, 3, 4].map(() => {
      const before = process.memoryUsage().heapUsed;
      steps(2000);
      return Math.abs(process.memoryUsage().heapUsed - before);
    });
    // A collection of earlier garbage may fall into one of the tries.
    expect(Math.min(...grown)).toBeLessThan(500_000);
  });
});

describe("normalising vectors", () => {
  const run = (vec: VectorNormalizeObservation | VectorNormalizeReward, steps: number): string => {
    const rng = npRandom(3);
    const actions = vec.makeActions();
    const seen: string[] = [];
    for (let t = 0; t < steps; t++) {
      for (let i = 0; i < actions.length; i++) actions[i] = rng.integers(2);
      seen.push(texts(vec.step(actions)));
    }
    return seen.join();
  };
  const cartPoles = () =>
    makeVec("CartPole-v1", 4, { autoresetMode: AutoresetMode.SAME_STEP, maxEpisodeSteps: 20 });

  it("observations: the moments are those of all that was seen", () => {
    const [raw, vec] = [cartPoles(), new VectorNormalizeObservation(cartPoles(), { clip: 3 })];
    const seen: number[][] = [[], [], [], []];
    const look = (rows: ArrayLike<number>): void => {
      for (let k = 0; k < rows.length; k++) seen[k % 4]!.push(rows[k]!);
    };
    look(raw.reset({ seed: 9 }).observations);
    vec.reset({ seed: 9 });
    const actions = Int32Array.of(0, 1, 1, 0);
    for (let t = 0; t < 60; t++) {
      const plain = raw.step(actions);
      look(plain.observations);
      const got = vec.step(actions);
      const { mean, variance } = vec.moments;
      for (let k = 0; k < 16; k++) {
        const want = (plain.observations[k]! - mean[k % 4]!) / Math.sqrt(variance[k % 4]! + 1e-8);
        expect(got.observations[k]).toBeCloseTo(Math.min(Math.max(want, -3), 3), 5);
        if (plain.terminations[k >> 2] !== 1 && plain.truncations[k >> 2] !== 1) continue;
        const final = (plain.finalObservations[k]! - mean[k % 4]!) / Math.sqrt(variance[k % 4]! + 1e-8);
        expect(got.finalObservations[k]).toBeCloseTo(Math.min(Math.max(final, -3), 3), 5);
      }
    }
    seen.forEach((xs, j) => {
      const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
      const variance = xs.reduce((a, b) => a + (b - mean) ** 2, 0) / xs.length;
      expect(vec.moments.mean[j]).toBeCloseTo(mean, 6);
      expect(vec.moments.variance[j]! / variance).toBeCloseTo(1, 3);
    });
  });

  it("rewards: sums begin with their episodes, and resets are no rewards", () => {
    for (const autoresetMode of [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP]) {
      const vec = new VectorNormalizeReward(
        makeVec("FrozenLake-v1", 1, { is_slippery: false, desc: ["SG"], autoresetMode, maxEpisodeSteps: 3 }),
        { gamma: 0.5 },
      );
      vec.reset({ seed: 0 });
      // Left, left, right (the goal, and the time limit); then again.
      const sums = [0, 0, 1, 0, 0, 1];
      const rewards: number[] = [];
      for (const a of [0, 0, 2, 0, 0, 2].flatMap((x, t) =>
        t === 3 && autoresetMode === "NextStep" ? [1, x] : [x],
      )) {
        const { rewards: paid, resets } = vec.step(Int32Array.of(a));
        if (resets[0] === 0) rewards.push(paid[0]!);
      }
      const count = sums.length + 1e-4;
      const mean = sums.reduce((a, b) => a + b, 0) / count;
      const squares = sums.reduce((a, b) => a + (b - mean) ** 2, 0) + 1e-4 * (1 + mean ** 2);
      expect(vec.moments.mean[0]).toBeCloseTo(mean, 10);
      expect(vec.moments.variance[0]).toBeCloseTo(squares / count, 10);
      expect(rewards.at(-1)).toBeCloseTo(1 / Math.sqrt(squares / count + 1e-8), 10);
      expect(rewards.filter((r) => r === 0)).toHaveLength(4);
    }
  });

  it("can be frozen, saved and restored", () => {
    for (const wrap of [
      (vec: VectorEnv) => new VectorNormalizeObservation(vec),
      (vec: VectorEnv) => new VectorNormalizeReward(vec),
    ]) {
      const vec = wrap(cartPoles());
      vec.reset({ seed: 2 });
      run(vec, 30);
      const saved = structuredClone(vec.snapshot());
      const ahead = run(vec, 30);
      const other = wrap(cartPoles());
      other.restore(saved);
      expect(run(other, 30) === ahead).toBe(true);
      vec.updateRunningMean = false;
      const before = vec.moments.state();
      run(vec, 10);
      vec.reset();
      expect(vec.moments.state()).toEqual(before);
      expect(String(vec)).toMatch(/^<Normalize(Observation|Reward)VectorEnv\(CartPole-v1/);
    }
    expect(() => new VectorNormalizeObservation(makeVec("Taxi-v3", 2))).toThrow(
      "needs observations from a Box",
    );
  });
});
