import { describe, expect, it } from "vitest";
import { fastRandom } from "../../../src/rl/random.ts";
import {
  type BanditMethod,
  epsilonGreedyBandit,
  gradientBandit,
  thompsonBandit,
  ucbBandit,
} from "../../../src/rl/tabular/bandit.ts";

const METHODS: Readonly<Record<string, (seed: number) => BanditMethod>> = {
  "ε-greedy": (seed) => epsilonGreedyBandit(4, { epsilon: 0.1 }, fastRandom(seed)),
  optimistic: (seed) => epsilonGreedyBandit(4, { epsilon: 0, alpha: 0.1, initial: 5 }, fastRandom(seed)),
  UCB: (seed) => ucbBandit(4, { c: 2 }, fastRandom(seed)),
  gradient: (seed) => gradientBandit(4, { alpha: 0.1 }, fastRandom(seed)),
  Thompson: (seed) => thompsonBandit(4, {}, fastRandom(seed)),
};

/** The arms chosen in `steps` steps when arm a pays a + N(0, 1). */
function play(method: BanditMethod, seed: number, steps = 1000): number[] {
  const world = fastRandom([seed, 1]);
  return Array.from({ length: steps }, () => {
    const arm = method.choose();
    method.learn(arm, world.normal(arm, 1));
    return arm;
  });
}

describe.each(Object.entries(METHODS))("%s", (_, make) => {
  it("comes to choose the best of four arms", () => {
    const late = [1, 2, 3, 4, 5].flatMap((seed) => play(make(seed), seed).slice(800));
    expect(late.filter((arm) => arm === 3).length / late.length).toBeGreaterThan(0.85);
  });

  it("plays the same for the same seed, and forgets all on reset", () => {
    expect(play(make(7), 7, 200)).toEqual(play(make(7), 7, 200));
    const method = make(8);
    play(method, 8, 500);
    method.reset();
    // A method that remembered would go on with arm 3; one that forgot tries the others again.
    expect(new Set(play(method, 9, 60)).size).toBeGreaterThan(1);
  });
});

it("UCB tries every arm once before any arm twice", () => {
  expect(new Set(play(ucbBandit(10, { c: 2 }, fastRandom(1)), 1, 10)).size).toBe(10);
});

it("ε-greedy averages rewards when α is not given", () => {
  const method = epsilonGreedyBandit(2, { epsilon: 0 }, fastRandom(1));
  // Arm 0: mean of 4 and 0 is 2; arm 1: 1.9. A constant step would have forgotten the 4.
  method.learn(0, 4);
  method.learn(0, 0);
  method.learn(1, 1.9);
  expect([method.choose(), method.choose()]).toEqual([0, 0]);
});

it("the gradient bandit's first update is equation 2.12", () => {
  const rng = fastRandom(2);
  const method = gradientBandit(2, { alpha: 0.5, baseline: false }, rng);
  method.choose();
  // H(0) = 0 + ½ · 1 · (1 − ½) = ¼, H(1) = −¼: π(0) = 1 / (1 + e^−½) = 0.6225
  method.learn(0, 1);
  const n = 40_000;
  let first = 0;
  for (let i = 0; i < n; i++) if (method.choose() === 0) first++;
  expect(Math.abs(first / n - 0.6225)).toBeLessThan(0.01);
});

it.each([
  [() => epsilonGreedyBandit(2, { epsilon: 2 }, fastRandom(1)), "epsilon must lie in 0 … 1, not 2"],
  [() => ucbBandit(2, { c: -1 }, fastRandom(1)), "c must be ≥ 0, not -1"],
  [() => gradientBandit(2, { alpha: 0 }, fastRandom(1)), "alpha must be > 0, not 0"],
  [() => thompsonBandit(2, { noise: 0 }, fastRandom(1)), "both deviations must be > 0, not 1 and 0"],
])("says what is wrong (%#)", (act, sentence) => {
  expect(act).toThrow(sentence);
});
