import { expect, test } from "vitest";
import { advantages } from "../../../src/rl/deep/returns.ts";
import { due, ramp } from "../../../src/rl/deep/schedules.ts";

const REWARDS = [1, 2, 3, 4];
const VALUES = [0.5, 1, 1.5, 2];
const NEXT = [1, 1.5, 2, 2.5];
const none = [0, 0, 0, 0];
const base = {
  steps: 4,
  envs: 1,
  rewards: REWARDS,
  values: VALUES,
  nextValues: NEXT,
  terminated: none,
  truncated: none,
  valid: [1, 1, 1, 1],
};
const close = (found: Float32Array, want: readonly number[]): void => {
  for (const [i, x] of want.entries()) expect(found[i]).toBeCloseTo(x, 4);
};

test("advantages without an end, with one, and with a cut after which the last observation has value 5", () => {
  close(advantages(base, 0.9, 0.8), [6.389024, 6.9292, 6.36, 4.25]);
  const flag = [0, 1, 0, 0];
  close(advantages({ ...base, terminated: flag }, 0.9, 0.8), [2.12, 1, 6.36, 4.25]);
  const cut = { ...base, truncated: flag, nextValues: [1, 5, 2, 2.5] };
  close(advantages(cut, 0.9, 0.8), [5.36, 5.5, 6.36, 4.25]);
  // Both flags: terminated.
  close(advantages({ ...cut, terminated: flag }, 0.9, 0.8), [2.12, 1, 6.36, 4.25]);
});

test("a step that only resets has no advantage and passes none on; environments do not mix", () => {
  const two = (x: readonly number[], other: number): number[] => x.flatMap((v) => [v, other]);
  const A = advantages(
    {
      steps: 4,
      envs: 2,
      rewards: two([1, 2, 0, 4], 1),
      values: two([0.5, 1, 7, 2], 0),
      nextValues: two([1, 1.5, 2, 2.5], 0),
      terminated: two([0, 1, 0, 0], 0),
      truncated: two(none, 0),
      valid: two([1, 1, 0, 1], 1),
    },
    0.9,
    0.8,
  );
  close(
    A.filter((_, k) => k % 2 === 0),
    [2.12, 1, 0, 4.25],
  );
  close(
    A.filter((_, k) => k % 2 === 1),
    [1 + 0.72 * (1 + 0.72 * 1.72), 1 + 0.72 * 1.72, 1.72, 1],
  );
});

test("λ = 1 sums discounted rewards, λ = 0 is the one-step error", () => {
  const cut = { ...base, values: none, nextValues: [0, 0, 0, 2.5] };
  close(advantages(cut, 0.5, 1), [1 + 1 + 0.75 + 0.5 + 2.5 / 16, 2 + 1.5 + 1 + 2.5 / 8, 3 + 2 + 0.625, 5.25]);
  close(advantages(base, 0.5, 0), [1, 1.75, 2.5, 3.25]);
});

test("ramps, and how often something is due", () => {
  expect([0, 25, 50, 100].map((t) => ramp(t, 100, 1, 0.1, 0.5))).toEqual(
    [1, 0.55, 0.1, 0.1].map((x) => expect.closeTo(x, 10)),
  );
  expect(ramp(0, 100, 1, 0.1, 0)).toBeCloseTo(0.1, 10);
  expect([due(0, 1, 4), due(3, 4, 4), due(0, 8, 4), due(7, 9, 4)]).toEqual([0, 1, 2, 1]);
});
