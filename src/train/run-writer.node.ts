import { type FileHandle, open, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { readJsonLines } from "../files/jsonl.node.ts";
import { writeFileAtomic } from "../files/node.ts";
import type { Checkpoint, CheckpointStore, Metrics, TrainEvent } from "./checkpoint.ts";
import { type RunFolder, rewind } from "./node.ts";
import { savePicture } from "./pictures.node.ts";
import type { Picture } from "./task.ts";
import { encodeEvent, eventFileName, eventFileStart } from "./tensorboard.ts";

/**
 * Writes a run's folder: a store of checkpoints, and a listener to the loop's events. `metrics.jsonl` holds
 * nothing that differs from one execution to the next, so that equal runs make equal files; the time at which each
 * step was logged (seconds since 1970) is in `timing.jsonl`.
 */
export class RunWriter implements CheckpointStore {
  readonly #run: RunFolder;
  readonly #metrics: FileHandle;
  readonly #timing: FileHandle;
  readonly #events: FileHandle;

  private constructor(run: RunFolder, metrics: FileHandle, timing: FileHandle, events: FileHandle) {
    this.#run = run;
    this.#metrics = metrics;
    this.#timing = timing;
    this.#events = events;
  }

  /**
   * Lock the run for this process, write its configuration, and drop what was logged after `step`. Nothing of the
   * run is touched before it is locked.
   */
  static async open(run: RunFolder, step: number): Promise<RunWriter> {
    await lock(run);
    const files: FileHandle[] = [];
    const append = async (name: string): Promise<FileHandle> => {
      const file = await open(join(run.path, name), "a");
      files.push(file);
      return file;
    };
    try {
      await run.saveConfig();
      await rewind(run, step);
      for (const log of [METRICS, TIMING]) await truncateMetrics(join(run.path, log), step);
      const wallTime = now();
      const events = await append(eventFileName(wallTime, `${hostname()}.${process.pid}`));
      await events.appendFile(eventFileStart(wallTime));
      if (step > 0) await events.appendFile(encodeEvent({ wallTime, step: step + 1, restart: true }));
      return new RunWriter(run, await append(METRICS), await append(TIMING), events);
    } catch (error) {
      for (const file of files) await file.close();
      await rm(lockPath(run), { force: true });
      throw error;
    }
  }

  /** Record an event. Returns the paths of the pictures it wrote. */
  async on(event: TrainEvent): Promise<string[]> {
    if (event.kind === "validation") await this.#log(event.step, event.metrics);
    if (event.kind === "step") {
      const { kind, logEvery, steps } = this.#run.config;
      const { step, epoch, metrics } = event;
      // A model tells of every step; an agent, which may step many environments at once, only of those to be logged.
      if (kind === "model" && step > 1 && step < steps && step % logEvery !== 0) return [];
      await this.#log(step, metrics, epoch);
      await this.#timing.appendFile(`${JSON.stringify({ step, time: now() })}\n`);
    }
    if (event.kind !== "sample") return [];
    const { step, pictures = [], numbers = {} } = event;
    if (Object.keys(numbers).length > 0) await this.#log(step, numbers);
    return this.#savePictures(step, pictures);
  }

  async #log(step: number, scalars: Metrics, epoch?: number): Promise<void> {
    const line = { step, ...(epoch !== undefined && { epoch }), ...scalars };
    await this.#metrics.appendFile(`${JSON.stringify(line, float32)}\n`);
    await this.#events.appendFile(encodeEvent({ wallTime: now(), step, scalars }));
  }

  async #savePictures(step: number, pictures: readonly Picture[]): Promise<string[]> {
    const paths: string[] = [];
    for (const picture of pictures) {
      const saved = await savePicture(join(this.#run.path, "samples"), `${step}-${picture.name}`, picture);
      paths.push(saved.path);
      const images = { [picture.name]: saved.image };
      await this.#events.appendFile(encodeEvent({ wallTime: now(), step, images }));
    }
    return paths;
  }

  async save(checkpoint: Checkpoint): Promise<string> {
    await this.#metrics.sync();
    const path = await this.#run.writeCheckpoint(checkpoint);
    const best = await this.#run.bestStep();
    const old = (await this.#run.checkpointSteps()).slice(0, -this.#run.config.keep);
    for (const step of old) if (step !== best) await rm(this.#run.checkpointPath(step), { recursive: true });
    return path;
  }

  markBest(step: number, numbers: Metrics): Promise<void> {
    return this.#run.writeBest(step, numbers);
  }

  async close(): Promise<void> {
    await this.#metrics.close();
    await this.#timing.close();
    await this.#events.close();
    await rm(lockPath(this.#run), { force: true });
  }
}

const METRICS = "metrics.jsonl";
const TIMING = "timing.jsonl";

const now = (): number => Date.now() / 1000;

/** Nine digits tell any two float32 numbers apart. */
const float32 = (_key: string, value: unknown): unknown =>
  typeof value === "number" ? Number(value.toPrecision(9)) : value;

async function truncateMetrics(path: string, step: number): Promise<void> {
  const lines = await readJsonLines(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const kept = (lines as { step: number }[]).filter((line) => line.step <= step);
  await writeFileAtomic(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

const lockPath = (run: RunFolder): string => join(run.path, "lock.json");

/** Only one process at a time writes a run. The lock of a process that is gone is taken over. */
async function lock(run: RunFolder): Promise<void> {
  const path = lockPath(run);
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(mine);
      await file.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const { pid, host } = await holder(path);
    if (host !== undefined && (host !== hostname() || (await stays(pid))))
      throw new UserError(
        `${run.path} is being trained by process ${pid} on ${host}. Stop that one first; if it is gone, delete ${path}`,
      );
    await rm(path, { force: true });
  }
  throw new UserError(`${path} cannot be taken: another process is starting on this run`);
}

/** Whether a process is writing this run: one of this machine that lives, or one of another that has not let go. */
export async function isHeld(path: string): Promise<boolean> {
  const { pid, host } = await holder(join(path, "lock.json"));
  return host !== undefined && (host !== hostname() || pid === process.pid || (await isAlive(pid)));
}

async function holder(path: string): Promise<{ pid: number; host?: string }> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as { pid: number; host: string };
  } catch {
    return { pid: 0 };
  }
}

/** Milliseconds that a killed process may take to disappear, while its memory is freed. */
const DYING = 3000;

async function stays(pid: number): Promise<boolean> {
  for (let waited = 0; waited < DYING; waited += 100) {
    if (!(await isAlive(pid))) return false;
    await new Promise((later) => setTimeout(later, 100));
  }
  return isAlive(pid);
}

async function isAlive(pid: number): Promise<boolean> {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // On Linux, a process that has ended keeps its number until its parent reaps it (state Z).
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !/\) [ZX] /.test(stat);
}
