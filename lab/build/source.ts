/** Source files, coloured while building: the page gets lines of HTML with one-letter classes, and no colouring engine. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createCssVariablesTheme, createHighlighter, type Highlighter } from "shiki";
import { exporting, virtual } from "./virtual.ts";

export interface Source {
  readonly lines: readonly string[];
}

const THEME = createCssVariablesTheme({ name: "classes", variablePrefix: "--" });
const CLASSES: readonly (readonly [color: string, name: string])[] = [
  ["token-comment", "c"],
  ["token-string", "s"],
  ["token-keyword", "k"],
  ["token-function", "f"],
  ["token-constant", "v"],
];
let highlighter: Promise<Highlighter> | undefined;

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c] ?? c);

export async function coloured(code: string): Promise<string[]> {
  highlighter ??= createHighlighter({ themes: [THEME], langs: ["typescript"] });
  const { tokens } = (await highlighter).codeToTokens(code.trimEnd(), {
    lang: "typescript",
    theme: "classes",
  });
  return tokens.map((line) => {
    const parts: { name: string; text: string }[] = [];
    for (const { content, color = "" } of line) {
      const name = CLASSES.find(([variable]) => color.includes(variable))?.[1] ?? "";
      const last = parts.at(-1);
      if (last && (last.name === name || content.trim() === "")) last.text += content;
      else parts.push({ name, text: content });
    }
    return parts
      .map(({ name, text }) => (name ? `<i class=${name}>${escaped(text)}</i>` : escaped(text)))
      .join("");
  });
}

/** The lines, from 1, of what a file declares at its top under this name, with the comment above it. */
export function linesOf(code: string, symbol: string): readonly [first: number, last: number] {
  const lines = code.split("\n");
  const starts = new RegExp(
    `^(?:export )?(?:async )?(?:abstract )?(?:const|function\\*?|class) ${symbol}(?![\\w$])`,
  );
  const start = lines.findIndex((line) => starts.test(line));
  if (start < 0) return [1, 1];
  // It goes on as long as lines are indented, empty, or close what it opened.
  const next = lines.findIndex((line, i) => i > start && /^[^\s)}\]]/.test(line));
  let last = next < 0 ? lines.length : next;
  while (lines[last - 1]!.trim() === "") last--;
  let first = start;
  while (first > 0 && /^( \*|\/\*\*|\/\/)/.test(lines[first - 1]!)) first--;
  return [first + 1, last];
}

/** Whether nothing but a comment stands in a line. */
export const isComment = (line: string): boolean => /^\s*(\*|\/\*|\/\/)/.test(line);

/** Where parts of code stand between two lines: which lines, from 1. Lines of comment do not count. */
export function linesWith(
  code: string,
  [first, last]: readonly [first: number, last: number],
  parts: readonly string[],
): number[] {
  const lines = code.split("\n").slice(first - 1, last);
  return lines.flatMap((line, i) =>
    !isComment(line) && parts.some((part) => line.includes(part)) ? [first + i] : [],
  );
}

export const sources = (root: string) =>
  virtual("source", async (file) => {
    const path = join(root, file);
    const source: Source = { lines: await coloured(await readFile(path, "utf8")) };
    return { code: exporting(source), from: [path] };
  });
