import { describe, expect, it } from "vitest";
import { frozenLake } from "../../../src/rl/envs/frozen-lake.ts";
import {
  absorption,
  distributionAfter,
  markovChain,
  recurrentClasses,
  simulate,
  stationaryDistribution,
} from "../../../src/rl/mdp/chain.ts";
import {
  availableActions,
  epsilonSoft,
  isTerminal,
  type Mdp,
  mdp,
  mdpFromArrays,
  mdpFromTable,
  memoryOf,
  type OutcomeLike,
  randomMdp,
} from "../../../src/rl/mdp/model.ts";
import {
  checkPolicy,
  checkProper,
  deterministicPolicy,
  epsilonGreedyPolicy,
  greedyActions,
  softmaxPolicy,
  uniformPolicy,
} from "../../../src/rl/mdp/policy.ts";
import {
  discountedReturn,
  exactValue,
  iterativeValue,
  rewardProcess,
} from "../../../src/rl/mdp/reward-process.ts";
import {
  actionValues,
  advantage,
  exactPolicyValues,
  occupancy,
  processUnder,
  stateValues,
} from "../../../src/rl/mdp/values.ts";
import { fastRandom } from "../../../src/rl/random.ts";

// Sunny / cloudy / rainy of Grinstead & Snell, "the land of Oz": stationary (2, 1, 2) / 5.
const oz = markovChain(
  [
    [0.5, 0.25, 0.25],
    [0.5, 0, 0.5],
    [0.25, 0.25, 0.5],
  ],
  ["rain", "nice", "snow"],
);
// The drunkard's walk on 0 … 4 (Grinstead & Snell, Example 11.13).
const drunkard = markovChain([
  [1, 0, 0, 0, 0],
  [0.5, 0, 0.5, 0, 0],
  [0, 0.5, 0, 0.5, 0],
  [0, 0, 0.5, 0, 0.5],
  [0, 0, 0, 0, 1],
]);

describe("Markov chain", () => {
  it("knows where it is after n steps", () => {
    const p = distributionAfter(oz, [0, 1, 0], 3);
    expect([...p]).toEqual([0.40625, 0.1875, 0.40625]);
    expect([...distributionAfter(oz, [0, 1, 0], 0)]).toEqual([0, 1, 0]);
  });

  it("finds the stationary distribution, and says where there are several", () => {
    const mu = stationaryDistribution(oz);
    [0.4, 0.2, 0.4].forEach((x, i) => {
      expect(mu[i]).toBeCloseTo(x, 12);
    });
    expect(() => stationaryDistribution(drunkard)).toThrow(
      "not unique: a chain in state 0 and one in state 4 never meet",
    );
    expect(recurrentClasses(drunkard)).toEqual([[0], [4]]);
    // Transient states have no part in it, and a periodic chain has one too.
    const periodic = markovChain([
      [0, 1, 0],
      [1, 0, 0],
      [0.5, 0.5, 0],
    ]);
    expect([...stationaryDistribution(periodic)].map((x) => Number(x.toFixed(12)))).toEqual([0.5, 0.5, 0]);
  });

  it("absorbs: the drunkard's steps 3, 4, 3 and his chances of home ¾, ½, ¼", () => {
    const { absorbing, steps, probability } = absorption(drunkard);
    expect(absorbing).toEqual([0, 4]);
    [0, 3, 4, 3, 0].forEach((x, i) => {
      expect(steps[i]).toBeCloseTo(x, 12);
    });
    [1, 0.75, 0.5, 0.25, 0].forEach((x, i) => {
      expect(probability[i]![0]).toBeCloseTo(x, 12);
    });
    expect(() => absorption(oz)).toThrow("state rain: no absorbing state can be reached");
  });

  it("walks: visits of a long walk approach the stationary distribution", () => {
    const path = simulate(oz, 0, 100_000, fastRandom(1));
    const visits = [0, 0, 0];
    for (const s of path) visits[s]!++;
    expect(visits[0]! / path.length).toBeCloseTo(0.4, 2);
    expect(visits[1]! / path.length).toBeCloseTo(0.2, 2);
  });

  it("objects to rows that are no distribution, by the state's name", () => {
    expect(() =>
      markovChain(
        [
          [0.5, 0.4],
          [0, 1],
        ],
        ["home", "bar"],
      ),
    ).toThrow("state home: the probabilities sum to 0.9, not to 1");
    expect(() =>
      markovChain([
        [1.5, -0.5],
        [0, 1],
      ]),
    ).toThrow("state 0: 1.5 is not a probability");
    expect(() => markovChain([[1], [0, 1]])).toThrow("state 0: its row has 1 probabilities, not 2");
    expect(() => distributionAfter(oz, [1, 1, 0], 1)).toThrow(
      "start distribution: the probabilities sum to 2",
    );
  });
});

describe("Markov reward process", () => {
  const process = rewardProcess(drunkard, [0, -1, -1, -1, 0]);

  it("sums a return backwards", () => {
    expect(discountedReturn([1, 2, 3], 0.5)).toBe(1 + 1 + 0.75);
    expect(discountedReturn([], 0.5)).toBe(0);
  });

  it("has the same value in closed form and by iteration", () => {
    expect([...exactValue(process, 1)].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([0, -3, -4, -3, 0]);
    for (const gamma of [0.9, 1]) {
      const exact = exactValue(process, gamma);
      const { v } = iterativeValue(process, gamma);
      exact.forEach((x, s) => {
        expect(v[s]).toBeCloseTo(x, 8);
      });
    }
  });

  it("refuses sums that do not exist", () => {
    const forever = rewardProcess(drunkard, [1, 0, 0, 0, 0]);
    expect(() => exactValue(forever, 1)).toThrow("state 0: its reward 1 repeats for ever");
    expect(exactValue(forever, 0.5)[0]).toBeCloseTo(2, 12);
    expect(() => exactValue(process, 1.5)).toThrow(
      "gamma must lie in 0 … 1 (or be -1: alternating moves), not 1.5",
    );
    expect(() => rewardProcess(drunkard, [0, Number.NaN, 0, 0, 0])).toThrow(
      "state 1: the reward NaN is not finite",
    );
  });
});

/** Two states; from 0 "stay" pays 1, "leave" ends in 1, which is terminal. */
function small(outcomes: Partial<Record<string, OutcomeLike[]>> = {}): Mdp {
  const table: Partial<Record<string, OutcomeLike[]>> = {
    "0 0": [
      { probability: 0.5, next: 0, reward: 1 },
      { probability: 0.5, next: 1, reward: 1 },
    ],
    "0 1": [{ probability: 1, next: 1, reward: 3, terminated: true }],
    ...outcomes,
  };
  return mdp({
    states: 2,
    actions: 2,
    actionNames: ["stay", "leave"],
    stateName: (s) => ["hall", "street"][s]!,
    outcomes: (s, a) => table[`${s} ${a}`] ?? [],
  });
}

describe("decision process", () => {
  it("keeps outcomes in compressed rows, duplicates too", () => {
    const lake = mdpFromTable(frozenLake().model());
    expect(lake.states).toBe(16);
    // Up from the corner: two of the three slips stay where they are, as separate outcomes.
    const row = [lake.rowPtr[3]!, lake.rowPtr[4]!];
    expect(row[1]! - row[0]!).toBe(3);
    expect([...lake.next.subarray(...row)].sort((a, b) => a - b)).toEqual([0, 0, 1]);
    expect([...small().rowPtr]).toEqual([0, 2, 3, 3, 3]);
    expect(isTerminal(small(), 1)).toBe(true);
    expect(availableActions(small(), 0)).toEqual([0, 1]);
    expect([...small().initial]).toEqual([1, 0]);
    expect([...small().expectedReward]).toEqual([1, 3, 0, 0]);
  });

  it.each([
    [
      [{ probability: 0.9, next: 1, reward: 0 }],
      "state hall, action leave: the probabilities sum to 0.9, not to 1",
    ],
    [
      [
        { probability: -0.5, next: 1, reward: 0 },
        { probability: 1.5, next: 1, reward: 0 },
      ],
      "state hall, action leave: -0.5 is not a probability",
    ],
    [[{ probability: 1, next: 7, reward: 0 }], "state hall, action leave leads to the unknown state 7"],
    [[{ probability: 1, next: -1, reward: 0, terminated: true }], "leads to the unknown state -1"],
    [[{ probability: 1, next: 0.5, reward: 0 }], "state hall, action leave leads to the unknown state 0.5"],
    [
      [{ probability: 1, next: 1, reward: Number.NaN }],
      "state hall, action leave: the reward NaN is not finite",
    ],
    [[{ probability: Number.NaN, next: 1, reward: 0 }], "state hall, action leave: NaN is not a probability"],
  ])("names the state and the action of a broken model (%#)", (outcomes, sentence) => {
    expect(() => small({ "0 1": outcomes })).toThrow(sentence);
  });

  it("refuses models without states, actions or a start", () => {
    expect(() => mdp({ states: 0, actions: 1, outcomes: () => [] })).toThrow("one or more states, not 0");
    expect(() => mdp({ states: 1, actions: 1, outcomes: () => [] })).toThrow(
      "every state of this model is terminal",
    );
    const one = { states: 1, actions: 1, outcomes: () => [{ probability: 1, next: 0, reward: 0 }] };
    expect(() => mdp({ ...one, initial: 3 })).toThrow("the initial state 3 is unknown");
    expect(() => mdp({ ...one, initial: [0.5] })).toThrow(
      "initial distribution: the probabilities sum to 0.5",
    );
    expect(() => mdp({ ...one, actionNames: ["a", "b"] })).toThrow("1 actions, but 2 names");
  });

  it("has values, advantages and visits that fit one another", () => {
    const m = small();
    const policy = uniformPolicy(m);
    // v = ½ (1 + v/2) + ½ 3 → v = 2 / 0.75
    const v = exactPolicyValues(m, policy, 1);
    expect(v[0]).toBeCloseTo(8 / 3, 12);
    const q = actionValues(m, v, 1);
    expect(q[0]).toBeCloseTo(1 + 4 / 3, 12);
    expect(q[1]).toBe(3);
    expect(q[2]).toBe(-Infinity);
    expect(stateValues(m, q, policy)[0]).toBeCloseTo(8 / 3, 12);
    const A = advantage(m, q, policy);
    expect(0.5 * A[0]! + 0.5 * A[1]!).toBeCloseTo(0, 12);
    const d = occupancy(m, policy, 1);
    // Expected visits to the hall: 1 / (1 − ¼)
    expect(d[0]! + d[1]!).toBeCloseTo(4 / 3, 12);
    expect(d[0]! * 1 + d[1]! * 3).toBeCloseTo(v[0]!, 12);
  });

  it("occupancy sums to 1 / (1 − γ) where nothing ends", () => {
    const m = randomMdp({ states: 30, actions: 3, successors: 4 }, fastRandom(3));
    const d = occupancy(m, uniformPolicy(m), 0.9);
    expect(d.reduce((a, b) => a + b)).toBeCloseTo(10, 9);
    const v = exactPolicyValues(m, uniformPolicy(m), 0.9);
    const mean = m.initial.reduce((sum, p, s) => sum + p * v[s]!, 0);
    expect(d.reduce((sum, x, i) => sum + x * m.expectedReward[i]!, 0)).toBeCloseTo(mean, 9);
  });

  it("becomes a chain under a policy: the lake's random walker falls in almost always", () => {
    const lake = mdpFromTable(frozenLake().model());
    const v = exactPolicyValues(lake, uniformPolicy(lake), 1);
    // 1/72 and a little: a known value of the 4×4 lake.
    expect(v[0]).toBeCloseTo(0.0139398, 6);
    expect(processUnder(lake, uniformPolicy(lake)).chain.states).toBe(17);
  });

  it("names the state from which an improper policy never ends", () => {
    const m = small({ "0 0": [{ probability: 1, next: 0, reward: 1 }] });
    const stay = deterministicPolicy(m, [0, 0]);
    expect(() => checkProper(m, stay)).toThrow(
      "state hall, action stay: under this policy the episode never ends from here",
    );
    expect(() => exactPolicyValues(m, stay, 1)).toThrow("Use gamma < 1 or a proper policy");
    expect(exactPolicyValues(m, stay, 0.9)[0]).toBeCloseTo(10, 9);
    expect(() => checkProper(m, uniformPolicy(m))).not.toThrow();
  });

  it("makes policies of values", () => {
    const m = small();
    const q = [1, 3, 0, 0];
    expect([...greedyActions(m, q)]).toEqual([1, -1]);
    expect([...epsilonGreedyPolicy(m, q, 0.2)]).toEqual([0.1, 0.9, 0, 0]);
    expect([...epsilonGreedyPolicy(m, [2, 2, 0, 0], 0.2)]).toEqual([0.5, 0.5, 0, 0]);
    const soft = softmaxPolicy(m, q, 2);
    expect(soft[1]! / soft[0]!).toBeCloseTo(Math.E, 12);
    expect([...greedyActions(m, [1, 1 + 1e-12, 0, 0])]).toEqual([0, -1]);
  });

  it("names what is wrong with a policy", () => {
    const m = small();
    expect(() => checkPolicy(m, Float64Array.of(1, 1, 0, 0))).toThrow(
      "state hall: the policy's probabilities sum to 2, not to 1",
    );
    expect(() => checkPolicy(m, Float64Array.of(1))).toThrow("1 entries, not 2 states × 2 actions");
    const stuck = mdp({
      states: 1,
      actions: 2,
      outcomes: (_, a) => (a === 0 ? [{ probability: 1, next: 1, reward: 0 }] : []),
    });
    expect(() => checkPolicy(stuck, Float64Array.of(0, 1))).toThrow("it is not available there");
    expect(() => deterministicPolicy(stuck, [1])).toThrow("takes action 1, which is not available there");
    expect(() => epsilonGreedyPolicy(m, [0, 0, 0, 0], 2)).toThrow("epsilon must lie in 0 … 1, not 2");
    expect(() => softmaxPolicy(m, [0, 0, 0, 0], 0)).toThrow("the temperature must be > 0, not 0");
  });

  it("moves exploration inside: ε-soft", () => {
    const m = epsilonSoft(small(), 0.5);
    // stay: ¾ of its own row (½ hall, ½ street), ¼ of leaving.
    expect(m.expectedReward[0]).toBeCloseTo(0.75 * 1 + 0.25 * 3, 12);
    expect(m.expectedReward[1]).toBeCloseTo(0.25 * 1 + 0.75 * 3, 12);
    expect(() => epsilonSoft(small(), -1)).toThrow("epsilon must lie in 0 … 1");
  });

  it("keeps 32-bit probabilities in 32 bits", () => {
    const m = randomMdp({ states: 100, actions: 2, successors: 3, precision: "float32" }, fastRandom(1));
    expect(m.probability).toBeInstanceOf(Float32Array);
    expect(memoryOf(m).sweep).toBe(600 * 4 + 600 * 4 + 201 * 4 + 200 * 4);
    expect(m.rowLength).toBe(3);
    expect(() =>
      mdpFromArrays({
        states: 1,
        actions: 1,
        rowPtr: Int32Array.of(0, 1),
        next: Int32Array.of(0),
        probability: Float32Array.of(0.9),
        reward: Float32Array.of(0),
      }),
    ).toThrow("state 0, action 0: the probabilities sum to 0.899");
  });
});
