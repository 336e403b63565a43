/** A run's logs as a page reads them: while they grow, and where a line is damaged. */
import { parseRunConfig, type RunConfig } from "./run-config.ts";

/** One line of `metrics.jsonl` or `timing.jsonl`. A number that JSON does not have (NaN) is null there. */
export type LogRow = Readonly<Record<string, number | null>> & { readonly step: number };

export interface LogText {
  readonly rows: readonly LogRow[];
  /** Numbers of the lines that are no rows, from 1. */
  readonly damaged: readonly number[];
  /** What follows the last line break: a line that is still being written. */
  readonly rest: string;
}

/** The rows of a log. @param firstLine The number of its first line, where the text is a later part of a file. */
export function parseLog(text: string, firstLine = 1): LogText {
  const lines = text.split("\n");
  const rest = lines.pop()!;
  const rows: LogRow[] = [];
  const damaged: number[] = [];
  for (const [i, line] of lines.entries()) {
    const row = rowOf(line);
    if (row) rows.push(row);
    else if (line !== "") damaged.push(firstLine + i);
  }
  return { rows, damaged, rest };
}

function rowOf(line: string): LogRow | undefined {
  try {
    const value = JSON.parse(line) as LogRow | null;
    return typeof value?.step === "number" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The last value of each metric in these rows, which not every row has. */
export const lastOf = (rows: readonly LogRow[]): LogRow | undefined =>
  rows.length === 0 ? undefined : Object.assign({}, ...rows);

/** A log that is read as it grows. */
export class GrowingLog {
  readonly rows: LogRow[] = [];
  readonly damaged: number[] = [];
  #rest = "";
  #line = 1;

  /** The next part of the file. A run that went on from an earlier step is rewound: later rows are dropped. */
  push(part: string): void {
    const text = this.#rest + part;
    const { rows, damaged, rest } = parseLog(text, this.#line);
    this.#line += text.split("\n").length - 1;
    this.#rest = rest;
    this.damaged.push(...damaged);
    for (const row of rows) {
      while (this.rows.length > 0 && this.rows.at(-1)!.step > row.step) this.rows.pop();
      this.rows.push(row);
    }
  }
}

/** Values of one metric, at increasing steps. */
export interface Series {
  readonly steps: Float64Array;
  readonly values: Float64Array;
}

/** The metrics of a log by name, each where it was logged; values that are no numbers stay as NaN. */
export function seriesOf(rows: readonly LogRow[]): ReadonlyMap<string, Series> {
  const found = new Map<string, { steps: number[]; values: number[] }>();
  for (const row of rows)
    for (const [name, value] of Object.entries(row)) {
      if (name === "step") continue;
      const series = found.get(name) ?? { steps: [], values: [] };
      found.set(name, series);
      series.steps.push(row.step);
      series.values.push(value ?? Number.NaN);
    }
  const typed = ({ steps, values }: { steps: number[]; values: number[] }): Series => ({
    steps: Float64Array.from(steps),
    values: Float64Array.from(values),
  });
  return new Map(Array.from(found, ([name, series]) => [name, typed(series)]));
}

/** A run in a list: its configuration, or why it cannot be read. */
export type ListedRun = {
  /** Its folder's path below the folder that is shown. */
  readonly name: string;
  /** When its log last grew, milliseconds since 1970; 0: never. */
  readonly changed: number;
  /** The last value of each metric, and the last step. */
  readonly last?: LogRow | undefined;
} & (
  | { readonly config: RunConfig; readonly problem?: never }
  | { readonly config?: never; readonly problem: string }
);

/** A listed run's configuration from the text of `config.json`; where that is no configuration, the reason. */
export function configOf(text: string, file: string): Pick<ListedRun, "config" | "problem"> {
  try {
    return { config: parseRunConfig(text, file) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** What a run learns with, as flat settings: "model", "data", "lr", "options.width"; nested ones joined by dots. */
export function settingsOf(config: RunConfig): Readonly<Record<string, string>> {
  const {
    format: _,
    spec: __,
    options,
    training,
    ...rest
  } = config as RunConfig & {
    readonly spec?: unknown;
    readonly training?: Readonly<Record<string, unknown>>;
  };
  return { ...flat(rest), ...flat(training ?? {}), ...flat(options) };
}

function flat(values: Readonly<Record<string, unknown>>, before = ""): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(values).map(([key, value]) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? flat(value as Record<string, unknown>, `${before}${key}.`)
        : { [before + key]: Array.isArray(value) ? value.join(",") : String(value) },
    ),
  );
}

/** The settings in which runs differ, in the order of the first run that has them. */
export function differences(all: readonly Readonly<Record<string, string>>[]): string[] {
  const keys = [...new Set(all.flatMap((one) => Object.keys(one)))];
  return keys.filter((key) => new Set(all.map((one) => one[key])).size > 1);
}
