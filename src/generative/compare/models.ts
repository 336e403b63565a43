/** A comparison of models: their cost, and the quality of their samples. */

import { barChart } from "../../plot/bars.ts";
import type { ChartSpec } from "../../plot/chart.ts";
import { markdownTable } from "../../plot/markdown.ts";
import { sideBySide } from "../../plot/parts.ts";

export interface ModelRow {
  readonly name: string;
  readonly model: string;
  readonly parameters: number;
  readonly steps: number;
  /** Time spent in training steps. */
  readonly trainingSeconds: number;
  /** Wall-clock time per image, without start-up. */
  readonly secondsPerSample: number;
  /** As `quality` gives them: frechet, frechetFloor, precision, recall, classKl, sharpness, recognised … */
  readonly numbers: Readonly<Record<string, number>>;
}

/**
 * Seconds per further image, from the times of few and of many images, both of which include start-up. Where their
 * difference is lost in noise, the mean over the many.
 */
export function marginalSeconds(few: Timed, many: Timed): number {
  const slope = (many.seconds - few.seconds) / (many.count - few.count);
  return slope > 0 ? slope : many.seconds / many.count;
}

interface Timed {
  readonly count: number;
  readonly seconds: number;
}

interface Column {
  readonly head: string;
  readonly cell: (row: ModelRow) => string;
}

const fixed = (key: string, digits: number) => (row: ModelRow) => row.numbers[key]?.toFixed(digits) ?? "";

const COLUMNS: readonly Column[] = [
  { head: "run", cell: (row) => row.name },
  { head: "model", cell: (row) => row.model },
  { head: "parameters", cell: (row) => row.parameters.toLocaleString("en-US") },
  { head: "training", cell: ({ trainingSeconds: s }) => `${(s / 60).toFixed(1)} min` },
  {
    head: "Fréchet distance",
    cell: ({ numbers: { frechet, frechetError } }) => withError(frechet, frechetError),
  },
  { head: "precision", cell: fixed("precision", 3) },
  { head: "recall", cell: fixed("recall", 3) },
  { head: "KL of classes", cell: fixed("classKl", 4) },
  { head: "sharpness", cell: fixed("sharpness", 2) },
  { head: "recognised", cell: (row) => share(row.numbers.recognised) },
  { head: "seconds per sample", cell: (row) => row.secondsPerSample.toPrecision(2) },
  { head: "n", cell: (row) => String(row.numbers.samples ?? "") },
];

/** "12.34 ± 0.56"; without a value nothing. */
export const withError = (value: number | undefined, error: number | undefined): string =>
  [value, error].flatMap((v) => v?.toFixed(2) ?? []).join(" ± ");

const share = (value: number | undefined): string =>
  value === undefined ? "" : `${(100 * value).toFixed(1)} %`;

/** One row per run; a column that no run fills is left out. */
export function modelTable(rows: readonly ModelRow[]): string {
  const used = COLUMNS.filter(({ cell }) => rows.some((row) => cell(row) !== ""));
  return markdownTable(
    used.map(({ head }) => head),
    rows.map((row) => used.map(({ cell }) => cell(row))),
  );
}

/** Bar charts of distance, precision and recall, and times. */
export function modelChart(title: string, rows: readonly ModelRow[]): ChartSpec {
  const bars = (name: string, y: string, value: (row: ModelRow) => number, format = ".3~g"): ChartSpec =>
    barChart(
      { title: name, y },
      rows.map((row) => ({ name: row.name, value: value(row) })),
      { upright: true, format, width: 90 * rows.length, height: 220 },
    );
  const grouped = barChart(
    { title: "Precision and recall", y: "share" },
    rows.flatMap((row) =>
      (["precision", "recall"] as const).map((group) => ({
        name: row.name,
        group,
        value: row.numbers[group] ?? 0,
      })),
    ),
    { upright: true, format: ".2f", width: 110 * rows.length, height: 220 },
  );
  return sideBySide(
    title,
    [
      bars("Fréchet distance", "less is better", (row) => row.numbers.frechet!),
      grouped,
      bars("Time per image", "milliseconds", (row) => 1000 * row.secondsPerSample),
      bars("Training", "minutes", (row) => row.trainingSeconds / 60),
    ],
    2,
  );
}
