import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { RUNS, SWEEP_FILE } from "../train/folders.node.ts";
import type { SweepRun } from "./coordinate.node.ts";
import { SweepSchema, trialsOf } from "./plan.ts";

export interface OpenedSweep extends SweepRun {
  readonly name: string;
  /** The file's text. */
  readonly text: string;
}

/**
 * Open a sweep by its file, by its folder, or by its name under runs/.
 * @throws UserError naming the file and what is wrong in it
 */
export async function openSweep(place: string, root = RUNS): Promise<OpenedSweep> {
  const folder = [place, join(root, place)].find((path) => existsSync(join(path, SWEEP_FILE)));
  const file = folder ? join(folder, SWEEP_FILE) : place;
  const text = await readFile(file, "utf8").catch(() => {
    throw new UserError(`${place} is neither a sweep's file nor the name of a sweep under ${root}/`);
  });
  const name = folder ? basename(folder) : basename(file, extname(file));
  try {
    const sweep = parse(text);
    return { name, folder: folder ?? join(root, name), text, sweep, trials: trialsOf(sweep) };
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

function parse(text: string) {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const [error] = document.errors;
  if (error) throw new UserError(`this is not YAML: ${error.message.split("\n")[0]}`);
  const parsed = SweepSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue!.path.join(".");
  const keys =
    issue!.code === "unrecognized_keys" ? ` (known: ${Object.keys(SweepSchema.shape).join(", ")})` : "";
  throw new UserError(
    `${where ? `${where}: ` : ""}${z.prettifyError({ issues: [{ ...issue!, path: [] }] } as never).replace(/^✖ /, "")}${keys && where === "" ? keys : ""}`,
  );
}
