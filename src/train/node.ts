import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { z } from "zod";
import { UserError, unknownName } from "../errors.ts";
import {
  makeFolder,
  readIfThere,
  sweepLeftovers,
  writeFileAtomic,
  writeFolderAtomic,
} from "../files/node.ts";
import type { Checkpoint, Metrics } from "./checkpoint.ts";
import { checkpointFiles, readCheckpointFiles } from "./checkpoint-files.ts";
import { EXAMPLES, listRuns, namesIn, RUNS } from "./folders.node.ts";
import type { SavedRun } from "./run.ts";
import { parseRunConfig, type RunConfig, tryJson } from "./run-config.ts";

/** A run on disk: `config.json`, `metrics.jsonl`, TensorBoard events, `samples/`, `checkpoints/<step>/`. */
export class RunFolder<C extends RunConfig = RunConfig> implements SavedRun<C> {
  readonly path: string;
  readonly config: C;
  constructor(path: string, config: C) {
    this.path = path;
    this.config = config;
  }

  async checkpointSteps(): Promise<number[]> {
    const names = await namesIn(join(this.path, "checkpoints"));
    return names
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  }

  checkpointPath(step: number): string {
    return join(this.path, "checkpoints", String(step));
  }

  checkpointAt(step: number): Promise<Checkpoint> {
    const path = this.checkpointPath(step);
    return readCheckpointFiles((name) => bytesIfThere(join(path, name)), path);
  }

  async bestStep(): Promise<number | undefined> {
    const file = join(this.path, "best.json");
    const text = await readIfThere(file);
    if (text === undefined) return undefined;
    const parsed = Best.safeParse(tryJson(text));
    if (!parsed.success)
      throw new UserError(`${file} is damaged: remove it (the run then has no best checkpoint)`);
    return parsed.data.step;
  }

  /** Write a checkpoint's folder, all or nothing. */
  async writeCheckpoint(checkpoint: Checkpoint): Promise<string> {
    const path = this.checkpointPath(checkpoint.step);
    await writeFolderAtomic(path, await checkpointFiles(checkpoint));
    return path;
  }

  async writeBest(step: number, numbers: Metrics): Promise<void> {
    await writeFileAtomic(join(this.path, "best.json"), `${JSON.stringify({ step, ...numbers })}\n`);
  }

  async saveConfig(): Promise<void> {
    await writeFileAtomic(join(this.path, "config.json"), `${JSON.stringify(this.config, null, 2)}\n`);
  }

  /** The same folder with a changed configuration, not yet saved. */
  with(change: Partial<C>): RunFolder<C> {
    return new RunFolder(this.path, { ...this.config, ...change });
  }
}

const Best = z.looseObject({ step: z.int().min(0) });

/** Start a run folder. @throws UserError where it is not empty. */
export async function createRun<C extends RunConfig>(path: string, config: C): Promise<RunFolder<C>> {
  await makeFolder(path);
  if ((await readdir(path)).length > 0)
    throw new UserError(
      `${path} is not empty. Continue the run there (galatea resume ${path}), or choose another folder (option \`out\`)`,
    );
  const run = new RunFolder(path, config);
  await run.saveConfig();
  return run;
}

/** Open a run by its folder, or by its name under `runs/` or among the package's examples. */
export async function openRunFolder(name: string, root = RUNS): Promise<RunFolder> {
  for (const path of [name, join(root, name), join(EXAMPLES, name)]) {
    const file = join(path, "config.json");
    const text = await readIfThere(file);
    if (text !== undefined) return new RunFolder(tidy(path), parseRunConfig(text, file));
  }
  const known = [...(await listRuns(root)), ...(await listRuns(EXAMPLES))].map((path) => basename(path));
  throw unknownName("run", name, known);
}

/** The folder for outputs of a run: its own, or `runs/examples/NAME` for one that comes with the package. */
export function outputsOf({ path }: Pick<RunFolder, "path">, root = RUNS): string {
  const name = relative(EXAMPLES, resolve(path));
  return name.startsWith("..") || isAbsolute(name) ? path : join(root, "examples", name);
}

/**
 * Set a run back to `step`: remove what a killed process left half-written, and move later checkpoints aside
 * (renamed, not deleted), so that the run has one history again.
 */
export async function rewind(run: RunFolder, step: number): Promise<void> {
  const folder = join(run.path, "checkpoints");
  for (const place of [run.path, folder, join(run.path, "samples")]) {
    await mkdir(place, { recursive: true });
    await sweepLeftovers(place);
  }
  const names = new Set(await namesIn(folder));
  for (const later of (await run.checkpointSteps()).filter((s) => s > step)) {
    let aside = `${later}.aside`;
    for (let n = 2; names.has(aside); n++) aside = `${later}.aside-${n}`;
    await rename(join(folder, String(later)), join(folder, aside));
  }
}

const tidy = (path: string): string => {
  const short = relative(process.cwd(), resolve(path));
  return short && !short.startsWith("..") ? short : resolve(path);
};

const absent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
};

const bytesIfThere = (path: string): Promise<Uint8Array | undefined> => readFile(path).catch(absent);
