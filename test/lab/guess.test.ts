import { expect, test } from "vitest";
import { distance, level, POINTS, resampled, stepsOf, stroked } from "../../lab/src/experiment/guess.ts";

test("a guess has its points evenly over the steps, and begins level", () => {
  expect(stepsOf(300)).toEqual([0, 25, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300]);
  expect(level([1, 3])).toEqual(Array(POINTS).fill(2));
});

test("a stroke moves the points that it passes, in either direction, and a touch the nearest one", () => {
  const flat = [0, 0, 0, 0, 0];
  const there = stroked(flat, { at: 1, value: 1 }, { at: 3, value: 3 });
  expect(there).toEqual([0, 1, 2, 3, 0]);
  expect(stroked(flat, { at: 3, value: 3 }, { at: 1, value: 1 })).toEqual(there);
  expect(stroked(flat, { at: 2.3, value: 5 }, { at: 2.3, value: 5 })).toEqual([0, 0, 5, 0, 0]);
  // What lies just beyond a stroke's end is given the end's value, not one further along the line.
  expect(stroked(flat, { at: 0.6, value: 1 }, { at: 2, value: 2 })[1]).toBeCloseTo(1 + 0.4 / 1.4);
});

test("what was measured is averaged near each point, and joined by a line where nothing was", () => {
  const steps = Array.from({ length: 101 }, (_, i) => i);
  const noisy = steps.map((step) => step + (step % 2 === 0 ? 1 : -1));
  expect(resampled({ steps, values: noisy }, [0, 40, 80])[1]).toBeCloseTo(40, 1);
  const holes = [undefined, 10, undefined, 30, Number.NaN];
  expect(resampled({ steps: [0, 10, 20, 30, 40], values: holes }, [0, 20, 40])).toEqual([10, 20, 30]);
  expect(resampled({ steps: [], values: [] }, [0, 1])).toEqual([Number.NaN, Number.NaN]);
});

test("how far off a guess is: the mean over its points, and where most", () => {
  expect(distance([1, 2, 3], [1, 4, 2])).toEqual({ mean: 1, farthest: 1 });
});
