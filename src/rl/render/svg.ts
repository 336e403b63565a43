import { UserError } from "../../errors.ts";
import type { GridLayout } from "../env.ts";
import { escaped } from "./text-svg.ts";

export interface GridSvgOptions {
  readonly layout: GridLayout;
  /** A value for each state, shown as the colour of its cell and as a number. */
  readonly values?: ArrayLike<number>;
  /** Probabilities [states · actions], row by row, shown as arrows of the most probable action, several if tied. */
  readonly policy?: ArrayLike<number>;
  /** Instead of a policy: one action for each state. */
  readonly actions?: ArrayLike<number>;
  /** The state whose value and action a cell shows, where several states share the cell (Taxi). */
  readonly stateAt?: (cell: number) => number | undefined;
  /** The agent's state. */
  readonly agent?: number;
  readonly title?: string;
  /** Decimals of the values. */
  readonly digits?: number;
  /** Size of a cell in pixels. */
  readonly size?: number;
}

/** Cells that end an episode or cannot be entered have no arrow. */
const NO_ARROW = "GH#C";
const TILE: Readonly<Record<string, string>> = { "#": "#3b3f46", H: "#9db4c8", C: "#c9a79b", G: "#d7ecd0" };

/** From white to blue, as values rise from the lowest to the highest. */
function shade(x: number): string {
  const mix = (a: number, b: number): number => Math.round(a + (b - a) * x);
  return `rgb(${mix(255, 92)},${mix(255, 152)},${mix(255, 214)})`;
}

/** The first state of every cell. */
function firstStates(layout: GridLayout, nStates: number): (cell: number) => number | undefined {
  const first = new Map<number, number>();
  for (let s = 0; s < nStates; s++) {
    const cell = layout.cellOf(s);
    if (!first.has(cell)) first.set(cell, s);
  }
  return (cell) => first.get(cell);
}

function bestActions(policy: ArrayLike<number>, state: number, nActions: number): number[] {
  const row = Array.from({ length: nActions }, (_, a) => policy[state * nActions + a]!);
  const best = Math.max(...row);
  return row.flatMap((p, a) => (p > best - 1e-9 ? [a] : []));
}

function arrow(x: number, y: number, [dr, dc]: readonly [number, number], size: number): string {
  const length = Math.hypot(dr, dc);
  if (length === 0) return `<circle cx="${x}" cy="${y}" r="${size * 0.05}" fill="#222"/>`;
  const reach = (size * 0.27) / length;
  const [ux, uy] = [(dc / length) * size * 0.09, (dr / length) * size * 0.09];
  const [tx, ty] = [x + dc * reach, y + dr * reach];
  const points = [
    [tx, ty],
    [tx - ux * 1.6 - uy, ty - uy * 1.6 + ux],
    [tx - ux * 1.6 + uy, ty - uy * 1.6 - ux],
  ];
  const head = points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" ");
  return (
    `<line x1="${x}" y1="${y}" x2="${(tx - ux).toFixed(1)}" y2="${(ty - uy).toFixed(1)}" stroke="#222" stroke-width="${size * 0.03}"/>` +
    `<polygon points="${head}" fill="#222"/>`
  );
}

/** A picture of a grid as SVG text: cells, values as colours and numbers, the policy as arrows, the agent. */
export function gridSvg(options: GridSvgOptions): string {
  const { layout, values, policy, actions, agent, title, digits = 1, size = 64 } = options;
  const { rows, columns, cells, moves } = layout;
  const nActions = moves.length;
  const counts = [
    values?.length,
    policy === undefined ? undefined : policy.length / nActions,
    actions?.length,
  ];
  const known = counts.filter((n) => n !== undefined);
  const nStates = known[0] ?? rows * columns;
  if (known.some((n) => n !== nStates)) {
    throw new UserError(
      `gridSvg: values, policy and actions disagree on the number of states: ${known.join(", ")} (a policy has ${nActions} numbers per state)`,
    );
  }
  const stateAt = options.stateAt ?? firstStates(layout, nStates);
  const isWall = (cell: number): boolean => cells[cell] === "#";
  const shown = Array.from({ length: rows * columns }, (_, cell) => {
    const s = isWall(cell) ? undefined : stateAt(cell);
    return s === undefined || values === undefined ? undefined : values[s];
  });
  const finite = shown.filter((v): v is number => Number.isFinite(v));
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low;
  const top = title === undefined ? 8 : 36;
  const parts: string[] = [];
  for (let cell = 0; cell < rows * columns; cell++) {
    const letter = cells[cell]!;
    const [x, y] = [8 + (cell % columns) * size, top + Math.floor(cell / columns) * size];
    const [cx, cy] = [x + size / 2, y + size / 2];
    const value = shown[cell];
    const colour =
      value !== undefined && Number.isFinite(value) && span > 0 && TILE[letter] === undefined
        ? shade((value - low) / span)
        : (TILE[letter] ?? "#ffffff");
    parts.push(
      `<rect x="${x}" y="${y}" width="${size}" height="${size}" fill="${colour}" stroke="#b9bec6"/>`,
    );
    if (/[A-Za-z]/.test(letter) && letter !== "F") {
      parts.push(
        `<text x="${x + size * 0.09}" y="${y + size * 0.24}" font-size="${size * 0.19}" fill="#555">${letter}</text>`,
      );
    }
    const state = stateAt(cell);
    const chosen =
      state === undefined || NO_ARROW.includes(letter)
        ? []
        : policy !== undefined
          ? bestActions(policy, state, nActions)
          : actions !== undefined
            ? [actions[state]!]
            : [];
    const arrows = chosen.length > 0;
    for (const a of chosen) if (moves[a] !== undefined) parts.push(arrow(cx, cy, moves[a], size));
    if (value !== undefined) {
      const at = arrows ? y + size * 0.95 : cy + size * 0.08;
      parts.push(
        `<text x="${arrows ? x + size * 0.95 : cx}" y="${at}" font-size="${size * (arrows ? 0.17 : 0.26)}" text-anchor="${arrows ? "end" : "middle"}" fill="#1d2733">${value.toFixed(digits)}</text>`,
      );
    }
    if (agent !== undefined && layout.cellOf(agent) === cell) {
      parts.push(
        `<circle cx="${x + size * 0.8}" cy="${y + size * 0.2}" r="${size * 0.13}" fill="#e4572e" stroke="#fff" stroke-width="2"/>`,
      );
    }
  }
  for (const [a, b] of layout.fences ?? []) {
    const right = 8 + Math.max(a % columns, b % columns) * size;
    const y = top + Math.floor(a / columns) * size;
    parts.push(
      `<line x1="${right}" y1="${y}" x2="${right}" y2="${y + size}" stroke="#222" stroke-width="4"/>`,
    );
  }
  const bottom = top + rows * size;
  (layout.columnNotes ?? []).forEach((note, c) => {
    parts.push(
      `<text x="${8 + (c + 0.5) * size}" y="${bottom + 18}" font-size="14" text-anchor="middle" fill="#555">${escaped(note)}</text>`,
    );
  });
  // A character of the title is about nine pixels wide.
  const width = Math.max(columns * size, (title?.length ?? 0) * 9) + 16;
  const height = bottom + (layout.columnNotes === undefined ? 8 : 28);
  const head =
    title === undefined ? "" : `<text x="8" y="24" font-size="16" fill="#111">${escaped(title)}</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">` +
    `<rect width="${width}" height="${height}" fill="#ffffff"/>${head}${parts.join("")}</svg>\n`
  );
}
