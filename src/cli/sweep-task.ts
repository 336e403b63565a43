import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { lookup } from "../errors.ts";
import type { OpenedSweep } from "../sweep/folder.node.ts";
import { rungsOf } from "../sweep/plan.ts";
import { note, runPath, stateOf } from "../sweep/state.node.ts";
import type { Shell } from "./common.ts";
import { Interrupted, type Io, Reported } from "./io.ts";
import { runCli } from "./program.ts";

/** A scheduler starts a run only where none of its processes is left. */
const SCHEDULED = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"].some(
  (name) => process.env[name] !== undefined,
);

/**
 * Carry one run of a sweep out, from where it is: begin it, or resume it, up to its next rung where runs are compared early. What
 * came of it goes into its list of attempts.
 */
export async function runTask(
  opened: OpenedSweep,
  name: string,
  lines: ReadonlyMap<string, readonly string[]>,
  { catalog, io }: Shell,
): Promise<void> {
  const { sweep, folder, trials } = opened;
  const line = lookup(`run of ${opened.name}`, Object.fromEntries(lines), name);
  const trial = trials.find((one) => one.name === name)!;
  const before = await stateOf(folder, trial, sweep.asha);
  if (before.state === "finished") return;
  const path = runPath(folder, name);
  if (SCHEDULED) await rm(join(path, "lock.json"), { force: true });
  const { asha } = sweep;
  const until = asha && (before.steps === undefined ? asha.first : rungsOf(asha, before.steps).find((rung) => rung > before.step)); // biome-ignore format: one question
  const limit = until === undefined ? [] : ["--until", `${until}`];
  const rungs = asha ? ["--sample-every", `${asha.first}`] : [];
  const threads = "threads" in trial.options ? [] : ["--threads", process.env.SLURM_CPUS_PER_TASK ?? "1"];
  const args = existsSync(join(path, "config.json"))
    ? ["resume", path, ...limit]
    : ["train", ...line, ...threads, ...rungs, "--out", path, ...limit];
  await note(folder, name, { begun: `${hostname()} ${process.pid}`, ...(until !== undefined && { until }) });
  const listening = lastLineOf(io);
  const code = await runCli(args, listening.io, catalog);
  const { step, steps } = await stateOf(folder, trial, asha);
  if (code === 0) {
    const whole = until === undefined || step < until || step >= (steps ?? 0);
    await note(folder, name, { ended: whole ? "finished" : "paused" });
    return;
  }
  if (code === 130) {
    await note(folder, name, { ended: "stopped" });
    throw new Interrupted();
  }
  await note(folder, name, { ended: "failed", error: listening.last() });
  throw new Reported();
}

/** The same streams, and the last whole line that went to stderr. */
function lastLineOf(io: Io): { io: Io; last: () => string } {
  let text = "";
  const stderr = new Proxy(io.stderr, {
    get(target, key) {
      if (key !== "write") return Reflect.get(target, key, target) as unknown;
      return (chunk: string | Uint8Array) => {
        text = (text + String(chunk)).slice(-2000);
        return target.write(chunk);
      };
    },
  });
  return {
    io: { ...io, stderr },
    last: () =>
      text
        .trim()
        .split(/[\r\n]+/)
        .at(-1) ?? "",
  };
}
