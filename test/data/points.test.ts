import { expect, test } from "vitest";
import { CURVES, POINTS } from "../../src/data/points.ts";

test.each(Object.values(POINTS))("points are always the same, and of their classes (%#)", async (open) => {
  const [data, again] = [open(), open()];
  expect([data.train.length, data.test.length, data.spec.classes]).toEqual([100_000, 10_000, data.classes]);
  const { points, labels } = await data.train.batch([0, 99_999]);
  expect(points.shape).toEqual([2, 2]);
  expect(await again.train.batch([0, 99_999])).toEqual({ points, labels });
  const all = await data.test.batch(Int32Array.from({ length: 10_000 }, (_, i) => i));
  const counts = new Int32Array(data.classes.length);
  for (const label of all.labels!.data) counts[label]!++;
  // Classes are equally likely: five standard deviations.
  const share = 1 / counts.length;
  for (const n of counts)
    expect(Math.abs(n - 10_000 * share)).toBeLessThan(5 * Math.sqrt(10_000 * share * (1 - share)));
  expect(() => data.test.batch([10_000])).toThrow(`${data.name}: there is no point 10000; there are 10000`);
});

test("the moons are half circles, with noise of 0.05 about them", async () => {
  const { points, labels } = await POINTS.moons().test.batch(
    Int32Array.from({ length: 10_000 }, (_, i) => i),
  );
  let squares = 0;
  for (let i = 0; i < 10_000; i++) {
    const [x, y] = [points.data[2 * i]!, points.data[2 * i + 1]!];
    const upper = labels!.data[i] === 0;
    const distance = Math.hypot(upper ? x : x - 1, upper ? y : y - 0.5) - 1;
    squares += distance ** 2;
    expect(upper ? y : 0.5 - y).toBeGreaterThan(-0.3);
  }
  expect(Math.sqrt(squares / 10_000)).toBeCloseTo(0.05, 2);
});

test("the arms of the spiral mirror one another, and end a turn and a half out", () => {
  for (const u of [0, 0.1, 0.5, 0.9]) {
    const [[x, y], [a, b]] = [CURVES.spiral.at(0, u), CURVES.spiral.at(1, u)];
    expect([a, b]).toEqual([-x, -y]);
    expect(Math.hypot(x, y)).toBeCloseTo(Math.PI * Math.sqrt(u), 12);
  }
});
