import { UserError } from "../../errors.ts";
import { circle, label, picture, rect } from "../render/shapes.ts";
import type { Rows } from "../rows.ts";
import type { GameOutcome, Player, Symmetry, TwoPlayerGame } from "./game.ts";

/** A position: 0 empty, 1 the first player's stone, 2 the second's, row by row from the top. */
export interface Stones {
  readonly cells: Uint8Array;
  readonly moves: number;
  /** The last move made a line. */
  readonly won: boolean;
}

interface LineGame {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Stones in a line that win. */
  readonly connect: number;
  /** Stones fall: an action is a column, and not a cell. */
  readonly drop: boolean;
  readonly symmetries: readonly Symmetry[];
}

const DIRECTIONS = [
  [0, 1],
  [1, 0],
  [1, 1],
  [1, -1],
] as const;
const LETTERS = [".", "X", "O"] as const;

function lineGame({ name, rows, columns, connect, drop, symmetries }: LineGame): TwoPlayerGame<Stones> {
  const size = rows * columns;
  /** Stones of this kind from a cell on in one direction, without the cell itself. */
  const run = (cells: Uint8Array, from: number, dr: number, dc: number): number => {
    let r = Math.floor(from / columns) + dr;
    let c = (from % columns) + dc;
    let n = 0;
    while (r >= 0 && r < rows && c >= 0 && c < columns && cells[r * columns + c] === cells[from]) {
      r += dr;
      c += dc;
      n++;
    }
    return n;
  };
  const cellOf = (cells: Uint8Array, action: number): number => {
    if (!drop) return action;
    let cell = action;
    while (cell + columns < size && cells[cell + columns] === 0) cell += columns;
    return cell;
  };
  const render = ({ cells }: Stones): string => {
    const lines = Array.from({ length: rows }, (_, r) =>
      Array.from(cells.subarray(r * columns, (r + 1) * columns), (stone) => LETTERS[stone]).join(" "),
    );
    const below = drop ? [Array.from({ length: columns }, (_, c) => c % 10).join(" ")] : [];
    return `${[...lines, ...below].join("\n")}\n`;
  };
  return {
    name,
    actionNames: Array.from({ length: drop ? columns : size }, (_, a) =>
      drop ? `column ${a}` : `row ${Math.floor(a / columns)}, column ${a % columns}`,
    ),
    shape: [2, rows, columns],
    symmetries,
    initial: () => ({ cells: new Uint8Array(size), moves: 0, won: false }),
    mover: ({ moves }) => (moves % 2) as Player,
    // Of a column the top cell decides.
    legal: ({ cells }, action) => cells[action] === 0,
    play: ({ cells, moves }, action) => {
      const next = cells.slice();
      const cell = cellOf(cells, action);
      next[cell] = 1 + (moves % 2);
      let won = false;
      for (const [dr, dc] of DIRECTIONS) {
        won ||= run(next, cell, dr, dc) + run(next, cell, -dr, -dc) + 1 >= connect;
      }
      return { cells: next, moves: moves + 1, won };
    },
    outcome: ({ moves, won }): GameOutcome | undefined => {
      if (won) return moves % 2 === 1 ? 1 : -1;
      return moves === size ? 0 : undefined;
    },
    key: ({ cells }) => String.fromCharCode.apply(null, cells as unknown as number[]),
    observe: ({ cells }, player, out: Rows, at) => {
      for (let i = 0; i < size; i++) {
        out[at + i] = cells[i] === 1 + player ? 1 : 0;
        out[at + size + i] = cells[i] === 2 - player ? 1 : 0;
      }
    },
    render,
    renderSvg: (state) => draw(state, rows, columns, drop),
  };
}

const CELL = 48;

function draw({ cells }: Stones, rows: number, columns: number, drop: boolean): string {
  const ground = Array.from(cells, (_, i) =>
    rect(10 + (i % columns) * CELL, 10 + Math.floor(i / columns) * CELL, CELL - 2, CELL - 2, "#dfe7f1"),
  );
  const stones = Array.from(cells, (stone, i) => {
    const [x, y] = [
      10 + (i % columns) * CELL + CELL / 2 - 1,
      10 + Math.floor(i / columns) * CELL + CELL / 2 - 1,
    ];
    if (stone === 0) return "";
    if (drop) return circle(x, y, CELL * 0.4, stone === 1 ? "#e4572e" : "#f2c14e");
    return label(x, y + 12, LETTERS[stone]!, {
      size: 34,
      fill: stone === 1 ? "#e4572e" : "#3b6fb5",
      centred: true,
    });
  });
  return picture(columns * CELL + 18, rows * CELL + 18, [...ground, ...stones]);
}

/** Where each cell of a board comes from, if (row, column) shows what stood at `from(row, column)`. */
function turned(
  rows: number,
  columns: number,
  from: (r: number, c: number) => readonly [number, number],
): number[] {
  return Array.from({ length: rows * columns }, (_, i) => {
    const [r, c] = from(Math.floor(i / columns), i % columns);
    return r * columns + c;
  });
}

/** Three in a row on 3 × 3 cells. */
export function ticTacToe(): TwoPlayerGame<Stones> {
  const end = 2;
  const ways: readonly ((r: number, c: number) => readonly [number, number])[] = [
    (r, c) => [r, c],
    (r, c) => [c, end - r],
    (r, c) => [end - r, end - c],
    (r, c) => [end - c, r],
    (r, c) => [r, end - c],
    (r, c) => [end - r, c],
    (r, c) => [c, r],
    (r, c) => [end - c, end - r],
  ];
  const symmetries = ways.map((from) => {
    const cells = turned(3, 3, from);
    return { cells, actions: cells };
  });
  return lineGame({ name: "TicTacToe", rows: 3, columns: 3, connect: 3, drop: false, symmetries });
}

export interface ConnectFourOptions {
  readonly rows?: number;
  readonly columns?: number;
  /** Stones in a line that win. */
  readonly connect?: number;
}

/** Four in a line; stones fall in columns. Any size. */
export function connectFour({
  rows = 6,
  columns = 7,
  connect = 4,
}: ConnectFourOptions = {}): TwoPlayerGame<Stones> {
  for (const [option, value] of Object.entries({ rows, columns, connect })) {
    if (!Number.isInteger(value) || value < 2 || value > 20) {
      throw new UserError(`ConnectFour: ${option} must be a whole number from 2 to 20, not ${String(value)}`);
    }
  }
  const straight = turned(rows, columns, (r, c) => [r, c]);
  const mirror = turned(rows, columns, (r, c) => [r, columns - 1 - c]);
  return lineGame({
    name: "ConnectFour",
    rows,
    columns,
    connect,
    drop: true,
    symmetries: [straight, mirror].map((cells) => ({ cells, actions: cells.slice(0, columns) })),
  });
}
