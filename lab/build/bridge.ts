/** The ten programming problems of `examples/bridge`: their two pieces of code, coloured. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { coloured } from "./source.ts";
import { exporting, virtual } from "./virtual.ts";

export interface ProblemCode {
  readonly file: string;
  readonly classic: readonly string[];
  readonly pose: readonly string[];
}

const FILES = ["examples/bridge/grids.ts", "examples/bridge/lines.ts"];

/** Coloured lines of a method of the object that begins at line `from`, without their indentation. */
function method(name: string, from: number, lines: readonly string[], html: readonly string[]): string[] {
  const start = lines.findIndex((line, i) => i >= from && line.startsWith(`  ${name}(`));
  const end = lines.findIndex((line, i) => i > start && line === "  },");
  return html.slice(start, end + 1).map((line) => line.replace(/^(<i class=\w>)? {2}/, "$1"));
}

async function codeOf(root: string): Promise<Record<string, ProblemCode>> {
  const all: Record<string, ProblemCode> = {};
  for (const file of FILES) {
    const text = await readFile(join(root, file), "utf8");
    const [lines, html] = [text.split("\n"), await coloured(text)];
    for (const [at, line] of lines.entries()) {
      const number = /^ {2}number: (\d+),$/.exec(line)?.[1];
      if (number === undefined) continue;
      const [classic, pose] = [method("classic", at, lines, html), method("pose", at, lines, html)];
      all[number] = { file, classic, pose };
    }
  }
  return all;
}

export const bridge = (root: string) =>
  virtual("bridge", async () => ({
    code: exporting(await codeOf(root)),
    from: FILES.map((file) => join(root, file)),
  }));
