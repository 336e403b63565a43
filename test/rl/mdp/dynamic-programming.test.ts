import { describe, expect, it } from "vitest";
import { modelOf } from "../../../src/rl/env.ts";
import { make } from "../../../src/rl/make.ts";
import { bellmanSweep } from "../../../src/rl/mdp/bellman-sweep.ts";
import { linearProgramming } from "../../../src/rl/mdp/linear-programming.ts";
import { epsilonSoft, type Mdp, mdp, mdpFromTable, randomMdp } from "../../../src/rl/mdp/model.ts";
import { orderedSweep } from "../../../src/rl/mdp/ordered-sweep.ts";
import { greedyActions, uniformPolicy } from "../../../src/rl/mdp/policy.ts";
import { policyEvaluation } from "../../../src/rl/mdp/policy-evaluation.ts";
import { policyIteration } from "../../../src/rl/mdp/policy-iteration.ts";
import { prioritizedSweeping } from "../../../src/rl/mdp/prioritized-sweeping.ts";
import { finiteHorizon, valueIteration } from "../../../src/rl/mdp/value-iteration.ts";
import { actionValues, exactPolicyValues } from "../../../src/rl/mdp/values.ts";
import { fastRandom } from "../../../src/rl/random.ts";

const model = (id: string, options: object = {}): Mdp => mdpFromTable(modelOf(make(id, options)));
const digits = (v: ArrayLike<number>, n: number): string[] =>
  Array.from(v, (x) => (x + 0).toFixed(n).replace(/^-(0\.?0*)$/, "$1"));
const startValue = (m: Mdp, v: Float64Array): number => m.initial.reduce((sum, p, s) => sum + p * v[s]!, 0);

const SOLVERS = {
  "value iteration": (m: Mdp, gamma: number) => valueIteration(m, { gamma }),
  "value iteration in place": (m: Mdp, gamma: number) => valueIteration(m, { gamma, inPlace: true }),
  "policy iteration": (m: Mdp, gamma: number) => policyIteration(m, { gamma }),
  "prioritised sweeping": (m: Mdp, gamma: number) => prioritizedSweeping(m, { gamma, theta: 1e-12 }),
  "linear programming": (m: Mdp, gamma: number) => linearProgramming(m, { gamma }),
};

const GRID_RANDOM =
  "3.3 8.8 4.4 5.3 1.5 1.5 3.0 2.3 1.9 0.5 0.1 0.7 0.7 0.4 -0.4 -1.0 -0.4 -0.4 -0.6 -1.2 -1.9 -1.3 -1.2 -1.4 -2.0";
const GRID_OPTIMAL =
  "22.0 24.4 22.0 19.4 17.5 19.8 22.0 19.8 17.8 16.0 17.8 19.8 17.8 16.0 14.4 16.0 17.8 16.0 14.4 13.0 14.4 16.0 14.4 13.0 11.7";

describe("5 × 5 gridworld (Figures 3.2 and 3.5)", () => {
  const m = model("Gridworld5x5-v0");
  it("random policy", () => {
    const v = policyEvaluation(m, uniformPolicy(m), { gamma: 0.9 }).v;
    expect(digits(v.subarray(0, 25), 1).join(" ")).toBe(GRID_RANDOM);
    expect(digits(exactPolicyValues(m, uniformPolicy(m), 0.9).subarray(0, 25), 1).join(" ")).toBe(
      GRID_RANDOM,
    );
  });
  it.each(Object.entries(SOLVERS))("%s finds the optimal values", async (_, solver) => {
    expect(digits((await solver(m, 0.9)).v.subarray(0, 25), 1).join(" ")).toBe(GRID_OPTIMAL);
  });
});

describe("4 × 4 gridworld (Figure 4.1)", () => {
  const m = model("Gridworld4x4-v0");
  it("takes 173 sweeps synchronously and 114 in place", () => {
    for (const [inPlace, sweeps] of [
      [false, 173],
      [true, 114],
    ] as const) {
      const e = policyEvaluation(m, uniformPolicy(m), { gamma: 1, theta: 1e-4, inPlace });
      expect(e.sweeps).toBe(sweeps);
      expect(e.v.subarray(0, 16).map(Math.round).join(" ")).toBe(
        "0 -14 -20 -22 -14 -18 -20 -20 -20 -20 -18 -14 -22 -20 -14 0",
      );
    }
  });
});

describe("FrozenLake", () => {
  it.each([
    ["4x4", 0.99, "0.54203"],
    ["4x4", 1, "0.82353"],
    ["8x8", 0.99, "0.41464"],
  ])("%s at γ = %d is worth %s", (map_name, gamma, value) => {
    const m = model("FrozenLake-v1", { map_name });
    expect(valueIteration(m, { gamma, theta: 1e-12 }).v[0]!.toFixed(5)).toBe(value);
  });
  it("has the optima under its time limits", () => {
    expect(finiteHorizon(model("FrozenLake-v1"), 100)[100]![0]!.toFixed(4)).toBe("0.7442");
    expect(finiteHorizon(model("FrozenLake-v1", { map_name: "8x8" }), 200)[200]![0]!.toFixed(4)).toBe(
      "0.9132",
    );
  });
  it.each(Object.entries(SOLVERS))("%s agrees", async (_, solver) => {
    const m = model("FrozenLake-v1");
    const { v, actions } = await solver(m, 0.99);
    expect(v[0]!.toFixed(5)).toBe("0.54203");
    expect(actions[0]).toBe(0);
  });
});

describe("other exact values", () => {
  it("Taxi: 7.93 on average over its 300 starts, from 3 to 15", () => {
    const m = model("Taxi-v4");
    const { v } = valueIteration(m, { gamma: 1 });
    const starts = Array.from(m.initial.keys()).filter((s) => m.initial[s]! > 0);
    expect(starts.length).toBe(300);
    expect(startValue(m, v).toFixed(2)).toBe("7.93");
    expect(Math.min(...starts.map((s) => v[s]!))).toBe(3);
    expect(Math.max(...starts.map((s) => v[s]!))).toBe(15);
  });

  it("Blackjack: −0.0431 by the book's rules, −0.0466 plain, and the book's policy", () => {
    const m = model("Blackjack-v1");
    const { v, actions } = valueIteration(m, { gamma: 1 });
    expect(startValue(m, v).toFixed(4)).toBe("-0.0431");
    const plain = model("Blackjack-v1", { sab: false });
    expect(startValue(plain, valueIteration(plain, { gamma: 1 }).v).toFixed(4)).toBe("-0.0466");
    const state = new Map(Array.from({ length: m.states }, (_, s) => [m.stateName(s), s]));
    for (let dealer = 1; dealer <= 10; dealer++) {
      const hard = dealer === 1 || dealer >= 7 ? 17 : dealer <= 3 ? 13 : 12;
      const soft = dealer >= 2 && dealer <= 8 ? 18 : 19;
      const against = dealer === 1 ? "an ace" : dealer;
      for (let total = 12; total <= 21; total++) {
        expect(actions[state.get(`hard ${total} against ${against}`)!], `hard ${total} v ${dealer}`).toBe(
          total >= hard ? 0 : 1,
        );
        expect(actions[state.get(`soft ${total} against ${against}`)!], `soft ${total} v ${dealer}`).toBe(
          total >= soft ? 0 : 1,
        );
      }
    }
  });

  it("gambler's problem at p = 0.4 (Figure 4.3)", () => {
    const m = model("GamblersProblem-v0");
    const { v } = valueIteration(m, { gamma: 1, theta: 1e-13 });
    expect([25, 50, 75, 99].map((s) => Number(v[s]!.toFixed(4)))).toEqual([0.16, 0.4, 0.64, 0.9643]);
    const stake = greedyActions(m, actionValues(m, v, 1), 1e-7);
    expect([25, 50, 51, 75].map((s) => stake[s])).toEqual([25, 50, 1, 25]);
  });

  it("Jack's car rental (Figure 4.2): four improvements, moves from −4 to 5", () => {
    const m = model("CarRental-v0");
    const zero = Int32Array.from({ length: m.states }, () => m.actionNames.length >> 1);
    const policy = Float64Array.from({ length: m.states * m.actions }, (_, i) =>
      i % m.actions === zero[0] ? 1 : 0,
    );
    const { v, actions, improvements } = policyIteration(m, { gamma: 0.9, policy, theta: 1e-6, tie: 1e-6 });
    expect(improvements).toBe(4);
    expect(v[0]!.toFixed(2)).toBe("421.41");
    expect(v[440]!.toFixed(2)).toBe("636.99");
    const moves = actions.map((a) => a - (m.actions >> 1));
    expect([Math.min(...moves), Math.max(...moves)]).toEqual([-4, 5]);
  });

  it("cliff and wind: the optimum and the best ε-soft policy", () => {
    const cliff = model("CliffWalking-v1");
    const wind = model("WindyGridworld-v0");
    const kings = model("WindyGridworld-v0", { king: true });
    const at = (m: Mdp): number => startValue(m, valueIteration(m, { gamma: 1 }).v);
    expect(at(cliff)).toBe(-13);
    expect(at(epsilonSoft(cliff, 0.1)).toFixed(1)).toBe("-20.7");
    expect(at(wind)).toBe(-15);
    expect(at(kings)).toBe(-7);
    expect(at(epsilonSoft(wind, 0.1)).toFixed(2)).toBe("-17.05");
  });

  it("Dyna maze: 14 steps", () => {
    const m = model("DynaMaze-v0");
    expect(Math.log(startValue(m, valueIteration(m, { gamma: 0.95 }).v)) / Math.log(0.95)).toBeCloseTo(13, 9);
  });
});

describe("solvers on models of any shape", () => {
  it.each(Object.entries(SOLVERS))("%s agrees with policy iteration on a random model", async (_, solver) => {
    const m = randomMdp({ states: 40, actions: 3, successors: 5 }, fastRandom(7));
    const reference = policyIteration(m, { gamma: 0.9 });
    const { v, actions } = await solver(m, 0.9);
    v.forEach((x, s) => {
      expect(x).toBeCloseTo(reference.v[s]!, 6);
    });
    expect([...actions]).toEqual([...reference.actions]);
  });

  it("sweeps of rows of four, of other rows, and of 32 bits give the same", () => {
    for (const successors of [3, 4, 9]) {
      const m = randomMdp({ states: 2500, actions: 4, successors, precision: "float32" }, fastRandom(9));
      const v = Float64Array.from({ length: 2501 }, (_, s) => Math.sin(s));
      v[2500] = 0;
      const q = actionValues(m, v, 0.9);
      const [a, b] = [new Float64Array(2501), new Float32Array(2501)];
      bellmanSweep(m, v, 0.9, a);
      bellmanSweep(m, Float32Array.from(v), 0.9, b);
      for (let s = 0; s < 2500; s++) {
        const exact = Math.max(...q.subarray(4 * s, 4 * s + 4));
        expect(a[s]).toBeCloseTo(exact, 12);
        expect(b[s]).toBeCloseTo(exact, 5);
      }
    }
  });

  it("counts fewer backups by priority than sweeps would take", () => {
    const m = model("DynaMaze-v0");
    const { backups } = prioritizedSweeping(m, { gamma: 0.95 });
    const { sweeps } = valueIteration(m, { gamma: 0.95 });
    expect(backups).toBeLessThan((sweeps * m.states) / 5);
  });

  it("takes γ = 0, and γ = −1 for moves in turn, with actions that are not available", () => {
    // From 2 take 1 or 2, from 1 take 1: the last one who takes wins 1.
    const nim = mdp({
      states: 4,
      actions: 2,
      outcomes: (s, a) =>
        a + 1 > s ? [] : [{ probability: 1, next: s - a - 1, reward: s === a + 1 ? 1 : 0 }],
    });
    const SIGNED: [number, string][] = [
      [-1, "0,1,1,-1"],
      [0, "0,1,1,0"],
      [1, "0,1,1,1"],
    ];
    for (const [gamma, v] of SIGNED) {
      expect(String(Array.from(valueIteration(nim, { gamma }).v.subarray(0, 4), (x) => x + 0))).toBe(v);
      expect(String(Array.from(policyIteration(nim, { gamma }).v.subarray(0, 4), (x) => x + 0))).toBe(v);
    }
  });

  it("stops with a sentence where values never settle", async () => {
    const forever = mdp({ states: 1, actions: 1, outcomes: () => [{ probability: 1, next: 0, reward: 1 }] });
    const NO_VALUE =
      "at gamma = 1 state 0 has no value. From there the episode never ends and collects rewards under any policy";
    expect(() => valueIteration(forever, { gamma: 1 })).toThrow(`value iteration: ${NO_VALUE}`);
    expect(() => prioritizedSweeping(forever, { gamma: 1 })).toThrow(`prioritised sweeping: ${NO_VALUE}`);
    expect(() => policyIteration(forever, { gamma: 1 })).toThrow(`policy iteration: ${NO_VALUE}`);
    await expect(linearProgramming(forever, { gamma: 1 })).rejects.toThrow(`linear programming: ${NO_VALUE}`);
    // Values that exist, and too few sweeps or backups to find them.
    expect(() => valueIteration(forever, { gamma: 0.99, maxSweeps: 50 })).toThrow(
      "value iteration: the values still change after 50 sweeps. Allow more (maxSweeps)",
    );
    expect(() => prioritizedSweeping(forever, { gamma: 0.99, maxBackups: 50 })).toThrow(
      "still change after 50 backups",
    );
    expect(() => policyEvaluation(forever, Float64Array.of(1), { gamma: 1 })).toThrow(
      "state 0, action 0: under this policy the episode never ends",
    );
    expect(() => valueIteration(forever, { gamma: -0.5 })).toThrow(
      "gamma must lie in 0 … 1 (or be -1: alternating moves), not -0.5",
    );
  });
});

describe("a sweep over outcomes sorted by successor", () => {
  // Several blocks; rows of one length, rows of many, unavailable actions, terminal states, games (γ = −1).
  const models: [string, Mdp][] = [
    ["random, 20,000 states", randomMdp({ states: 20_000, actions: 4, successors: 3 }, fastRandom(5))],
    ["the gambler", model("GamblersProblem-v0")],
    ["cliff walking, slippery", model("CliffWalking-v1", { is_slippery: true })],
    [
      "rows of every length",
      mdp({
        states: 9000,
        actions: 3,
        outcomes: (s, a) =>
          Array.from({ length: (s + a) % 4 }, (_, k, n = (s + a) % 4) => ({
            probability: 1 / n,
            next: (s * 7919 + 104_729 * k + a) % 9000,
            reward: (s % 13) - a,
            terminated: k === 2,
          })),
      }),
    ],
  ];
  it.each(models)("%s: the values and Δ of the plain sweep", (_, m) => {
    const rng = fastRandom(9);
    const v = Float64Array.from({ length: m.states + 1 }, (__, s) => (s < m.states ? rng.random() : 0));
    for (const gamma of [0.9, 1, 0, -1]) {
      const [plain, ordered] = [new Float64Array(v.length), new Float64Array(v.length)];
      const want = bellmanSweep(m, v, gamma, plain);
      const sweep = orderedSweep(m);
      const got = sweep(v, gamma, ordered);
      expect(got).toBeCloseTo(want, 12);
      plain.forEach((x, s) => {
        if (Math.abs(ordered[s]! - x) > 1e-12) expect(ordered[s], `state ${s}, γ = ${gamma}`).toBe(x);
      });
    }
  });
});
