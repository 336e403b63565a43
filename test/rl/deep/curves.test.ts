import { expect, test } from "vitest";
import { interval, meanCurve } from "../../../src/rl/deep/curves.ts";

test("mean and 95% interval by Student's t", () => {
  const { mean, low, high } = interval([1, 2, 3]);
  expect(mean).toBe(2);
  expect(low).toBeCloseTo(2 - 4.303 / Math.sqrt(3), 3);
  expect(high).toBeCloseTo(2 + 4.303 / Math.sqrt(3), 3);
  expect(interval([4])).toEqual({ mean: 4, low: 4, high: 4 });
});

test("the mean of curves, where all have a value", () => {
  const curves = [
    { steps: [10, 20, 30], values: [1, 2, 3] },
    { steps: [10, 30], values: [3, 5] },
  ];
  expect(meanCurve(curves)).toMatchObject({ steps: [10, 30], mean: [2, 4] });
});
