import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../src/errors.ts";
import { modelById } from "../../../src/rl/figures/figure.ts";
import { gainOf, refuseGain } from "../../../src/rl/mdp/divergence.ts";
import { linearProgramming } from "../../../src/rl/mdp/linear-programming.ts";
import { type Mdp, mdp } from "../../../src/rl/mdp/model.ts";
import { deterministicPolicy } from "../../../src/rl/mdp/policy.ts";
import { policyEvaluation } from "../../../src/rl/mdp/policy-evaluation.ts";
import { policyIteration } from "../../../src/rl/mdp/policy-iteration.ts";
import { prioritizedSweeping } from "../../../src/rl/mdp/prioritized-sweeping.ts";
import { valueIteration } from "../../../src/rl/mdp/value-iteration.ts";
import { actionValues, exactPolicyValues, policyReturn } from "../../../src/rl/mdp/values.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { policyTruth, truth } from "./brute-force.ts";

type Answer = { v: Float64Array; actions: Int32Array };
const SOLVERS: Readonly<Record<string, (m: Mdp) => Answer | Promise<Answer>>> = {
  "value iteration": (m) => valueIteration(m, { gamma: 1 }),
  "value iteration in place": (m) => valueIteration(m, { gamma: 1, inPlace: true }),
  "policy iteration": (m) => policyIteration(m, { gamma: 1 }),
  "prioritised sweeping": (m) => prioritizedSweeping(m, { gamma: 1 }),
  "linear programming": (m) => linearProgramming(m, { gamma: 1 }),
};

/** Two to four states, one to three actions, rewards with many ties; outcomes certain, or ¼ and ¾. */
const models = fc
  .record({
    seed: fc.nat(),
    states: fc.integer({ min: 2, max: 4 }),
    actions: fc.integer({ min: 1, max: 3 }),
    rewards: fc.constantFrom([-1, 0, 1], [-2, -1], [0, 1], [0, 0, 0, 1, -1], [-1.25, -0.5, 0.75, 0, -3]),
  })
  .map(({ seed, states, actions, rewards }) => {
    const rng = fastRandom(seed);
    const draw = (n: number): number => Math.floor(rng.random() * n);
    const outcome = (probability: number) => ({
      probability,
      next: draw(states + 1),
      reward: rewards[draw(rewards.length)]!,
    });
    return mdp({
      states,
      actions,
      outcomes: (s, a) => {
        // Some actions are missing: a state without any is terminal.
        if (draw(7) === 0 && !(s === 0 && a === 0)) return [];
        return draw(2) === 0 ? [outcome(1)] : [outcome(0.25), outcome(0.75)];
      },
    });
  });

describe("γ = 1", () => {
  it.each(Object.entries(SOLVERS))("%s tells the truth of any small model", async (_, solve) => {
    await fc.assert(
      fc.asyncProperty(models, async (m) => {
        const { gains, swings, v } = truth(m);
        const answer = await Promise.resolve(m)
          .then(solve)
          .catch((error: unknown) => error as Error);
        if (answer instanceof Error) {
          expect(answer).toBeInstanceOf(UserError);
          // Rightly refused: a policy gains for ever, or swings for ever, or a state has no policy with a value.
          if (!gains && !swings) expect(v).toContain(undefined);
          return;
        }
        expect(gains).toBe(false);
        const earned = policyTruth(m, answer.actions);
        for (let s = 0; s <= m.states; s++) {
          expect(answer.v[s]).toBeCloseTo(v[s]!, 7);
          expect(earned[s]).toBeCloseTo(answer.v[s]!, 7);
        }
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it.each(Object.entries(SOLVERS))(
    "%s: greedy policies among ties end, and earn their values",
    async (_, solve) => {
      for (const [id, options, start] of [
        ["FrozenLake-v1", { is_slippery: false }, 1],
        ["FrozenLake-v1", { is_slippery: false, map_name: "8x8" }, 1],
        ["FrozenLake-v1", {}, 14 / 17],
        ["FrozenLake-v1", { map_name: "8x8" }, 1],
        ["DynaMaze-v0", {}, 1],
        ["CliffWalking-v1", {}, -13],
      ] as const) {
        const m = modelById(id, options);
        const { v, actions } = await solve(m);
        const policy = deterministicPolicy(m, actions);
        expect(policyReturn(m, policy, 1), id).toBeCloseTo(start, 8);
        exactPolicyValues(m, policy, 1).forEach((x, s) => {
          expect(v[s]).toBeCloseTo(x, 8);
        });
      }
    },
  );

  it.each(Object.entries(SOLVERS))("%s: staying or ending, for more and for less", async (_, solve) => {
    const end = (reward: number) => [{ probability: 1, next: 1, reward }];
    const stay = (reward: number) => [{ probability: 1, next: 0, reward }];
    const choice = (forStaying: number, forEnding: number): Mdp =>
      mdp({ states: 1, actions: 2, outcomes: (_s, a) => (a === 0 ? stay(forStaying) : end(forEnding)) });
    const answer = async (m: Mdp): Promise<[number, number]> => {
      const { v, actions } = await solve(m);
      return [v[0]! + 0, actions[0]!];
    };
    expect(await answer(choice(0, 1))).toEqual([1, 1]);
    expect(await answer(choice(0, 0))).toEqual([0, 1]);
    // Never to end is worth 0: more than −1.
    expect(await answer(choice(0, -1))).toEqual([0, 0]);
    expect(await answer(choice(-1, -5))).toEqual([-5, 1]);
    // Less than the threshold of a sweep, and yet never an end.
    expect(await answer(choice(-1e-11, -1))).toEqual([-1, 1]);
    await expect(Promise.resolve(choice(1e-4, 1)).then(solve)).rejects.toThrow(
      "at gamma = 1 the values grow without bound. Cycling through state 0 gives an average reward of 0.0001 per step. Use gamma < 1.",
    );
    await expect(
      Promise.resolve(mdp({ states: 1, actions: 1, outcomes: () => stay(-1) })).then(solve),
    ).rejects.toThrow(
      "at gamma = 1 state 0 has no value. From there the episode never ends and collects rewards under any policy",
    );
  });

  it.each(Object.entries(SOLVERS))("%s: a chance of one in 10¹¹ is worth waiting for", async (_, solve) => {
    const rare = mdp({
      states: 1,
      actions: 2,
      outcomes: (__, a) =>
        a === 1
          ? [{ probability: 1, next: 1, reward: 0.5 }]
          : [
              { probability: 1 - 1e-11, next: 0, reward: 0 },
              { probability: 1e-11, next: 1, reward: 1 },
            ],
    });
    const { v, actions } = await solve(rare);
    expect(actions[0]).toBe(0);
    expect(v[0]).toBeCloseTo(1, 4);
  });

  it.each(Object.entries(SOLVERS))("%s: a ring that pays +1 and −1", async (_, solve) => {
    // From 0 on for +1, from 1 back for −1; from either an exit, if it has a price.
    const ring = (...exits: readonly (number | undefined)[]): Promise<Answer> =>
      Promise.resolve(
        mdp({
          states: 2,
          actions: 2,
          stateName: (s) => ["hall", "stairs"][s]!,
          outcomes: (s, a) => {
            if (a === 0) return [{ probability: 1, next: 1 - s, reward: s === 0 ? 1 : -1 }];
            return exits[s] === undefined ? [] : [{ probability: 1, next: 2, reward: exits[s] }];
          },
        }),
      ).then(solve);
    // The sum never settles, and nothing else can be done.
    await expect(ring()).rejects.toThrow("at gamma = 1 states hall, stairs have no value. From there");
    // It pays to take the +1 and to leave.
    const left = await ring(0, 0);
    expect([...left.v]).toEqual([1, 0, 0]);
    expect([...left.actions]).toEqual([0, 1]);
    // To leave costs 5: every sum of the ring is above, but none is the last.
    await expect(ring(undefined, -5)).rejects.toThrow(
      "at gamma = 1 states hall, stairs have no best value. Cycling there for ever keeps the return above that of " +
        "every policy that ends (-4 from state hall), but it never converges. Use gamma < 1.",
    );
  });
});

describe("divergence", () => {
  it("of the 5 × 5 gridworld is proved after one sweep", () => {
    let sweeps = 0;
    const m = modelById("Gridworld5x5-v0");
    expect(() => valueIteration(m, { gamma: 1, onSweep: () => sweeps++ })).toThrow(
      /^value iteration: at gamma = 1 the values grow without bound. Cycling through states 1 \(row 0, column 1\), .* 2 per step/,
    );
    expect(sweeps).toBe(1);
  });

  it("is found where the greedy policy of in-place values always takes the other tie", () => {
    // Staying in 1 is as good as returning to 0 by every sweep's values, and yet only the ring gains.
    const m = mdp({
      states: 2,
      actions: 2,
      outcomes: (s, a) => [{ probability: 1, next: a === 0 ? 1 : 0, reward: s === 0 && a === 0 ? 1 : 0 }],
    });
    let sweeps = 0;
    const count = { onSweep: () => sweeps++ };
    expect(() => valueIteration(m, { gamma: 1, inPlace: true, ...count })).toThrow(
      "average reward of 0.5 per step",
    );
    expect(() => prioritizedSweeping(m, { gamma: 1 })).toThrow("average reward of 0.5 per step");
    expect(sweeps).toBeLessThan(10);
  });

  it("is found in classes too large to be solved, by bounds", () => {
    const n = 700;
    const m = mdp({
      states: n,
      actions: 1,
      outcomes: (s) => [
        { probability: 0.5, next: (s * 31 + 7) % n, reward: s % 2 === 0 ? 1 : -0.9 },
        { probability: 0.5, next: (s * 17 + 3) % n, reward: s % 2 === 0 ? 1 : -0.9 },
      ],
    });
    const way = { ...m, actions: 1 };
    const policy = new Float64Array(n).fill(1);
    const { low, high } = gainOf(way, policy, [...Array(n).keys()], 2000);
    expect(high - low).toBeLessThan(1e-6);
    expect(() => refuseGain(m, policy, "here")).toThrow("here: at gamma = 1 the values grow without bound");
  });

  it("of two players that never come to an end is refused", () => {
    const m = mdp({ states: 1, actions: 1, outcomes: () => [{ probability: 1, next: 0, reward: 1 }] });
    expect(() => valueIteration(m, { gamma: -1 })).toThrow(
      "the values of state 0 oscillate for ever. At gamma = -1 the game must come to an end.",
    );
  });
});

it("nearly undiscounted, a tie is not free: 1 now is taken, not put off for ever", () => {
  const m = mdp({
    states: 1,
    actions: 2,
    outcomes: (_, a) => [{ probability: 1, next: a, reward: a }],
  });
  const { v, actions } = valueIteration(m, { gamma: 1 - 1e-10 });
  expect([v[0], actions[0]]).toEqual([1, 1]);
});

it("policy iteration returns the policy that it evaluated last", () => {
  for (const m of [modelById("DynaMaze-v0"), modelById("FrozenLake-v1"), modelById("Gridworld4x4-v0")]) {
    for (const gamma of [0.9, 1]) {
      let last: Int32Array | undefined;
      const { actions, v } = policyIteration(m, {
        gamma,
        onImprovement: (_, evaluated) => (last = evaluated),
      });
      expect([...actions]).toEqual([...last!]);
      const exact = exactPolicyValues(m, deterministicPolicy(m, actions), gamma);
      v.forEach((x, s) => {
        expect(x).toBeCloseTo(exact[s]!, 7);
      });
    }
  }
});

it("what goes round for ever without pay is worth 0 to any evaluation, whatever was believed", () => {
  const m = modelById("FrozenLake-v1", { is_slippery: false });
  const left = deterministicPolicy(m, new Int32Array(16));
  expect(exactPolicyValues(m, left, 1)[0]).toBe(0);
  expect(policyEvaluation(m, left, { gamma: 1, v: new Float64Array(17).fill(0.5).fill(0, 16) }).v[0]).toBe(0);
});

it("no false alarm: 120 models of up to 60 states have the values that other ways find", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const rng = fastRandom(seed);
      const states = 2 + Math.floor(rng.random() * 59);
      // Losses on the way, anything at the end, which is near from everywhere or far.
      const ending = rng.random() < 0.5 ? 0.2 : 0.01;
      const m = mdp({
        states,
        actions: 3,
        outcomes: () =>
          Array.from({ length: 3 }, (_, k) => ({
            probability: k === 0 ? ending : (1 - ending) / 2,
            next: k === 0 ? states : Math.floor(rng.random() * states),
            reward: k === 0 ? 10 * rng.random() : Math.round(4 * rng.random() - 3) / 2,
          })),
      });
      const all = [
        valueIteration(m, { gamma: 1 }),
        valueIteration(m, { gamma: 1, inPlace: true }),
        policyIteration(m, { gamma: 1 }),
        prioritizedSweeping(m, { gamma: 1 }),
      ];
      // The optimum by its own equation, and each policy by iteration.
      for (const { v, actions } of all) {
        const q = actionValues(m, v, 1);
        const earned = policyEvaluation(m, deterministicPolicy(m, actions), { gamma: 1, theta: 1e-12 }).v;
        for (let s = 0; s < states; s++) {
          expect(Math.max(...q.subarray(3 * s, 3 * s + 3))).toBeCloseTo(v[s]!, 8);
          expect(earned[s]).toBeCloseTo(v[s]!, 6);
        }
      }
    }),
    { seed: 5, numRuns: 120 },
  );
});
