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
