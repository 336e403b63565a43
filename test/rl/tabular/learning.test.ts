import { describe, expect, it } from "vitest";
import { modelById, range } from "../../../src/rl/figures/figure.ts";
import { make } from "../../../src/rl/make.ts";
import { epsilonSoft, type Mdp, mdp } from "../../../src/rl/mdp/model.ts";
import { deterministicPolicy, greedyActions, uniformPolicy } from "../../../src/rl/mdp/policy.ts";
import { valueIteration } from "../../../src/rl/mdp/value-iteration.ts";
import { actionValues, exactPolicyValues, policyReturn } from "../../../src/rl/mdp/values.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { TABULAR_AGENTS } from "../../../src/rl/tabular/agents.ts";
import { doubleQLearning } from "../../../src/rl/tabular/double-q-learning.ts";
import { dynaQ } from "../../../src/rl/tabular/dyna-q.ts";
import { expectedSarsa } from "../../../src/rl/tabular/expected-sarsa.ts";
import { offlineLambdaReturn } from "../../../src/rl/tabular/lambda-return.ts";
import { actionTable, finish, stateTable } from "../../../src/rl/tabular/learning.ts";
import { monteCarloPrediction } from "../../../src/rl/tabular/monte-carlo.ts";
import { monteCarloControl } from "../../../src/rl/tabular/monte-carlo-control.ts";
import { offPolicyControl, offPolicyPrediction } from "../../../src/rl/tabular/monte-carlo-off-policy.ts";
import { nStepSarsa } from "../../../src/rl/tabular/n-step-sarsa.ts";
import { nStepTd } from "../../../src/rl/tabular/n-step-td.ts";
import { qLearning } from "../../../src/rl/tabular/q-learning.ts";
import { epsilonGreedy, equiprobable, fixedPolicy, greedy, softmax } from "../../../src/rl/tabular/rules.ts";
import { sarsa } from "../../../src/rl/tabular/sarsa.ts";
import { sarsaLambda } from "../../../src/rl/tabular/sarsa-lambda.ts";
import {
  allActions,
  checkTask,
  EnvTask,
  ModelTask,
  optionsOf,
  type TabularTask,
} from "../../../src/rl/tabular/task.ts";
import { tdLambda } from "../../../src/rl/tabular/td-lambda.ts";
import { tdPrediction } from "../../../src/rl/tabular/td-prediction.ts";
import { learnt } from "./agents.ts";

const walk = modelById("RandomWalk19-v0");
const cliff = modelById("CliffWalking-v1");
const lake = modelById("FrozenLake-v1");

/** The same random walks for every method: what follows from the same samples must agree. */
const walks = (seed = 5): ModelTask => new ModelTask(walk, fastRandom([seed, 0]));
const prediction = (seed = 5) => ({
  policy: equiprobable,
  episodes: 20,
  gamma: 0.9,
  rng: fastRandom([seed, 1]),
});

/** Learns by hand from the recorded episodes of the walk. */
function episodesOf(n: number, seed = 5): { S: number[]; R: number[] }[] {
  const task = walks(seed);
  return range(1, n).map(() => {
    const S = [task.reset()];
    const R: number[] = [];
    while (!task.terminated) {
      S.push(task.step(0));
      R.push(task.reward);
    }
    return { S, R };
  });
}

const close = (a: ArrayLike<number>, b: ArrayLike<number>, digits = 12): void => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(a[i], `entry ${i}`).toBeCloseTo(b[i]!, digits);
};

describe("prediction: what must agree does", () => {
  it("TD(0) follows equation 6.2, and is n-step TD with n = 1, and TD(λ) with λ = 0 by any traces", () => {
    const V = new Float64Array(walk.states + 1);
    for (const { S, R } of episodesOf(20)) {
      R.forEach((r, t) => {
        V[S[t]!]! += 0.3 * (r + 0.9 * V[S[t + 1]!]! - V[S[t]!]!);
      });
    }
    close(finish(tdPrediction(walks(), { ...prediction(), alpha: 0.3 })).V, V);
    close(finish(nStepTd(walks(), { ...prediction(), alpha: 0.3, n: 1 })).V, V);
    for (const traces of ["accumulating", "replacing", "dutch"] as const) {
      close(finish(tdLambda(walks(), { ...prediction(), alpha: 0.3, lambda: 0, traces })).V, V);
    }
  });

  it("n-step returns follow equation 7.1", () => {
    const n = 3;
    const V = new Float64Array(walk.states + 1);
    for (const { S, R } of episodesOf(20)) {
      const T = R.length;
      // The update of time τ happens when τ + n is reached, or the end.
      for (let tau = 0; tau < T; tau++) {
        let G = tau + n < T ? 0.9 ** n * V[S[tau + n]!]! : 0;
        for (let i = tau; i < Math.min(tau + n, T); i++) G += 0.9 ** (i - tau) * R[i]!;
        V[S[tau]!]! += 0.2 * (G - V[S[tau]!]!);
      }
    }
    close(finish(nStepTd(walks(), { ...prediction(), alpha: 0.2, n })).V, V);
  });

  it("n beyond every episode is the λ-return with λ = 1: constant-α Monte Carlo", () => {
    const a = finish(nStepTd(walks(), { ...prediction(), alpha: 0.1, n: 5000 })).V;
    const b = finish(offlineLambdaReturn(walks(), { ...prediction(), alpha: 0.1, lambda: 1 })).V;
    close(a, b, 9);
  });

  it("true online TD(λ) equals the online λ-return algorithm, computed by its definition (section 12.4)", () => {
    const [alpha, lambda, gamma] = [0.3, 0.7, 0.9];
    const V = new Float64Array(walk.states + 1);
    for (const { S, R } of episodesOf(4, 6)) {
      const w0 = Float64Array.from(V);
      // For every horizon h all updates are done anew from w0, towards λ-returns truncated at h.
      const weights = [w0];
      for (let h = 1; h <= R.length; h++) {
        const w = Float64Array.from(w0);
        for (let t = 0; t < h; t++) {
          let G = weights[h - 1]![S[h]!]!;
          for (let i = h - 1; i >= t; i--) {
            const bootstrap = i === h - 1 ? G : (1 - lambda) * weights[i]![S[i + 1]!]! + lambda * G;
            G = R[i]! + gamma * bootstrap;
          }
          w[S[t]!]! += alpha * (G - w[S[t]!]!);
        }
        weights.push(w);
      }
      V.set(weights.at(-1)!);
    }
    const found = finish(
      tdLambda(walks(6), { ...prediction(6), episodes: 4, gamma, alpha, lambda, traces: "dutch" }),
    ).V;
    close(found, V, 9);
  });

  it("at γ = −1 traces alternate in sign, and TD(λ) and Sarsa(λ) still make the λ-return's step", () => {
    // A row of states, each visited once: on-line and off-line agree to the last digit.
    const row = mdp({
      states: 5,
      actions: 1,
      initial: 0,
      outcomes: (s) => [{ probability: 1, next: s + 1, reward: [3, 1, 4, 1, 5][s]! }],
    });
    const options = { policy: equiprobable, episodes: 1, gamma: -1, alpha: 0.5, lambda: 0.8 };
    const learn = { ...options, rng: fastRandom(1) };
    const task = (): ModelTask => new ModelTask(row, fastRandom(2));
    const want = finish(offlineLambdaReturn(task(), learn)).V;
    // G^λ of state 3: 1 − λ · 5 = −3; the others need signs that alternate over more steps.
    expect(want[3]).toBeCloseTo(0.5 * (1 - 0.8 * 5), 12);
    for (const traces of ["accumulating", "replacing", "dutch"] as const) {
      close(finish(tdLambda(task(), { ...learn, traces })).V, want);
      close(finish(sarsaLambda(task(), { ...learn, traces })).Q, want);
    }
  });

  it("accumulating and replacing traces differ from one another where states are revisited", () => {
    const V = (traces: "accumulating" | "replacing") =>
      finish(tdLambda(walks(), { ...prediction(), alpha: 0.1, lambda: 0.9, traces })).V;
    expect(Math.max(...V("accumulating").map((x, s) => Math.abs(x - V("replacing")[s]!)))).toBeGreaterThan(
      0.01,
    );
  });

  it("first-visit and every-visit Monte Carlo average the returns they say", () => {
    for (const visits of ["first", "every"] as const) {
      const sums = new Map<number, number[]>();
      for (const { S, R } of episodesOf(20)) {
        R.forEach((_, t) => {
          if (visits === "first" && S.indexOf(S[t]!) < t) return;
          const G = R.slice(t).reduceRight((g, r) => r + 0.9 * g, 0);
          sums.set(S[t]!, [...(sums.get(S[t]!) ?? []), G]);
        });
      }
      const { V } = finish(monteCarloPrediction(walks(), { ...prediction(), visits }));
      for (const [s, G] of sums) expect(V[s]).toBeCloseTo(G.reduce((a, b) => a + b) / G.length, 12);
    }
  });

  it("all come near the exact values when they average", () => {
    const exact = exactPolicyValues(walk, uniformPolicy(walk), 1);
    const options = { ...prediction(), gamma: 1, episodes: 4000 };
    const estimates = {
      td: finish(tdPrediction(walks(), { ...options, alpha: 0.01 })).V,
      mc: finish(monteCarloPrediction(walks(), options)).V,
      lambda: finish(tdLambda(walks(), { ...options, alpha: 0.005, lambda: 0.8 })).V,
    };
    for (const [name, V] of Object.entries(estimates)) {
      for (const s of range(1, 19)) expect(Math.abs(V[s]! - exact[s]!), `${name} ${s}`).toBeLessThan(0.12);
    }
  });
});

const control = (seed: number, episodes = 300) => ({
  episodes,
  gamma: 1,
  alpha: 0.5,
  rng: fastRandom([seed, 1]),
  behaviour: epsilonGreedy(0.1),
});
const cliffs = (seed: number): ModelTask => new ModelTask(cliff, fastRandom([seed, 0]));
const startReturn = (m: Mdp, Q: Float64Array, gamma = 1) =>
  policyReturn(m, deterministicPolicy(m, greedyActions(m, Q)), gamma);

describe("control: what must agree does", () => {
  it("Expected Sarsa with a greedy target is Q-learning, number by number", () => {
    const a = finish(qLearning(cliffs(1), control(1))).Q;
    const b = finish(expectedSarsa(cliffs(1), { ...control(1), target: greedy })).Q;
    expect(b).toEqual(a);
  });

  it("1-step Sarsa is Sarsa, Sarsa(0) too, Dyna-Q without planning is Q-learning", () => {
    const a = finish(sarsa(cliffs(2), control(2))).Q;
    close(finish(nStepSarsa(cliffs(2), { ...control(2), n: 1 })).Q, a);
    close(finish(sarsaLambda(cliffs(2), { ...control(2), lambda: 0 })).Q, a);
    const b = finish(qLearning(cliffs(2), control(2))).Q;
    close(finish(dynaQ(cliffs(2), { ...control(2), n: 0 })).Q, b);
  });

  it("off-policy: Q-learning finds the edge of the cliff, on-policy Sarsa keeps away from it", () => {
    const sample = range(1, 8).map((seed) => {
      const off = finish(qLearning(cliffs(seed), control(seed, 2000))).Q;
      const on = finish(sarsa(cliffs(seed), { ...control(seed, 2000), alpha: 0.1 })).Q;
      return { off: startReturn(cliff, off)!, on: startReturn(cliff, on) ?? -100 };
    });
    for (const { off, on } of sample) {
      expect(off).toBe(-13);
      expect(on).toBeLessThanOrEqual(-15);
    }
  });

  it("the behaviour policy is an argument: Q-learning learns the optimum from purely random moves", () => {
    const { Q } = finish(qLearning(cliffs(3), { ...control(3, 400), behaviour: equiprobable }));
    expect(startReturn(cliff, Q)).toBe(-13);
    const v = valueIteration(cliff, { gamma: 1 }).v;
    expect(Math.max(...Q.subarray(36 * 4, 37 * 4))).toBeCloseTo(v[36]!, 6);
  });

  it("Expected Sarsa with the behaviour policy as its target learns that policy's values", () => {
    // The best ε-soft values, from the model in which exploration is part of the world.
    const soft = epsilonSoft(cliff, 0.1);
    const best = valueIteration(soft, { gamma: 1 }).v[36]!;
    const { Q } = finish(expectedSarsa(cliffs(4), { ...control(4, 4000), alpha: 0.2 }));
    const policy = epsilonGreedy(0.1);
    expect(Math.abs(policy.expected(cliffs(4), Q, 36) - best)).toBeLessThan(1);
  });

  it("Double Q-learning keeps two tables whose mean it is", () => {
    const { Q, Q1, Q2 } = finish(doubleQLearning(cliffs(5), control(5)));
    close(
      Q,
      Q1.map((x, i) => (x + Q2[i]!) / 2),
    );
    expect(Q1).not.toEqual(Q2);
  });

  it.each(TABULAR_AGENTS.map((agent) => [agent.name, agent] as const))(
    "%s learns the 4 × 4 gridworld",
    async (_, agent) => {
      const m = modelById("Gridworld4x4-v0");
      const wishes = { gamma: 1, alpha: 0.2, epsilon: 0.3, n: 3, lambda: 0.8, kappa: 0.0001 };
      const own = Object.entries(wishes).filter(([key]) => key in agent.options.shape);
      const { Q } = await learnt(agent, Object.fromEntries(own), { learnsFrom: "model", steps: 3000 });
      const optimal = m.initial.reduce((sum, p, s) => sum + p * valueIteration(m, { gamma: 1 }).v[s]!, 0);
      expect(startReturn(m, Q)).toBeGreaterThan(optimal - 0.5);
    },
  );

  it("Q-learning and Monte Carlo come near the lake's optimum", () => {
    const q = finish(
      qLearning(new ModelTask(lake, fastRandom(1)), {
        ...control(1, 40_000),
        gamma: 0.99,
        alpha: (n) => 1 / n ** 0.6,
        behaviour: epsilonGreedy(0.5),
      }),
    ).Q;
    expect(startReturn(lake, q, 0.99)).toBeGreaterThan(0.52);
    const mc = finish(
      monteCarloControl(new ModelTask(lake, fastRandom(2)), {
        episodes: 60_000,
        gamma: 0.99,
        rng: fastRandom(3),
        behaviour: epsilonGreedy(0.2),
      }),
    ).Q;
    expect(startReturn(lake, mc, 0.99)).toBeGreaterThan(0.45);
  });

  it("n-step Sarsa with another target weighs its returns by importance", () => {
    const m = modelById("Gridworld4x4-v0");
    const policy = fixedPolicy(uniformPolicy(m));
    const up = Float64Array.from({ length: m.states * 4 }, (_, i) => [0.4, 0.3, 0.2, 0.1][i % 4]!);
    const uphill = fixedPolicy(up);
    const task = new ModelTask(m, fastRandom([9, 0]));
    const { Q } = finish(
      nStepSarsa(task, {
        episodes: 20_000,
        gamma: 0.8,
        alpha: (n) => 1 / n ** 0.8,
        n: 2,
        rng: fastRandom([9, 1]),
        behaviour: uphill,
        target: policy,
      }),
    );
    const exact = actionValues(m, exactPolicyValues(m, uniformPolicy(m), 0.8), 0.8);
    const skewed = actionValues(m, exactPolicyValues(m, up, 0.8), 0.8);
    const distance = (q: Float64Array): number =>
      range(4, 59).reduce((sum, i) => sum + Math.abs(Q[i]! - q[i]!), 0) / 56;
    expect(distance(exact)).toBeLessThan(0.1);
    expect(distance(skewed)).toBeGreaterThan(2 * distance(exact));
  });
});

describe("off-policy Monte Carlo", () => {
  const m = modelById("Gridworld4x4-v0");
  const target = uniformPolicy(m);
  const skewed = Float64Array.from({ length: m.states * 4 }, (_, i) => [0.4, 0.2, 0.25, 0.15][i % 4]!);
  it.each(["ordinary", "weighted"] as const)(
    "%s importance sampling predicts the target, not the behaviour",
    (sampling) => {
      const task = new ModelTask(
        { ...m, initial: Float64Array.from({ length: 16 }, (_, s) => (s === 1 ? 1 : 0)) },
        fastRandom(1),
      );
      const { V } = finish(
        offPolicyPrediction(task, {
          target: fixedPolicy(target),
          behaviour: fixedPolicy(skewed),
          sampling,
          episodes: 60_000,
          gamma: 0.7,
          rng: fastRandom(2),
        }),
      );
      const exact = exactPolicyValues(m, target, 0.7)[1]!;
      const other = exactPolicyValues(m, skewed, 0.7)[1]!;
      expect(Math.abs(V[1]! - exact)).toBeLessThan(Math.abs(other - exact) / 2);
    },
  );

  it("control improves from random play", () => {
    const { Q } = finish(
      offPolicyControl(new ModelTask(m, fastRandom(3)), { episodes: 20_000, gamma: 1, rng: fastRandom(4) }),
    );
    expect(startReturn(m, Q)).toBeGreaterThan(-3);
  });
});

describe("rules", () => {
  const m = mdp({
    states: 1,
    actions: 3,
    outcomes: (_, a) => (a === 2 ? [] : [{ probability: 1, next: 1, reward: a }]),
  });
  const task = new ModelTask(m, fastRandom(1));
  const Q = Float64Array.of(1, 3, 99, 0, 0, 0);
  it.each([
    ["ε-greedy", epsilonGreedy(0.2), 0.1],
    ["softmax", softmax(2), 1 / (1 + Math.E)],
    ["fixed", fixedPolicy(Float64Array.of(0.25, 0.75, 0)), 0.25],
    ["equiprobable", equiprobable, 0.5],
  ] as const)(
    "%s: choices, expectation and probabilities are one policy, and leave out what is not available",
    (_, rule, p) => {
      expect(rule.probability(task, Q, 0, 0)).toBeCloseTo(p, 12);
      expect(rule.probability(task, Q, 0, 1)).toBeCloseTo(1 - p, 12);
      expect(rule.expected(task, Q, 0)).toBeCloseTo(p * 1 + (1 - p) * 3, 12);
      expect(rule.expected(task, Q, 1)).toBe(0);
      const rng = fastRandom(2);
      const counts = [0, 0, 0];
      for (let i = 0; i < 20_000; i++) counts[rule.choose(task, Q, 0, rng)]!++;
      expect(counts[2]).toBe(0);
      expect(Math.abs(counts[0]! / 20_000 - p)).toBeLessThan(0.015);
    },
  );

  it("greedy breaks ties evenly", () => {
    const tied = Float64Array.of(2, 2, 99, 0, 0, 0);
    const rng = fastRandom(3);
    const first = range(1, 4000).filter(() => greedy.choose(task, tied, 0, rng) === 0).length;
    expect(Math.abs(first / 4000 - 0.5)).toBeLessThan(0.04);
    expect(greedy.probability(task, tied, 0, 0)).toBe(0.5);
  });
});

describe("tasks", () => {
  it("samples the model's own frequencies, also from long rows", () => {
    const many = mdp({
      states: 40,
      actions: 1,
      initial: 0,
      outcomes: (s) => range(0, 39).map((next) => ({ probability: (next + 1) / 820, next, reward: s })),
    });
    const task = new ModelTask(many, fastRandom(4));
    task.reset();
    const counts = new Float64Array(40);
    for (let i = 0; i < 200_000; i++) counts[task.step(0)]!++;
    counts.forEach((n, s) => {
      expect(Math.abs(n / 200_000 - (s + 1) / 820)).toBeLessThan(0.003);
    });
  });

  it("cuts an episode at its time limit and says so; the last value still counts", () => {
    const task = new ModelTask(modelById("Gridworld5x5-v0"), fastRandom(5), { maxSteps: 7 });
    let steps = 0;
    task.reset();
    do task.step(0);
    while (++steps < 100 && !task.truncated);
    expect([steps, task.terminated, task.truncated]).toEqual([7, false, true]);
    const { Q } = finish(
      qLearning(task, { ...control(5, 3000), gamma: 0.9, alpha: 0.1, behaviour: epsilonGreedy(0.3) }),
    );
    expect(Math.abs(Math.max(...Q.subarray(4, 8)) - 24.419)).toBeLessThan(1.5);
  });

  describe("written by hand", () => {
    /** Three steps to the right; the last pays 1. State 1 has a second action, which ends for 0.4. */
    const steps = (over: Partial<TabularTask> = {}): TabularTask => {
      let state = 0;
      return {
        states: 3,
        actions: 2,
        ...optionsOf(3, 2, (s, a) => a === 0 || s === 1),
        reward: 0,
        terminated: false,
        truncated: false,
        reset() {
          this.terminated = false;
          state = 0;
          return state;
        },
        step(action) {
          this.terminated = action === 1 || state === 2;
          this.reward = action === 1 ? 0.4 : state === 2 ? 1 : 0;
          state = this.terminated ? this.states : state + 1;
          return state;
        },
        ...over,
      };
    };

    it("learns as any other", () => {
      const { Q } = finish(qLearning(steps(), { ...control(2), alpha: 1, gamma: 0.5 }));
      expect(Array.from(Q, (x) => Number(x.toFixed(6)))).toEqual([0.25, 0, 0.5, 0.4, 1, 0, 0, 0]);
    });

    it("has its actions from allActions or optionsOf, and what does not fit is refused", () => {
      expect(allActions(2, 2)).toEqual(optionsOf(2, 2, () => true));
      expect([...steps().optionPtr]).toEqual([0, 1, 3, 4, 4]);
      const ptr = (...entries: number[]) => ({ optionPtr: Int32Array.from(entries) });
      const BROKEN: [Partial<TabularTask>, string][] = [
        [{ states: 0 }, "a task needs one or more states, not 0"],
        [{ actions: 1.5 }, "a task needs one or more actions, not 1.5"],
        [
          ptr(0, 1, 3, 4),
          "optionPtr has 4 entries, but 3 states need 5: where each row of actions begins, then",
        ],
        [
          ptr(0, 1, 3, 4, 5),
          "end twice with the number of options, 4, because the terminal state has none; not 0 and 4, 5",
        ],
        [ptr(1, 1, 3, 4, 4), "optionPtr must begin with 0"],
        [
          ptr(0, 3, 1, 4, 4),
          "optionPtr falls from 3 to 1 at state 1. optionsOf(states, actions, available) makes",
        ],
        [
          { options: Int32Array.of(0, 0, 2, 0) },
          "state 1: the option 2 is not an action: actions are 0 to 1",
        ],
        [{ options: Int32Array.of(0, 1, 0, 0) }, "state 1: its options must ascend, and 0 follows 1"],
      ];
      for (const [over, sentence] of BROKEN) {
        const broken = steps(over);
        expect(() => checkTask(broken)).toThrow(sentence);
      }
      const short = steps(ptr(0, 1, 3, 4));
      const learning = { ...control(2), policy: equiprobable, alpha: 0.1, n: 2, lambda: 0.5, starts: [0] };
      for (const start of [
        () => qLearning(short, learning),
        () => sarsaLambda(short, learning),
        () => tdPrediction(short, learning),
        () => monteCarloPrediction(short, learning),
        () => monteCarloControl(short, learning),
        () => nStepSarsa(short, learning),
        () => dynaQ(short, learning),
      ]) {
        expect(() => start().next()).toThrow("optionPtr has 4 entries, but 3 states need 5");
      }
    });
  });

  it("an environment behind Gymnasium's API is a task too", () => {
    const task = new EnvTask(make("CliffWalking-v1"), 3);
    const { Q } = finish(qLearning(task, control(6)));
    expect(startReturn(cliff, Q)).toBe(-13);
    expect(() => new EnvTask(make("MountainCar-v0"))).toThrow("MountainCar-v0 has no exact model");
  });
});

describe("bad options", () => {
  const task = cliffs(1);
  const base = control(1);
  it.each([
    [() => finish(qLearning(task, { ...base, alpha: 2 })), "the step size alpha must lie in 0 … 1, not 2"],
    [() => finish(qLearning(task, { ...base, gamma: 3 })), "the discount gamma must lie in 0 … 1"],
    [() => finish(sarsa(task, { ...base, episodes: -1 })), "the number of episodes must be ≥ 0, not -1"],
    [() => finish(nStepSarsa(task, { ...base, n: 0 })), "n must be a whole number ≥ 1, not 0"],
    [() => finish(sarsaLambda(task, { ...base, lambda: 2 })), "lambda must lie in 0 … 1, not 2"],
    [
      () => finish(sarsaLambda(task, { ...base, lambda: 0.5, traces: "dutsch" as "dutch" })),
      'unknown traces "dutsch"',
    ],
    [() => finish(dynaQ(task, { ...base, n: 1.5 })), "n, the planning steps, must be ≥ 0, not 1.5"],
    [() => epsilonGreedy(-0.1), "epsilon must lie in 0 … 1, not -0.1"],
    [() => softmax(0), "the temperature must be > 0, not 0"],
  ] as const)("%#: %s", (act, sentence) => {
    expect(act).toThrow(sentence);
  });

  it("a behaviour that cannot have taken its action is found out", () => {
    const never = { ...equiprobable, probability: () => 0 };
    const wrong = offPolicyPrediction(cliffs(2), {
      target: equiprobable,
      behaviour: never,
      sampling: "weighted",
      episodes: 1,
      gamma: 1,
      rng: fastRandom(1),
    });
    expect(() => finish(wrong)).toThrow(
      "the behaviour policy took an action to which it gives probability 0",
    );
  });

  it("tables have a row of zeros for the end", () => {
    expect([...actionTable(task, 5).subarray(-4)]).toEqual([0, 0, 0, 0]);
    expect(stateTable(task, 5).at(-1)).toBe(0);
  });
});
