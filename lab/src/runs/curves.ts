/** What is drawn of logs: axes, smoothing, seeds together. Pure functions over arrays. */
import type { Series } from "../../../src/train/growing-log.ts";

export const AXES = ["step", "epoch", "time"] as const;
export type Axis = (typeof AXES)[number];

export interface Curve {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Bounds of a band: the least and the greatest that a point stands for, or a mean and its error. */
  readonly low?: Float64Array;
  readonly high?: Float64Array;
}

/** Points of a curve that is drawn, at most and at least, and of all together: more than can be told apart would only be slow. */
const [MOST, LEAST, ALL] = [600, 200, 24_000] as const;

/** Points of each of so many curves that are drawn. */
export const pointsOf = (curves: number): number => Math.min(MOST, Math.max(LEAST, Math.floor(ALL / curves)));

/** Steps on another axis, by what was logged of it from `start` on; NaN where nothing was. */
function along(steps: Float64Array, known: Series | undefined, start: number): Float64Array {
  if (!known || known.steps.length === 0) return steps.map(() => Number.NaN);
  let at = 0;
  return steps.map((step) => {
    while (at + 1 < known.steps.length && known.steps[at + 1]! <= step) at++;
    return known.values[at]! - start;
  });
}

/** A metric over an axis; values that are not finite are left out. */
export function curveOf(
  { steps, values }: Series,
  axis: Axis,
  { epoch, time }: { readonly epoch?: Series | undefined; readonly time?: Series | undefined },
): Curve {
  const axes: Record<Axis, () => Float64Array> = {
    step: () => steps,
    epoch: () => along(steps, epoch, 0),
    // Seconds since the first line.
    time: () => along(steps, time, time?.values[0] ?? 0),
  };
  const x = axes[axis]();
  if (values.every(Number.isFinite) && x.every(Number.isFinite)) return { x, y: values };
  const keep = Array.from(values.keys()).filter((i) => Number.isFinite(values[i]) && Number.isFinite(x[i]));
  return { x: Float64Array.from(keep, (i) => x[i]!), y: Float64Array.from(keep, (i) => values[i]!) };
}

/**
 * Fewer points, none of whose extremes is lost: each stands for a run of neighbours, as their mean, with the least and the greatest
 * of them as a band.
 */
export function thinned({ x, y }: Curve, most: number = MOST): Curve {
  const n = y.length;
  if (n <= most) return { x, y };
  const [xs, ys, low, high] = Array.from({ length: 4 }, () => new Float64Array(most)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let k = 0; k < most; k++) {
    const [from, to] = [Math.floor((k * n) / most), Math.floor(((k + 1) * n) / most)];
    let [sum, least, greatest] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = from; i < to; i++) {
      const value = y[i]!;
      sum += value;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    xs[k] = x[to - 1]!;
    ys[k] = sum / (to - from);
    low[k] = least;
    high[k] = greatest;
  }
  return { x: xs, y: ys, low, high };
}

/** An exponential moving average, without its bias at the beginning. The band stays: it shows what was smoothed away. */
export function smoothed(curve: Curve, weight: number): Curve {
  if (weight === 0) return curve;
  const { x, y, low = y, high = y } = curve;
  let [mean, share] = [0, 0];
  const smooth = y.map((value) => {
    mean = weight * mean + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return mean / share;
  });
  return { x, y: smooth, low, high };
}

/** The mean of curves where all of them have a point, with its standard error as a band. */
export function meanCurve(curves: readonly Curve[]): Curve {
  const at = curves.map(({ x, y }) => new Map(Array.from(x, (value, i) => [value, y[i]!])));
  const x = Array.from(curves[0]?.x ?? []).filter((value) => at.every((one) => one.has(value)));
  const means = x.map((value) => {
    const values = at.map((one) => one.get(value)!);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const square = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
    const error = values.length < 2 ? 0 : Math.sqrt(square / (values.length - 1) / values.length);
    return { mean, error };
  });
  return {
    x: Float64Array.from(x),
    y: Float64Array.from(means, ({ mean }) => mean),
    low: Float64Array.from(means, ({ mean, error }) => mean - error),
    high: Float64Array.from(means, ({ mean, error }) => mean + error),
  };
}

/** Curves over one axis for uPlot: the union of their x, and each one's values there, null where it has none. */
export function aligned(curves: readonly Curve[]): {
  readonly x: number[];
  readonly rows: readonly { y: (number | null)[]; low: (number | null)[]; high: (number | null)[] }[];
} {
  const first = curves[0]?.x ?? new Float64Array(0);
  // As runs of one recipe are: nothing to put together.
  if (curves.every(({ x }) => x.length === first.length && x.every((value, i) => value === first[i])))
    return {
      x: [...first],
      rows: curves.map(({ y, low, high }) => ({
        y: [...y],
        low: low ? [...low] : new Array(first.length).fill(null),
        high: high ? [...high] : new Array(first.length).fill(null),
      })),
    };
  const x = [...new Set(curves.flatMap((curve) => Array.from(curve.x)))].sort((a, b) => a - b);
  const place = new Map(x.map((value, i) => [value, i]));
  const rows = curves.map((curve) => {
    const spread = (values: Float64Array | undefined): (number | null)[] => {
      const out: (number | null)[] = new Array(x.length).fill(null);
      values?.forEach((value, i) => {
        out[place.get(curve.x[i]!)!] = value;
      });
      return out;
    };
    return { y: spread(curve.y), low: spread(curve.low), high: spread(curve.high) };
  });
  return { x, rows };
}

/** Pauses between lines of a log that are far longer than usual, in seconds. */
export function pauses(times: Float64Array = new Float64Array(0)): number[] {
  const gaps = Array.from(times.subarray(1), (time, i) => time - times[i]!);
  const usual = [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  return gaps.filter((gap) => gap > Math.max(10, 20 * usual));
}

/** Values that are not finite: how many, and the step of the first. */
export function notFinite(
  all: ReadonlyMap<string, Series>,
): { readonly count: number; readonly step: number } | undefined {
  let [count, first] = [0, Number.POSITIVE_INFINITY];
  for (const { steps, values } of all.values())
    for (let i = 0; i < values.length; i++)
      if (!Number.isFinite(values[i])) {
        count++;
        first = Math.min(first, steps[i]!);
      }
  return count === 0 ? undefined : { count, step: first };
}
