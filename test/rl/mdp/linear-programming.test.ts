import fc from "fast-check";
import type { Model, ModelData } from "highs";
import * as highsModule from "highs";
import { expect, it } from "vitest";
import { modelById } from "../../../src/rl/figures/figure.ts";
import { linearProgramming } from "../../../src/rl/mdp/linear-programming.ts";
import { type Mdp, mdp, randomMdp } from "../../../src/rl/mdp/model.ts";
import { deterministicPolicy } from "../../../src/rl/mdp/policy.ts";
import { valueIteration } from "../../../src/rl/mdp/value-iteration.ts";
import { exactPolicyValues, occupancy } from "../../../src/rl/mdp/values.ts";
import { fastRandom } from "../../../src/rl/random.ts";

/** The package's types take its module for CommonJS. */
const loadHighs = (highsModule as unknown as typeof import("highs")).default;
const sum = (x: Float64Array): number => x.reduce((total, value) => total + value, 0);

/** Models of 2 to 40 states that end or not, with rewards of any size, missing actions and rare transitions. */
function anyModel(seed: number, gamma: number): Mdp {
  const rng = fastRandom(seed);
  const states = 2 + Math.floor(rng.random() * 39);
  const actions = 1 + Math.floor(rng.random() * 5);
  const scale = 10 ** (Math.floor(rng.random() * 7) - 3);
  const ends = gamma === 1 || rng.random() < 0.5;
  return mdp({
    states,
    actions,
    outcomes: (_, a) => {
      if (a > 0 && rng.random() < 0.2) return [];
      const end = ends ? 0.001 + 0.3 * rng.random() : 0;
      const rare = rng.random() < 0.1 ? 1e-7 : 0.5 * (1 - end);
      return [rare, 1 - end - rare, end].map((probability, k) => ({
        probability,
        next: k === 2 ? states : Math.floor(rng.random() * states),
        reward: scale * (rng.random() - (gamma === 1 ? 1 : 0.5)),
      }));
    },
  });
}

it.each([0, 0.5, 0.9, 0.99, 0.999, 1])(
  "60 random models at γ = %d: value iteration's values",
  async (gamma) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const m = anyModel(seed, gamma);
        const { v, actions, objective, visits } = await linearProgramming(m, { gamma });
        const reference = valueIteration(m, { gamma, theta: 1e-12 });
        const scale = Math.max(...reference.v.map(Math.abs), ...m.expectedReward.map(Math.abs));
        const earned = exactPolicyValues(m, deterministicPolicy(m, actions), gamma);
        for (let s = 0; s < m.states; s++) {
          expect(Math.abs(v[s]! - reference.v[s]!) / scale).toBeLessThan(1e-7);
          expect(Math.abs(v[s]! - earned[s]!) / scale).toBeLessThan(1e-12);
        }
        expect(Math.abs(objective - sum(v)) / (scale * m.states)).toBeLessThan(1e-8);
        expect(
          Math.abs(visits.reduce((t, x, i) => t + x * m.expectedReward[i]!, 0) - objective),
        ).toBeLessThan(1e-7 * scale * m.states);
      }),
      { seed: 3, numRuns: 60 },
    );
  },
);

it("the optimum is Σ v, and the visits are those of the policy", async () => {
  const m = randomMdp({ states: 20, actions: 3, successors: 4 }, fastRandom(8));
  const { v, actions, visits, objective } = await linearProgramming(m, { gamma: 0.8 });
  expect(objective).toBeCloseTo(sum(v), 6);
  expect(sum(visits)).toBeCloseTo(20 / (1 - 0.8), 6);
  occupancy(m, deterministicPolicy(m, actions), 0.8, new Float64Array(20).fill(1)).forEach((x, i) => {
    expect(visits[i]).toBeCloseTo(x, 6);
  });
});

it("the gambler's problem, on which simplex methods have cycled, ends", async () => {
  const m = modelById("GamblersProblem-v0");
  const { v, objective } = await linearProgramming(m, { gamma: 1 });
  expect([25, 50, 75, 99].map((s) => Number(v[s]!.toFixed(4)))).toEqual([0.16, 0.4, 0.64, 0.9643]);
  expect(objective).toBeCloseTo(sum(v), 8);
});

it("takes HiGHS as a page must give it, and refuses discounts that are none", async () => {
  const m = modelById("FrozenLake-v1");
  const { v } = await linearProgramming(m, { gamma: 0.99, highs: await loadHighs() });
  expect(v[0]!.toFixed(5)).toBe("0.54203");
  for (const gamma of [-1, -0.5, 1.01, Number.NaN]) {
    await expect(linearProgramming(m, { gamma })).rejects.toThrow(
      `linear programming: the discount gamma must lie in 0 … 1, not ${gamma}`,
    );
  }
});

it("never returns values that its maximum does not vouch for", async () => {
  const m = modelById("FrozenLake-v1");
  const highs = await loadHighs();
  // A solver that is a little off, as the one before this one was.
  const wrong = {
    constants: highs.constants,
    withModel: (program: ModelData, use: (model: object) => unknown) =>
      highs.withModel(program, (model: Model) =>
        use({
          options: model.options,
          run: () => model.run(),
          getModelStatus: () => model.getModelStatus(),
          getSolution: () => model.getSolution(),
          getObjectiveValue: () => 1.01 * model.getObjectiveValue(),
        }),
      ),
  } as unknown as typeof highs;
  await expect(linearProgramming(m, { gamma: 0.99, highs: wrong })).rejects.toThrow(
    /the program's maximum is 6\.40\d+, but the values of the best policy add up to 6\.33\d+/,
  );
});
