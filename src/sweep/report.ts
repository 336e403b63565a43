import type { ChartSpec } from "../plot/chart.ts";
import { type Line, lineChart } from "../plot/lines.ts";
import { markdownTable } from "../plot/markdown.ts";
import type { Sweep } from "./plan.ts";

/** What a report needs of a run. */
export interface Row {
  readonly name: string;
  readonly state: string;
  readonly step: number;
  readonly steps: number | undefined;
  readonly failures: number;
  readonly error: string | undefined;
  readonly numbers: Readonly<Record<string, number>>;
}

/** The number that runs are compared by: that of successive halving, or the loss on held-out examples, or the loss. */
export function metricOf({ asha }: Pick<Sweep, "asha">, rows: readonly Row[]): string {
  if (asha) return asha.metric;
  const known = new Set(rows.flatMap(({ numbers }) => Object.keys(numbers)));
  const names = [...known];
  return (
    ["val_loss", "loss"].find((name) => known.has(name)) ??
    names.find((name) => name.startsWith("val_")) ??
    names.find((name) => name.endsWith("loss")) ??
    "loss"
  );
}

const worth = (row: Row, metric: string, mode: "min" | "max"): number => {
  const v = row.numbers[metric];
  return v === undefined || !Number.isFinite(v) ? Number.POSITIVE_INFINITY : mode === "min" ? v : -v;
};

/** The runs, the best first; those without a number last, in the order of the sweep. */
export const ranked = <R extends Row>(rows: readonly R[], metric: string, mode: "min" | "max"): R[] =>
  [...rows].sort((a, b) => worth(a, metric, mode) - worth(b, metric, mode) || 0);

/** One row a run. */
export function sweepTable(rows: readonly Row[], metric: string): string {
  const body = rows.map(({ name, state, step, steps, failures, error, numbers }) => [
    name,
    state,
    `${step}${steps === undefined ? "" : ` of ${steps}`}`,
    numbers[metric] === undefined ? "" : Number(numbers[metric].toPrecision(4)).toString(),
    failures === 0 ? "" : `${failures}`,
    error?.replaceAll("|", "/") ?? "",
  ]);
  return markdownTable(["run", "state", "step", metric, "failures", "why"], body);
}

/** A line a run: the number over steps. The best twelve, so that they can be told apart. */
export function sweepChart(
  title: string,
  metric: string,
  curves: readonly (Line & { readonly x: readonly number[] })[],
): ChartSpec {
  return lineChart({ title, x: "step", y: metric }, curves.slice(0, 12));
}
