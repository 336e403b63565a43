import type { Generator } from "../random.ts";
import { label, picture, rect } from "../render/shapes.ts";
import { Box, Discrete } from "../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "./array.ts";
import { checkOptions, wholeOption } from "./options.ts";

// The state: reward, end, then a cell's power of two, 0 where it is empty.
const [REWARD, OVER, TILES] = [0, 1, 2] as const;
/** The highest power that a board of 4 × 4 can reach is 17, and one of 8 × 8 none that anybody reached. */
const HIGHEST = 32;

function dynamics(size: number): ArrayDynamics {
  const cells = size * size;
  /** The cell that is k-th from the edge to which line `line` slides: up, right, down, left. */
  const cellAt = (action: number, line: number, k: number): number => {
    if (action === 0) return k * size + line;
    if (action === 1) return line * size + size - 1 - k;
    if (action === 2) return (size - 1 - k) * size + line;
    return line * size + k;
  };
  /** Would anything move: a tile next to an empty cell, or to its equal, on the side it slides to? */
  const moves = (state: Float64Array, at: number, action: number): boolean => {
    for (let line = 0; line < size; line++) {
      for (let k = 1; k < size; k++) {
        const tile = state[at + TILES + cellAt(action, line, k)]!;
        const before = state[at + TILES + cellAt(action, line, k - 1)]!;
        if (tile !== 0 && (before === 0 || before === tile)) return true;
      }
    }
    return false;
  };
  /** Slides one line; returns what its merges pay. A tile merges once a move, those nearest to the edge first. */
  const slide = (state: Float64Array, at: number, action: number, line: number): number => {
    let [to, open, paid] = [0, 0, 0];
    for (let k = 0; k < size; k++) {
      const from = at + TILES + cellAt(action, line, k);
      const tile = state[from]!;
      if (tile === 0) continue;
      state[from] = 0;
      if (open === tile) {
        state[at + TILES + cellAt(action, line, to - 1)] = tile + 1;
        paid += 2 ** (tile + 1);
        open = 0;
      } else {
        state[at + TILES + cellAt(action, line, to++)] = tile;
        open = tile;
      }
    }
    return paid;
  };
  /** A 2, or one time in ten a 4, on an empty cell. */
  const newTile = (state: Float64Array, at: number, rng: Generator): void => {
    let empty = 0;
    for (let i = 0; i < cells; i++) if (state[at + TILES + i] === 0) empty++;
    let left = rng.integers(empty);
    const tile = rng.random() < 0.9 ? 1 : 2;
    for (let i = 0; i < cells; i++) {
      if (state[at + TILES + i] === 0 && left-- === 0) {
        state[at + TILES + i] = tile;
        return;
      }
    }
  };
  const stuck = (state: Float64Array, at: number): boolean => {
    for (let a = 0; a < 4; a++) if (moves(state, at, a)) return false;
    return true;
  };
  return {
    stateSize: TILES + cells,
    initial: (state, at, rng) => {
      state.fill(0, at, at + TILES + cells);
      newTile(state, at, rng);
      newTile(state, at, rng);
    },
    step: (state, at, actions, actionAt, rng) => {
      const action = actions[actionAt]!;
      state[at + REWARD] = 0;
      if (!moves(state, at, action)) return;
      let paid = 0;
      for (let line = 0; line < size; line++) paid += slide(state, at, action, line);
      state[at + REWARD] = paid;
      newTile(state, at, rng);
      state[at + OVER] = stuck(state, at) ? 1 : 0;
    },
    reward: (state, at, out, outAt) => {
      out[outAt] = state[at + REWARD]!;
    },
    terminal: (state, at) => state[at + OVER] === 1,
    observe: (state, at, out, outAt) => {
      for (let i = 0; i < cells; i++) out[outAt + i] = state[at + TILES + i]!;
    },
    mask: (state, at, out, outAt) => {
      for (let a = 0; a < 4; a++) out[outAt + a] = moves(state, at, a) ? 1 : 0;
    },
  };
}

export interface Game2048Options {
  /** Cells of a side. */
  readonly size?: number;
}

/**
 * 2048: slide all tiles to one side; equal ones merge and pay their sum. Ends when nothing moves. A move that moves
 * nothing is masked, and changes nothing. Observations [size, size]: powers of two, 0 where a cell is empty.
 * Source: G. Cirulli, 2048 (2014).
 */
export function game2048(options: Game2048Options = {}, id = "2048-v0"): ArrayEnv<Uint8Array> {
  checkOptions(id, options, ["size"]);
  const size = wholeOption(id, "size", options.size ?? 4, 2, 8);
  const head = (state: Float64Array, action: string | undefined): string =>
    `highest ${2 ** Math.max(...state.subarray(TILES))}${action === undefined ? "" : ` (${action}), reward ${state[REWARD]}`}${state[OVER] === 1 ? ", over" : ""}`;
  const text = (power: number): string => (power === 0 ? "." : String(2 ** power));
  return arrayEnv<Uint8Array>({
    id,
    dynamics: dynamics(size),
    observationSpace: new Box(0, HIGHEST, [size, size], "uint8"),
    actionSpace: new Discrete(4),
    actionNames: ["up", "right", "down", "left"],
    render: (state, action) => {
      const rows = Array.from({ length: size }, (_, r) =>
        Array.from(state.subarray(TILES + r * size, TILES + (r + 1) * size), (power) =>
          text(power).padStart(6),
        ).join(""),
      );
      return `${head(state, action)}\n${rows.join("\n\n")}\n`;
    },
    renderSvg: (state, action) => draw(state.subarray(TILES), size, head(state, action)),
  });
}

const CELL = 64;
/** By the power of two; the last for all above. */
const COLOURS = [
  "#e9e3da",
  "#f4ece0",
  "#f3dfc1",
  "#f6b26b",
  "#f29350",
  "#ee7656",
  "#e4572e",
  "#f0d264",
  "#eecb4b",
  "#ecc432",
  "#e9bd1b",
  "#d9a404",
  "#3b6fb5",
];

function draw(powers: Float64Array, size: number, title: string): string {
  const tiles = Array.from(powers, (power, i) => {
    const [x, y] = [10 + (i % size) * CELL, 34 + Math.floor(i / size) * CELL];
    const tile = rect(x, y, CELL - 4, CELL - 4, COLOURS[Math.min(power, COLOURS.length - 1)]!);
    if (power === 0) return tile;
    const text = String(2 ** power);
    const ink = power >= 3 ? "#ffffff" : "#5b5147";
    return (
      tile +
      label(x + CELL / 2 - 2, y + CELL / 2 + 6, text, {
        size: Math.min(24, 84 / text.length),
        fill: ink,
        centred: true,
      })
    );
  });
  return picture(Math.max(size * CELL + 16, 220), size * CELL + 40, [label(10, 22, title), ...tiles]);
}
