import { expect, test } from "vitest";
import {
  aligned,
  curveOf,
  meanCurve,
  notFinite,
  pauses,
  pointsOf,
  smoothed,
  thinned,
} from "../../lab/src/runs/curves.ts";
import { GrowingLog, type Series } from "../../src/train/growing-log.ts";
import type { LogRow } from "../../src/train/run-log.ts";

const metrics: LogRow[] = [
  { step: 1, epoch: 0.5, loss: 4 },
  { step: 2, epoch: 1, loss: null },
  { step: 4, epoch: 2, loss: 2 },
  { step: 4, testLoss: 3 },
];
const timing: LogRow[] = [
  { step: 1, time: 100 },
  { step: 2, time: 101 },
  { step: 4, time: 105 },
];

function seriesOf(rows: readonly LogRow[]): ReadonlyMap<string, Series> {
  const log = new GrowingLog();
  log.push(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return log.series();
}
const series = seriesOf(metrics);

test.each([
  ["step", [1, 4]],
  ["epoch", [0.5, 2]],
  ["time", [0, 5]],
] as const)("over the axis %s; what is not finite is left out", (axis, x) => {
  const curve = curveOf(series.get("loss")!, axis, {
    epoch: series.get("epoch"),
    time: seriesOf(timing).get("time"),
  });
  expect(Array.from(curve.x)).toEqual(x);
  expect(Array.from(curve.y)).toEqual([4, 2]);
});

test("without times there is nothing over time", () => {
  const curve = curveOf(series.get("loss")!, "time", {});
  expect(curve.x).toHaveLength(0);
});

test("of many points few are drawn, and no extreme is lost", () => {
  const n = 10_000;
  const y = Float64Array.from({ length: n }, (_, i) => Math.sin(i / 500));
  y[7777] = 100;
  y[1234] = -50;
  const few = thinned({ x: Float64Array.from(y, (_, i) => i), y }, 200);
  expect(few.y).toHaveLength(200);
  expect(Math.max(...few.high!)).toBe(100);
  expect(Math.min(...few.low!)).toBe(-50);
  expect(few.x.at(-1)).toBe(n - 1);
  const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  expect(mean(few.y)).toBeCloseTo(mean(y), 10);
});

test("smoothing begins without a bias, and keeps what it smooths away as a band", () => {
  const constant = { x: Float64Array.of(0, 1, 2), y: Float64Array.of(5, 5, 5) };
  for (const value of smoothed(constant, 0.9).y) expect(value).toBeCloseTo(5, 12);
  const curve = { x: Float64Array.of(0, 1), y: Float64Array.of(0, 1) };
  const smooth = smoothed(curve, 0.5);
  expect(smooth.y[1]).toBeCloseTo(0.5 / 0.75, 12);
  expect(Array.from(smooth.high!)).toEqual([0, 1]);
  expect(smoothed(curve, 0)).toBe(curve);
});

test("seeds: their mean where all have a point, with the standard error", () => {
  const a = { x: Float64Array.of(1, 2, 3), y: Float64Array.of(1, 2, 9) };
  const b = { x: Float64Array.of(1, 2), y: Float64Array.of(3, 2) };
  const { x, y, low, high } = meanCurve([a, b]);
  expect([Array.from(x), Array.from(y)]).toEqual([
    [1, 2],
    [2, 2],
  ]);
  // Deviation √2 over √2 seeds.
  expect(high![0]! - y[0]!).toBeCloseTo(1, 12);
  expect(low![1]).toBe(2);
});

test("many curves are drawn in fewer points each, and never in too few", () => {
  expect([1, 40, 100, 1000].map(pointsOf)).toEqual([600, 600, 240, 200]);
});

test("curves of different steps share one axis", () => {
  const { x, rows } = aligned([
    { x: Float64Array.of(1, 3), y: Float64Array.of(10, 30) },
    { x: Float64Array.of(2), y: Float64Array.of(20) },
  ]);
  expect(x).toEqual([1, 2, 3]);
  expect(rows.map(({ y }) => y)).toEqual([
    [10, null, 30],
    [null, 20, null],
  ]);
});

test("curves of the same steps lie on them as they are, one with a band and one without", () => {
  const x = Float64Array.of(1, 3);
  const [y, low, high] = [Float64Array.of(10, 30), Float64Array.of(9, 29), Float64Array.of(11, 31)];
  const { rows, ...rest } = aligned([
    { x, y, low, high },
    { x: x.slice(), y },
  ]);
  expect(rest).toEqual({ x: [1, 3] });
  expect(rows).toEqual([
    { y: [10, 30], low: [9, 29], high: [11, 31] },
    { y: [10, 30], low: [null, null], high: [null, null] },
  ]);
});

test("pauses far longer than usual, and values that are not finite, are told", () => {
  const steady = Array.from({ length: 20 }, (_, i): LogRow => ({ step: i, time: i }));
  expect(pauses(seriesOf(steady).get("time")!.values)).toEqual([]);
  expect(pauses(seriesOf([...steady, { step: 20, time: 119 }]).get("time")!.values)).toEqual([100]);
  expect(notFinite(series)).toEqual({ count: 1, step: 2 });
  expect(notFinite(seriesOf(metrics.slice(2)))).toBeUndefined();
});
