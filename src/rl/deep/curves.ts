/** A learning curve: a number at each of some steps. */
export interface Curve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** Student's t for 95% by degrees of freedom 1, 2, …; beyond these the normal's 1.96 is near. */
const T95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** Mean and 95% confidence interval (Student's t) of independent numbers; the interval of one is the number itself. */
export function interval(values: readonly number[]): { mean: number; low: number; high: number } {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  if (n < 2) return { mean, low: mean, high: mean };
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1);
  const half = (T95[n - 2] ?? 1.96 + 2.4 / (n - 1)) * Math.sqrt(variance / n);
  return { mean, low: mean - half, high: mean + half };
}

/** The mean of curves of several seeds at the steps that all of them have. */
export function meanCurve(curves: readonly Curve[]): {
  steps: number[];
  mean: number[];
  low: number[];
  high: number[];
} {
  const maps = curves.map(({ steps, values }) => new Map(steps.map((step, i) => [step, values[i]!])));
  const steps = (curves[0]?.steps ?? []).filter((step) => maps.every((map) => map.has(step)));
  const all = steps.map((step) => interval(maps.map((map) => map.get(step)!)));
  return {
    steps,
    mean: all.map((x) => x.mean),
    low: all.map((x) => x.low),
    high: all.map((x) => x.high),
  };
}
