import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readIfThere } from "../files/node.ts";

export const RUNS = "runs";

/** Runs that come with the package. */
export const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));

/** The folders under `root` that hold a run. */
export async function listRuns(root = RUNS): Promise<string[]> {
  const names = await namesIn(root);
  const have = await Promise.all(names.map((name) => readIfThere(join(root, name, "config.json"))));
  return names.filter((_, i) => have[i] !== undefined).map((name) => join(root, name));
}

/** The folders under `root` that hold the runs of a sweep. */
export async function listSweeps(root = RUNS): Promise<string[]> {
  const names = await namesIn(root);
  const have = await Promise.all(names.map((name) => readIfThere(join(root, name, SWEEP_FILE))));
  return names.filter((_, i) => have[i] !== undefined).map((name) => join(root, name));
}

/** A sweep's file, as it lies in its folder. */
export const SWEEP_FILE = "sweep.yaml";

/** A folder for a new run: `runs/vae-mnist`, or with the first free number appended. */
export async function freeRunPath(base: string, root = RUNS): Promise<string> {
  const taken = new Set(await namesIn(root));
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  return join(root, name);
}

/** The names in a folder, none where it does not exist; a file in its place is the system's error. */
export const namesIn = (path: string): Promise<string[]> =>
  readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
