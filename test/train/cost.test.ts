import { expect, test } from "vitest";
import { allReduceSeconds, line, speedup, stepSeconds } from "../../src/train/parallel/cost.ts";

const network = { latency: 1e-5, bandwidth: 1e9 };

test("an all-reduce of one rank costs nothing, of two the bytes once, of many nearly twice; short ones only latency", () => {
  expect(allReduceSeconds(1, 1e9, network)).toBe(0);
  expect(allReduceSeconds(2, 1e9, network)).toBeCloseTo(1, 3);
  expect(allReduceSeconds(1024, 1e9, network)).toBeCloseTo(2 * (1 - 1 / 1024), 3);
  expect(allReduceSeconds(8, 4, network)).toBeCloseTo(3e-5, 7);
});

test("a step is its fixed part, a share of the batch, and the all-reduce", () => {
  const work = { bytes: 4e6, batch: 32, fixed: 0.01, each: 0.01 };
  expect(stepSeconds(1, work, network)).toBeCloseTo(0.33, 10);
  expect(stepSeconds(2, work, network)).toBeCloseTo(0.01 + 0.16 + 0.004, 4);
  expect(speedup(2, work, network)).toBeCloseTo(0.33 / 0.174, 3);
  expect(speedup(32, { ...work, bytes: 4e9 }, network)).toBeLessThan(1);
});

test("a line by least squares", () => {
  expect(line([[1, 3], [2, 5], [3, 7]])).toEqual({ a: 1, b: 2 }); // biome-ignore format: points
});
