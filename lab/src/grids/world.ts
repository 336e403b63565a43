/** Worlds that can be edited: cells as letters, and the process they mean. */
import type { Outcome } from "../../../src/rl/env.ts";
import { leaves, moved, URDL } from "../../../src/rl/envs/grid.ts";
import { type Mdp, mdpFromTable } from "../../../src/rl/mdp/model.ts";

/** S: where episodes begin; G: the goal; C: the cliff, back to the start for −100; H: a hole, the end for −10; #: a wall; .: floor. */
export const CELLS = [".", "#", "C", "H", "G"] as const;

export interface World {
  readonly rows: readonly string[];
  /** The probability of going to either side instead, each half of it. */
  readonly slip: number;
}

export const WORLDS = {
  cliff: ["............", "............", "............", "SCCCCCCCCCCG"],
  maze: [".......#G", "..#....#.", "S.#....#.", "..#......", ".....#...", "........."],
  bridge: ["#########", "HHHHHHHHH", "S.......G", "HHHHHHHHH", "#########"],
  rooms: [
    "....#....",
    "....#....",
    "S........",
    "....#....",
    "##.###.##",
    "....#....",
    ".........",
    "....#...G",
  ],
} as const;
export type WorldName = keyof typeof WORLDS;

/** The same world with another cell. The start stays where it is. */
export function edited({ rows, slip }: World, cell: number, letter: string): World {
  const columns = rows[0]!.length;
  const [r, c] = [Math.floor(cell / columns), cell % columns];
  if (rows[r]![c] === "S") return { rows, slip };
  return { slip, rows: rows.map((row, i) => (i === r ? row.slice(0, c) + letter + row.slice(c + 1) : row)) };
}

/** The letter that a click makes of a letter. */
export const after = (letter: string): string =>
  CELLS[(CELLS.indexOf(letter as (typeof CELLS)[number]) + 1) % CELLS.length]!;

/** The decision process of a world: a state for each cell, four actions, −1 for every step. */
export function processOf({ rows, slip }: World): Mdp {
  const grid = { rows: rows.length, columns: rows[0]!.length };
  const cells = rows.join("");
  const start = cells.indexOf("S");
  const enter = (cell: number, a: number): Omit<Outcome, "probability"> => {
    const next = leaves(grid, cell, URDL[a]!) ? cell : moved(grid, cell, URDL[a]!);
    switch (cells[next]) {
      case "#":
        return { next: cell, reward: -1, terminated: false };
      case "C":
        return { next: start, reward: -100, terminated: false };
      case "H":
        return { next, reward: -10, terminated: true };
      case "G":
        return { next, reward: -1, terminated: true };
      default:
        return { next, reward: -1, terminated: false };
    }
  };
  const initial = new Float64Array(cells.length);
  initial[start] = 1;
  return mdpFromTable({
    nStates: cells.length,
    nActions: 4,
    initial,
    transitions: (s, a) => {
      if (cells[s] !== "." && cells[s] !== "S") return [];
      const ways = [
        { a, probability: 1 - slip },
        { a: (a + 3) % 4, probability: slip / 2 },
        { a: (a + 1) % 4, probability: slip / 2 },
      ];
      return ways
        .filter(({ probability }) => probability > 0)
        .map(({ a: way, probability }) => ({ probability, ...enter(s, way) }));
    },
  });
}
