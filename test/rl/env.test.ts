import { describe, expect, it } from "vitest";
import { type FunctionalEnv, modelOf, StatefulEnv } from "../../src/rl/env.ts";
import { blackjack } from "../../src/rl/envs/blackjack.ts";
import { cartPole } from "../../src/rl/envs/cart-pole.ts";
import { cliffWalking } from "../../src/rl/envs/cliff-walking.ts";
import { frozenLake, randomMap } from "../../src/rl/envs/frozen-lake.ts";
import { mountainCar } from "../../src/rl/envs/mountain-car.ts";
import { decodeTaxi, encodeTaxi, taxi } from "../../src/rl/envs/taxi.ts";
import { type EnvId, environments, make } from "../../src/rl/make.ts";
import { npRandom } from "../../src/rl/random.ts";
import { type BlackjackRow, golden, type TableRow } from "./golden.ts";

/** Follows a list of actions through Gymnasium's API, beginning anew after each end, as golden.py does. */
function follow(
  env: FunctionalEnv<unknown, number, number>,
  seed: number,
  actions: readonly number[],
): TableRow[] {
  const shell = new StatefulEnv(env);
  const rows: TableRow[] = [[shell.reset({ seed }).observation]];
  for (const action of actions) {
    const { observation, reward, terminated, truncated } = shell.step(action);
    expect(truncated).toBe(false);
    rows.push([observation, reward, terminated]);
    if (terminated) rows.push([shell.reset().observation]);
  }
  return rows;
}

describe("the seeded trajectories of Gymnasium", () => {
  it("FrozenLake", () => {
    expect(follow(frozenLake(), 42, golden.actions.four)).toEqual(golden.frozenLake);
  });

  it("CliffWalking, slippery", () => {
    expect(follow(cliffWalking({ is_slippery: true }), 7, golden.actions.four)).toEqual(golden.cliffSlippery);
  });

  it("Taxi", () => {
    expect(follow(taxi(), 42, golden.actions.six)).toEqual(golden.taxi);
  });

  it("Taxi in rain, as v3 has it and as v4 mended it", () => {
    for (const version of ["3", "4"] as const) {
      const { rows, next } = golden.taxiRain[version];
      const env = taxi({ is_rainy: true }, `Taxi-v${version}`);
      expect(follow(env, 42, golden.actions.six)).toEqual(rows);
      for (let cell = 0; cell < 25; cell++) {
        for (let a = 0; a < 4; a++) {
          const outcomes = env.table.transitions(cell * 20, a);
          expect(outcomes.map((o) => o.next)).toEqual(next[cell]![a]);
          expect(outcomes.map((o) => o.probability)).toEqual([0.8, expect.closeTo(0.1), expect.closeTo(0.1)]);
        }
      }
    }
    expect(golden.taxiRain["3"].next).not.toEqual(golden.taxiRain["4"].next);
  });

  it("Taxi with a fickle passenger, dry and in rain", () => {
    for (const [seed, options, { actions, rows }] of [
      [7, { fickle_passenger: true }, golden.taxiFickle],
      [8, { fickle_passenger: true, is_rainy: true }, golden.taxiFickleRain],
    ] as const) {
      const env = new StatefulEnv(taxi(options));
      const left = [...actions];
      const got: TableRow[] = [];
      for (const row of rows) {
        if (row.length === 1) got.push([env.reset(got.length === 0 ? { seed } : {}).observation]);
        else {
          const { observation, reward, terminated } = env.step(left.shift()!);
          got.push([observation, reward, terminated]);
        }
      }
      expect(got).toEqual(rows);
      // He did change his mind, and was delivered.
      expect(rows.some((row, i) => row.length === 3 && i > 0 && row[0] % 4 !== rows[i - 1]![0] % 4)).toBe(
        true,
      );
      expect(rows.some((row) => row[1] === 20)).toBe(true);
    }
  });

  it("Blackjack, by both rules", () => {
    const play = (
      options: { sab?: boolean; natural?: boolean },
      seed: number,
      games: number,
    ): BlackjackRow[] => {
      const env = new StatefulEnv(blackjack(options));
      const rows: BlackjackRow[] = [];
      for (let game = 0; game < games; game++) {
        let { observation } = env.reset(game === 0 ? { seed } : {});
        rows.push(observation);
        for (let end = false; !end; ) {
          const result = env.step(observation[0] < 12 + (game % 8) ? 1 : 0);
          ({ observation, terminated: end } = result);
          rows.push([...observation, result.reward, end]);
        }
      }
      return rows;
    };
    expect(play({ sab: true }, 42, 40)).toEqual(golden.blackjackSab);
    expect(play({ sab: false, natural: true }, 3, 60)).toEqual(golden.blackjackNatural);
    expect(golden.blackjackNatural.some((row) => row[3] === 1.5)).toBe(true);
  });

  it("CartPole and MountainCar", () => {
    const run = (env: FunctionalEnv<Float64Array, Float32Array, number>, actions: readonly number[]) => {
      const rng = npRandom(42);
      let state = env.initial(rng);
      const rows = [[...env.observation(state)]];
      for (const action of actions) {
        state = env.transition(state, action, rng);
        rows.push([...env.observation(state)]);
      }
      return rows;
    };
    for (const [got, want] of [
      [run(cartPole(), golden.actions.two), golden.cartPole],
      [run(mountainCar(), golden.actions.three), golden.mountainCar],
    ] as const) {
      expect(got).toHaveLength(want.length);
      // The platforms' cosines may differ in the last bit of a double: far below single precision.
      got.forEach((row, t) => {
        row.forEach((x, i) => {
          expect(Math.abs(x - want[t]![i]!)).toBeLessThan(1e-6);
        });
      });
    }
  });

  it("CartPole: the starts that Gymnasium's documentation shows", () => {
    const env = make("CartPole-v1");
    const near = (seed: number, options: object | undefined, want: number[]) => {
      const { observation } = env.reset({
        seed,
        ...(options && { options: options as Record<string, number> }),
      });
      want.forEach((x, i) => {
        expect(observation[i]).toBeCloseTo(x, 7);
      });
    };
    near(42, undefined, [0.0273956, -0.0061122, 0.0358598, 0.0197368]);
    near(123, { low: 0, high: 1 }, [0.6823519, 0.05382102, 0.22035988, 0.18437181]);
  });

  it("random maps of FrozenLake", () => {
    expect(randomMap({ size: 8, p: 0.8, seed: 5 })).toEqual(golden.randomMap.size8);
    expect(randomMap({ size: 5, p: 0.5, seed: 11 })).toEqual(golden.randomMap.size5);
  });
});

describe("dynamics", () => {
  it("CartPole from zeros: the first step, and the fall at step 9", () => {
    const env = new StatefulEnv(cartPole());
    env.reset({ seed: 0 });
    env.state = new Float64Array(4);
    const first = env.step(1);
    [0, 0.1951219512, 0, -0.2926829268].forEach((x, i) => {
      expect(env.state[i]).toBeCloseTo(x, 10);
    });
    expect(first).toMatchObject({ reward: 1, terminated: false });
    for (let t = 2; t <= 9; t++) expect(env.step(1)).toMatchObject({ reward: 1, terminated: t === 9 });
  });

  it("MountainCar from −0.5, pushed with its velocity: 124 steps", () => {
    const env = new StatefulEnv(mountainCar());
    env.reset({ seed: 0 });
    env.state = Float64Array.of(-0.5, 0);
    let steps = 0;
    for (let end = false; !end; steps++) end = env.step(env.state[1]! >= 0 ? 2 : 0).terminated;
    expect(steps).toBe(124);
  });

  it("MountainCar stops at the left wall", () => {
    const env = mountainCar();
    const next = env.transition(Float64Array.of(-1.19, -0.07), 0, npRandom(0));
    expect([...next]).toEqual([-1.2, 0]);
  });

  it("Taxi: every state and action", () => {
    const { table } = taxi();
    for (let s = 0; s < 500; s++) {
      for (let a = 0; a < 6; a++) {
        const [outcome, ...more] = table.transitions(s, a);
        expect(more).toEqual([]);
        expect([outcome!.next, outcome!.reward, outcome!.terminated]).toEqual(golden.taxiTable[s]![a]);
      }
    }
    expect(table.initial.filter((p) => p > 0)).toHaveLength(300);
  });

  it("Taxi: a whole ride, the mask, and a drop at the wrong landmark", () => {
    const env = new StatefulEnv(taxi());
    const start = encodeTaxi({ row: 0, column: 0, passenger: 0, destination: 1 });
    const { functional } = env;
    env.reset({ seed: 0 });
    env.state = { probability: 1, next: start, reward: 0, terminated: false };
    expect(functional.info!(env.state).action_mask).toEqual(Int8Array.of(1, 0, 1, 0, 1, 0));
    expect(env.step(5)).toMatchObject({ reward: -10, terminated: false, observation: start });
    expect(env.step(4).reward).toBe(-1);
    // Setting him down at once is legal, and he waits there again.
    expect(env.step(5)).toMatchObject({ reward: -1, terminated: false, observation: start });
    const total = [4, 0, 0, 2, 2, 1, 1, 2, 2].reduce((sum, a) => sum + env.step(a).reward, 0);
    expect(decodeTaxi(env.state.next)).toMatchObject({ row: 0, column: 4, passenger: 4 });
    expect(total).toBe(-9);
    expect(env.step(5)).toMatchObject({ reward: 20, terminated: true });
  });

  it("FrozenLake keeps duplicate outcomes, slides both ways, and can be made certain", () => {
    const { table } = frozenLake();
    expect(table.transitions(0, 0).map((o) => o.next)).toEqual([0, 0, 4]);
    expect(table.transitions(14, 2).map((o) => [o.next, o.reward, o.terminated])).toEqual([
      [14, 0, false],
      [15, 1, true],
      [10, 0, false],
    ]);
    expect(frozenLake({ is_slippery: false }).table.transitions(14, 2)).toEqual([
      { probability: 1, next: 15, reward: 1, terminated: true },
    ]);
    const sure = frozenLake({ success_rate: 0.8 }).table.transitions(0, 1);
    expect(sure.map((o) => o.probability)).toEqual([expect.closeTo(0.1), 0.8, expect.closeTo(0.1)]);
    expect(frozenLake({ map_name: "8x8" }).table.nStates).toBe(64);
    expect(frozenLake({ map_name: null }).table.nStates).toBe(64);
    expect(frozenLake({ desc: ["SFG"] }).table.nStates).toBe(3);
  });

  it("CliffWalking: the cliff costs 100 and leads back, the goal ends", () => {
    const { table } = cliffWalking();
    expect(table.transitions(36, 1)).toEqual([{ probability: 1, next: 36, reward: -100, terminated: false }]);
    expect(table.transitions(35, 2)).toEqual([{ probability: 1, next: 47, reward: -1, terminated: true }]);
    expect(table.transitions(36, 0)[0]!.next).toBe(24);
  });
});

describe("the API's refusals", () => {
  it("before reset, after the end, outside the space, not available", () => {
    const env = make("FrozenLake-v1", { is_slippery: false });
    expect(() => env.step(0)).toThrow("FrozenLake-v1: step() before reset(). Call reset() first");
    expect(() => env.render()).toThrow("has no state before reset()");
    env.reset({ seed: 1 });
    expect(() => env.step(4)).toThrow(
      "FrozenLake-v1: 4 is not an action. Expected one of Discrete(4) (0 left, 1 down, 2 right, 3 up).",
    );
    env.step(1);
    expect(env.step(2)).toMatchObject({ observation: 5, terminated: true });
    expect(() => env.step(0)).toThrow("step() after the episode has terminated. Call reset()");
    const gambler = make("GamblersProblem-v0");
    gambler.reset({ seed: 0 });
    gambler.unwrapped.state = { probability: 1, next: 3, reward: 0, terminated: false };
    expect(() => gambler.step(4)).toThrow(
      "action 4 is not available: in state capital 3 there is stake 1, stake 2, stake 3",
    );
    env.close();
    expect(() => env.reset()).toThrow("FrozenLake-v1 is closed");
  });

  it("unknown ids and options, with the nearest name", () => {
    expect(() => make("FrozenLak-v1")).toThrow('Did you mean "FrozenLake-v1"?');
    expect(() => make("FrozenLake-v1", { slippery: false } as object)).toThrow(
      'unknown option of FrozenLake-v1 "slippery"',
    );
    expect(() => make("FrozenLake-v1", { map_name: "5x5" })).toThrow('unknown map "5x5"');
    expect(() => make("FrozenLake-v1", { desc: ["SFF", "FG"] })).toThrow(
      "row 1 of the map has 2 cells, row 0 has 3",
    );
    expect(() => make("FrozenLake-v1", { desc: ["SXG"] })).toThrow('"X" in row 0 of the map');
    expect(() => make("FrozenLake-v1", { desc: ["FFG"] })).toThrow("the map has no start (S)");
    expect(() => make("FrozenLake-v1", { success_rate: 2 })).toThrow(
      "success_rate must be a number from 0 to 1",
    );
    expect(() => make("CartPole-v1", { max_episode_steps: -1 })).toThrow("a whole number ≥ 0");
    expect(() => make("GamblersProblem-v0", { p_h: Number.NaN })).toThrow(
      "p_h must be a number from 0 to 1, not NaN",
    );
    expect(() => make("Taxi-v3", { rainy_probability: 1.5 })).toThrow(
      "Taxi-v3: rainy_probability must be a number from 0 to 1, not 1.5",
    );
    expect(() => make("RandomWalk-v0", { n_states: 2.5 })).toThrow(
      "n_states must be a whole number, not 2.5",
    );
    expect(() => make("DynaMaze-v0", { map: ["S.", "G"] })).toThrow("rows of one length");
    expect(() => make("DynaMaze-v0", { map: ["S."] })).toThrow("must have one G");
    expect(() => make("CartPole-v1").reset({ options: { lo: 1 } })).toThrow(
      'unknown option of CartPole-v1\'s reset "lo"',
    );
    expect(() => make("MountainCar-v0").reset({ options: { low: 1, high: 0 } })).toThrow("low ≤ high");
    expect(() => modelOf(make("CartPole-v1"))).toThrow("CartPole-v1 has no exact model");
    expect(() => randomMap({ size: 1 })).toThrow("size must be ≥ 2");
    expect(() => randomMap({ p: 0 })).toThrow("no map could be crossed");
  });
});

describe("every environment", () => {
  const ids = Object.keys(environments) as EnvId[];
  it.each(ids)("%s: prints and draws itself", (id) => {
    const env = make(id);
    expect(String(env)).toMatch(/^<(TimeLimit<)?.+-v\d>+$/);
    env.reset({ seed: 1 });
    expect(env.render().length).toBeGreaterThan(0);
    expect(env.unwrapped.functional.id).toBe(id);
  });

  it("the time limit truncates, and says so when stepped on", () => {
    const env = make("CliffWalking-v1", { max_episode_steps: 2 });
    env.reset({ seed: 0 });
    expect(env.step(0).truncated).toBe(false);
    expect(env.step(0)).toMatchObject({ truncated: true, terminated: false });
    expect(() => env.step(0)).toThrow("after the time limit of 2 steps");
    // Both may be true.
    const short = make("FrozenLake-v1", { desc: ["SG"], is_slippery: false, max_episode_steps: 1 });
    short.reset({ seed: 0 });
    expect(short.step(2)).toMatchObject({ truncated: true, terminated: true, reward: 1 });
  });
});
