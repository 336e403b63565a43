import type { GridLayout } from "../env.ts";

export type Move = readonly [rows: number, columns: number];

/** Up, right, down, left: CliffWalking's order, and that of the textbook's grids here. */
export const URDL: readonly Move[] = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
];
export const URDL_NAMES = ["up", "right", "down", "left"] as const;

export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** The cell after a move, stopped at the edges of the grid. */
export function moved(grid: Grid, cell: number, [dr, dc]: Move): number {
  const row = Math.min(Math.max(Math.floor(cell / grid.columns) + dr, 0), grid.rows - 1);
  const column = Math.min(Math.max((cell % grid.columns) + dc, 0), grid.columns - 1);
  return row * grid.columns + column;
}

export function leaves(grid: Grid, cell: number, [dr, dc]: Move): boolean {
  const row = Math.floor(cell / grid.columns) + dr;
  const column = (cell % grid.columns) + dc;
  return row < 0 || row >= grid.rows || column < 0 || column >= grid.columns;
}

/** The layout of a grid whose states are its cells. */
export function gridLayout(
  map: readonly string[],
  moves: readonly Move[],
  more: Partial<GridLayout> = {},
): GridLayout {
  return {
    rows: map.length,
    columns: map[0]!.length,
    cells: map.join(""),
    cellOf: (state) => state,
    moves,
    ...more,
  };
}
