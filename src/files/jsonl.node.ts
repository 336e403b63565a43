import { appendFile, readFile } from "node:fs/promises";
import { UserError } from "../errors.ts";

/** Append one line to a log such as `metrics.jsonl`, in one write. */
export async function appendLine(path: string, line: string): Promise<void> {
  if (line.includes("\n")) throw new RangeError("appendLine: the text holds a line break");
  await appendFile(path, `${line}\n`);
}

/**
 * The records of a `.jsonl` file. A last line without its line break is one that a kill cut short: it is left
 * out. Any other line that does not parse is a UserError naming file and line.
 */
export async function readJsonLines(path: string): Promise<unknown[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      throw new UserError(`${path}, line ${i + 1}: this is not JSON. Each line must hold one JSON object.`);
    }
  });
}
