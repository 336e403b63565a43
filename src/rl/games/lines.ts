import { UserError } from "../../errors.ts";
import { circle, label, picture, rect } from "../render/shapes.ts";
import type { Rows } from "../rows.ts";
import type { GameOutcome, Numbering, Player, Symmetry, TwoPlayerGame } from "./game.ts";

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
    numbering: (drop ? columnNumbers : cellNumbers)(rows, columns),
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

/** Tables of positions have at most so many entries of a byte. */
const MOST_NUMBERS = 2 ** 26;

const stonesOf = (cells: Uint8Array): Stones => ({
  cells,
  moves: cells.reduce((n, stone) => n + (stone > 0 ? 1 : 0), 0),
  won: false,
});

/** Digits in base 3, a cell each. */
function cellNumbers(rows: number, columns: number): Numbering<Stones> | undefined {
  const cells = rows * columns;
  if (3 ** cells > MOST_NUMBERS) return undefined;
  return {
    size: 3 ** cells,
    of: (state) => state.cells.reduce((number, stone) => 3 * number + stone, 0),
    at: (index) =>
      stonesOf(Uint8Array.from({ length: cells }, (_, i) => Math.floor(index / 3 ** (cells - 1 - i)) % 3)),
  };
}

/** rows + 1 bits a column: those of its stones from below, and a 1 above the uppermost. */
function columnNumbers(rows: number, columns: number): Numbering<Stones> | undefined {
  const bits = rows + 1;
  const size = 2 ** (bits * columns);
  if (size > MOST_NUMBERS) return undefined;
  return {
    size,
    of: ({ cells }) => {
      let number = 0;
      for (let c = 0; c < columns; c++) {
        let column = 1;
        for (let cell = c; cell < cells.length; cell += columns)
          if (cells[cell] !== 0) column = (column << 1) | (cells[cell]! - 1);
        number = (number << bits) | column;
      }
      return number;
    },
    at: (index) => {
      const cells = new Uint8Array(rows * columns);
      for (let c = 0; c < columns; c++) {
        const column = (index >>> (bits * (columns - 1 - c))) & (2 ** bits - 1);
        const height = 31 - Math.clz32(column);
        for (let i = 0; i < height; i++) cells[(rows - 1 - i) * columns + c] = 1 + ((column >>> i) & 1);
      }
      return stonesOf(cells);
    },
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

const made = new Map<string, TwoPlayerGame<Stones>>();

/** Equal games are one object, so that what is known of one (`solved`) is known of all. */
function once(name: string, make: () => TwoPlayerGame<Stones>): TwoPlayerGame<Stones> {
  const game = made.get(name) ?? make();
  made.set(name, game);
  return game;
}

/** Three in a row on 3 × 3 cells. */
export const ticTacToe = (): TwoPlayerGame<Stones> => once("TicTacToe", makeTicTacToe);

function makeTicTacToe(): TwoPlayerGame<Stones> {
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
  return once(`ConnectFour ${rows} ${columns} ${connect}`, () => {
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
  });
}
