/** Files that experiments and checks may use, where they are there: GALATEA_SHARED names their folder. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.GALATEA_SHARED ?? "../shared";

/** The path of a file in the folder's `data/`; undefined, with a word, where it is not there. */
export function sharedFile(name: string): string | undefined {
  const path = join(folder, "data", name);
  if (existsSync(path)) return path;
  console.warn(`${path} is not here: the tests that need it are skipped (GALATEA_SHARED names the folder)`);
  return undefined;
}

export const readShared = (path: string): string => readFileSync(path, "utf8");
