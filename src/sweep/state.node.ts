import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { appendLine, readJsonLines } from "../files/jsonl.node.ts";
import { makeFolder } from "../files/node.ts";
import { namesIn } from "../train/folders.node.ts";
import { tryJson } from "../train/run-config.ts";
import { isHeld } from "../train/run-writer.node.ts";
import { type Asha, rungsOf, type Sweep, type Trial } from "./plan.ts";

/** A line of `attempts/NAME.jsonl`: an attempt begins (up to a step, of those that are compared early), or ends. */
type Attempt =
  | { readonly begun: string; readonly until?: number }
  | { readonly ended: "finished" | "paused" | "stopped" | "failed"; readonly error?: string };

export interface TrialState extends Trial {
  readonly state: "waiting" | "running" | "stopped" | "failed" | "paused" | "finished";
  /** Steps of its newest checkpoint, and of all. */
  readonly step: number;
  readonly steps: number | undefined;
  /** Attempts that ended in an error or without a word. */
  readonly failures: number;
  readonly error: string | undefined;
  /** The newest value of each number of its log. */
  readonly numbers: Readonly<Record<string, number>>;
  /** What it showed at each rung that it has reached. */
  readonly rungs: readonly number[];
  /** To which step its last attempt was sent. */
  readonly until: number | undefined;
}

export const runPath = (folder: string, name: string): string => join(folder, name);
const attemptsPath = (folder: string, name: string): string => join(folder, "attempts", `${name}.jsonl`);

export async function note(folder: string, name: string, attempt: Attempt): Promise<void> {
  await makeFolder(join(folder, "attempts"));
  await appendLine(attemptsPath(folder, name), JSON.stringify(attempt));
}

const linesOf = (path: string): Promise<unknown[]> =>
  readJsonLines(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });

/** How far a run of a sweep has come: everything is in its folder and in its list of attempts. */
export async function stateOf(folder: string, trial: Trial, asha: Asha | undefined): Promise<TrialState> {
  const path = runPath(folder, trial.name);
  const attempts = (await linesOf(attemptsPath(folder, trial.name))) as Attempt[];
  const text = await readFile(join(path, "config.json"), "utf8").catch(() => undefined);
  const steps = text === undefined ? undefined : (tryJson(text) as { steps?: number } | undefined)?.steps;
  const checkpoints = (await namesIn(join(path, "checkpoints"))).filter((name) => /^\d+$/.test(name));
  const step = Math.max(0, ...checkpoints.map(Number));
  const log = (await linesOf(join(path, "metrics.jsonl"))) as Record<string, number>[];
  const rungs = asha && steps ? rungsOf(asha, steps) : [];
  const at = (rung: number): number | undefined =>
    log.findLast((line) => line.step === rung && asha!.metric in line)?.[asha!.metric];
  const shown = rungs.map(at);
  const reached = shown.findIndex((v, i) => v === undefined || rungs[i]! > step);

  const last = attempts.at(-1);
  const running = await isHeld(path);
  const lost = attempts.filter(
    (a, i) => "begun" in a && i < attempts.length - 1 && "begun" in attempts[i + 1]!,
  ).length;
  const errors = attempts.filter((a) => "ended" in a && a.ended === "failed").length;
  const silent = last && "begun" in last && !running ? 1 : 0;
  const finished =
    (last && "ended" in last && last.ended === "finished") || (steps !== undefined && step >= steps);
  const state = finished
    ? "finished"
    : running
      ? "running"
      : last === undefined
        ? "waiting"
        : "begun" in last
          ? "failed"
          : (last.ended as TrialState["state"]);
  return {
    ...trial,
    state,
    step,
    steps,
    failures: lost + errors + silent,
    error: last && "ended" in last ? last.error : undefined,
    numbers: Object.assign({}, ...log) as Record<string, number>,
    rungs: (reached < 0 ? shown : shown.slice(0, reached)) as number[],
    until: (attempts.findLast((a) => "begun" in a) as { until?: number } | undefined)?.until,
  };
}

export const statesOf = (
  folder: string,
  trials: readonly Trial[],
  { asha }: Pick<Sweep, "asha">,
): Promise<TrialState[]> => Promise.all(trials.map((trial) => stateOf(folder, trial, asha)));
