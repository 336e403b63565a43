import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The variable that names the folder of the built lab: the first test that visits its pages builds them, for all that follow. */
export const FOLDER = "GALATEA_TEST_LAB";

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "galatea-lab-"));
  process.env[FOLDER] = folder;
  return () => rm(folder, { recursive: true });
}
