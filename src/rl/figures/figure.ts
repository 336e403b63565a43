import { UserError } from "../../errors.ts";
import type { ChartSpec } from "../../plot/index.ts";
import { modelOf } from "../env.ts";
import { make } from "../make.ts";
import { type Mdp, mdpFromTable } from "../mdp/model.ts";
import type { Rng } from "../random.ts";
import { fastRandom } from "../random.ts";

/** The numbers behind a picture, one row per line of the CSV file. */
export interface DataTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | string)[])[];
}

export interface FigureResult {
  readonly table: DataTable;
  readonly chart: ChartSpec;
  /** Key numbers to check the result by. */
  readonly values: Readonly<Record<string, number>>;
}

export interface FigureOptions {
  /** Independent repetitions that are averaged. */
  runs: number;
  seed: number;
  /** Called from time to time with the work done and the total. */
  progress: (done: number, total: number) => void;
}

/** A figure of Sutton & Barto, Reinforcement Learning, 2nd edition, as an experiment. */
export interface Figure {
  /** As in the book: "6.5", or "example-6.5" where the picture has no number. */
  readonly id: string;
  readonly title: string;
  /** Default number of runs: the book's if that takes seconds; 1 without randomness. */
  readonly runs: number;
  draw(options: FigureOptions): FigureResult;
}

/** Draws a figure. Defaults: the figure's runs, seed 0, no progress reports. */
export function drawFigure(figure: Figure, options: Partial<FigureOptions> = {}): FigureResult {
  const { runs = figure.runs, seed = 0, progress = () => {} } = options;
  if (!(Number.isInteger(runs) && runs >= 1))
    throw new UserError(`runs must be a whole number ≥ 1, not ${runs}`);
  return figure.draw({ runs, seed, progress });
}

/** The exact model of a registered environment. */
export function modelById(id: string, options: object = {}): Mdp {
  return mdpFromTable(modelOf(make(id, options)));
}

/** Random numbers of one run, seeded by the run and the part of the experiment, so that runs are independent. */
export function runRandom(seed: number, part: number, run: number): Rng {
  return fastRandom([seed, part, run]);
}

/** Several curves over the same x as a table. */
export function curvesTable(
  x: string,
  xs: ArrayLike<number>,
  curves: readonly { name: string; y: ArrayLike<number> }[],
): DataTable {
  return {
    columns: [x, ...curves.map((c) => c.name)],
    rows: Array.from(xs, (value, i) => [value, ...curves.map((c) => c.y[i] as number)]),
  };
}

/** from, from + 1, … to. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** The mean of part of an array. */
export function mean(x: ArrayLike<number>, from = 0, to = x.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += x[i] as number;
  return sum / (to - from);
}

/** √ mean (v(s) − truth(s))² over the states first … last. */
export function rmsError(
  v: ArrayLike<number>,
  truth: ArrayLike<number>,
  first: number,
  last: number,
): number {
  let sum = 0;
  for (let s = first; s <= last; s++) sum += ((v[s] as number) - (truth[s] as number)) ** 2;
  return Math.sqrt(sum / (last - first + 1));
}

/** A table as CSV text; numbers with all their digits. */
export function csv({ columns, rows }: DataTable): string {
  const cell = (x: number | string): string => {
    const text = String(x);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
