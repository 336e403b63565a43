import { describe, expect, it } from "vitest";
import { StatefulEnv, type TransitionTable } from "../../src/rl/env.ts";
import { optimalArm } from "../../src/rl/envs/bandit.ts";
import { blackjackModel } from "../../src/rl/envs/blackjack-model.ts";
import { carRental } from "../../src/rl/envs/car-rental.ts";
import { gridworld5x5, windyGridworld } from "../../src/rl/envs/gridworlds.ts";
import { blockingMaze, dynaMaze, shortcutMaze } from "../../src/rl/envs/maze.ts";
import { randomWalk } from "../../src/rl/envs/random-walk.ts";
import { make } from "../../src/rl/make.ts";
import { npRandom } from "../../src/rl/random.ts";

/** The optimal values by plain sweeps: an oracle apart from the project's solvers. */
function optimum(table: TransitionTable, gamma: number, tolerance = 1e-9): Float64Array {
  const v = new Float64Array(table.nStates);
  const rows = Array.from({ length: table.nStates }, (_, s) =>
    Array.from({ length: table.nActions }, (_, a) => table.transitions(s, a)).filter(
      (list) => list.length > 0,
    ),
  );
  for (let change = 1; change > tolerance; ) {
    change = 0;
    for (const [s, actions] of rows.entries()) {
      let best = -Infinity;
      for (const list of actions) {
        let q = 0;
        for (const o of list) q += o.probability * (o.reward + (o.terminated ? 0 : gamma * v[o.next]!));
        best = Math.max(best, q);
      }
      change = Math.max(change, Math.abs(best - v[s]!));
      v[s] = best;
    }
  }
  return v;
}

describe("exact values of the models", () => {
  it("FrozenLake at γ = 0.99", () => {
    expect(optimum(make("FrozenLake-v1").unwrapped.functional.model!(), 0.99)[0]).toBeCloseTo(0.54203, 5);
    expect(optimum(make("FrozenLake8x8-v1").unwrapped.functional.model!(), 0.99)[0]).toBeCloseTo(0.41464, 5);
  });

  it("Taxi's mean optimum over its starts, and its range", () => {
    const table = make("Taxi-v3").unwrapped.functional.model!() as TransitionTable;
    const v = optimum(table, 1);
    const starts = [...v].filter((_, s) => table.initial[s]! > 0);
    expect(starts.reduce((a, b) => a + b, 0) / starts.length).toBeCloseTo(7.93, 2);
    expect([Math.min(...starts), Math.max(...starts)]).toEqual([3, 15]);
  });

  it("Blackjack's optimal expectation by both rules", () => {
    const expectation = (table: TransitionTable): number =>
      optimum(table, 1).reduce((sum, v, s) => sum + v * table.initial[s]!, 0);
    expect(expectation(blackjackModel({ sab: true }))).toBeCloseTo(-0.0431, 4);
    expect(expectation(blackjackModel({ sab: false }))).toBeCloseTo(-0.0466, 4);
    expect(expectation(blackjackModel({ sab: false, natural: true }))).toBeGreaterThan(-0.0466);
  });

  it("the gambler at p = 0.4", () => {
    const v = optimum(make("GamblersProblem-v0").unwrapped.functional.model!(), 1, 1e-14);
    expect(v[25]).toBeCloseTo(0.16, 6);
    expect(v[50]).toBeCloseTo(0.4, 6);
    expect(v[75]).toBeCloseTo(0.64, 6);
    expect(v[99]).toBeCloseTo(0.9643, 4);
  });

  it("the 5×5 gridworld at γ = 0.9", () => {
    const v = optimum(gridworld5x5().table, 0.9);
    const want = [22.0, 24.4, 22.0, 19.4, 17.5, 19.8, 22.0, 19.8, 17.8, 16.0];
    want.forEach((x, s) => {
      expect(v[s]).toBeCloseTo(x, 1);
    });
  });

  it("shortest ways: windy gridworld 15 and 7, Dyna maze 14, blocking 10 → 16, shortcut 16 → 10", () => {
    const steps = (table: TransitionTable): number => -optimum(minusOne(table), 1)[startOf(table)]!;
    expect(steps(windyGridworld().table)).toBe(15);
    expect(steps(windyGridworld({ king: true }).table)).toBe(7);
    expect(steps(windyGridworld({ king: true, stay: true }).table)).toBe(7);
    expect(steps(dynaMaze().table)).toBe(14);
    expect(blockingMaze().stages.map((s) => steps(s.table))).toEqual([10, 16]);
    expect(shortcutMaze().stages.map((s) => steps(s.table))).toEqual([16, 10]);
  });

  it("car rental: the model's rows agree with simulated days", () => {
    const env = carRental();
    const state = 10 * 21 + 3;
    const action = 5 + 2;
    const rows = env.table.transitions(state, action);
    expect(rows.reduce((sum, o) => sum + o.probability, 0)).toBeCloseTo(1, 12);
    const rng = npRandom(1);
    const n = 20_000;
    let [reward, square, firstCars] = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      const next = env.transition({ probability: 1, next: state, reward: 0, terminated: false }, action, rng);
      reward += next.reward / n;
      square += next.reward ** 2 / n;
      firstCars += Math.floor(next.next / 21) / n;
    }
    const deviation = Math.sqrt((square - reward ** 2) / n);
    expect(Math.abs(reward - rows[0]!.reward)).toBeLessThan(4 * deviation);
    const mean = rows.reduce((sum, o) => sum + o.probability * Math.floor(o.next / 21), 0);
    expect(Math.abs(firstCars - mean)).toBeLessThan(0.1);
    expect(env.table.transitions(2 * 21, 5 + 3)).toEqual([]);
    expect(env.unavailable!({ probability: 1, next: 42, reward: 0, terminated: false }, 8)).toContain(
      "in state 2 and 0 cars there is move 0, move 1, move 2",
    );
  });
});

function startOf(table: TransitionTable): number {
  return table.initial.findIndex((p) => p > 0);
}

function minusOne(table: TransitionTable): TransitionTable {
  return {
    ...table,
    transitions: (s, a) =>
      table
        .transitions(s, a)
        .map((o) => ({ ...o, reward: o.next === s && o.terminated && o.reward === 0 ? 0 : -1 })),
  };
}

describe("the textbook's worlds", () => {
  it("random walks: ends, rewards, the share of right ends", () => {
    const { table } = randomWalk();
    expect(table.transitions(5, 0)).toEqual([
      { probability: 0.5, next: 4, reward: 0, terminated: false },
      { probability: 0.5, next: 6, reward: 1, terminated: true },
    ]);
    expect(startOf(table)).toBe(3);
    const long = make("RandomWalk19-v0").unwrapped.functional.model!() as TransitionTable;
    expect(long.transitions(1, 0)[0]).toMatchObject({ next: 0, reward: -1, terminated: true });
    expect(startOf(long)).toBe(10);
    const env = make("RandomWalk-v0");
    let wins = 0;
    for (let episode = 0; episode < 2000; episode++) {
      env.reset(episode === 0 ? { seed: 1 } : {});
      for (let end = false; !end; ) {
        const { reward, terminated } = env.step(0);
        wins += reward;
        end = terminated;
      }
    }
    expect(Math.abs(wins / 2000 - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 2000));
  });

  it("windy gridworld: the wind of the column that is left, and gusts", () => {
    const { table } = windyGridworld();
    expect(table.transitions(3 * 10 + 3, 1)[0]!.next).toBe(2 * 10 + 4);
    expect(table.transitions(3 * 10 + 2, 1)[0]!.next).toBe(3 * 10 + 3);
    const gusty = windyGridworld({ stochastic: true }).table;
    expect(gusty.transitions(3 * 10 + 6, 0).map((o) => o.next)).toEqual([16, 6, 6]);
    expect(gusty.transitions(3 * 10 + 0, 0)).toHaveLength(1);
    expect(windyGridworld({ king: true, stay: true }).table.nActions).toBe(9);
  });

  it("a maze changes with the world's age, which a seed sets back", () => {
    const env = new StatefulEnv(blockingMaze({ change_at: 3 }));
    env.reset({ seed: 0 });
    expect(env.render()).toContain(" #  #  #  #  #  #  #  #  . ");
    for (let t = 0; t < 3; t++) env.step(2);
    expect(env.render()).toContain(" .  #  #  #  #  #  #  #  # ");
    expect(env.reset().info.elapsed).toBe(3);
    expect(env.reset({ seed: 0 }).info.elapsed).toBe(0);
    expect(env.reset({ options: { elapsed: 7 } }).info.elapsed).toBe(7);
    expect(() => env.reset({ options: { elapsed: -1 } })).toThrow("elapsed must be a number from 0");
  });

  it("bandits: true values at every reset, rewards around them, drift", () => {
    const env = make("Bandit-v0");
    const first = env.reset({ seed: 3 });
    const { qStar } = env.unwrapped.state as { qStar: Float64Array };
    expect(qStar).toHaveLength(10);
    expect(first.info.optimal).toBe(optimalArm(qStar));
    let mean = 0;
    for (let t = 0; t < 1000; t++) {
      const result = env.step(4);
      mean += result.reward / 1000;
      expect(result.truncated).toBe(t === 999);
    }
    expect(Math.abs(mean - qStar[4]!)).toBeLessThan(5 / Math.sqrt(1000));
    env.reset();
    expect((env.unwrapped.state as { qStar: Float64Array }).qStar[0]).not.toBe(qStar[0]);
    const drifting = make("Bandit-v0", { equal: true, drift: 0.01, mean: 4 });
    drifting.reset({ seed: 1 });
    expect([...(drifting.unwrapped.state as { qStar: Float64Array }).qStar]).toEqual(Array(10).fill(4));
    drifting.step(0);
    const moved = (drifting.unwrapped.state as { qStar: Float64Array }).qStar;
    expect(new Set(moved).size).toBe(10);
    expect(Math.max(...moved.map((q) => Math.abs(q - 4)))).toBeLessThan(0.06);
  });
});
