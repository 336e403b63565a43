import type { GridLayout } from "../env.ts";

export interface TextOptions {
  /** Mark the agent by ANSI codes (inverse) instead of brackets. */
  readonly ansi?: boolean;
  /** The last action, shown above the grid. */
  readonly action?: string | undefined;
}

/** A grid of letters with the agent's cell in brackets; walls between cells are drawn as |. `cell` −1: no agent. */
export function gridText(
  layout: GridLayout,
  cell: number,
  { ansi = false, action }: TextOptions = {},
): string {
  const { rows, columns, cells } = layout;
  const fenced = new Set((layout.fences ?? []).map(([a, b]) => `${a},${b}`));
  const lines = Array.from({ length: rows }, (_, row) => {
    let line = "";
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const letter = cells[at] ?? " ";
      if (at !== cell) line += ` ${letter} `;
      else line += ansi ? `\u001b[7m ${letter} \u001b[0m` : `[${letter}]`;
      if (column < columns - 1 && fenced.size > 0) line += fenced.has(`${at},${at + 1}`) ? "|" : " ";
    }
    return line;
  });
  if (layout.columnNotes !== undefined) lines.push(layout.columnNotes.map((note) => ` ${note} `).join(""));
  if (action !== undefined) lines.unshift(`(${action})`);
  return `${lines.join("\n")}\n`;
}
