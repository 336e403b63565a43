import type { Outcome } from "../env.ts";
import { gridLayout, leaves, type Move, moved, URDL, URDL_NAMES } from "./grid.ts";
import { checkOptions } from "./options.ts";
import { surely, type TabularEnv, tabularEnv } from "./tabular.ts";

/** Sutton & Barto, Example 4.1: −1 per step until one of the two corners is reached; starts anywhere else. */
export function gridworld4x4(options: object = {}, id = "Gridworld4x4-v0"): TabularEnv {
  checkOptions(id, options, []);
  const layout = gridLayout(["G...", "....", "....", "...G"], URDL);
  const isGoal = (cell: number): boolean => layout.cells[cell] === "G";
  return tabularEnv({
    id,
    nStates: 16,
    actionNames: URDL_NAMES,
    initial: Float64Array.from({ length: 16 }, (_, s) => (isGoal(s) ? 0 : 1)),
    layout,
    outcomes: (s, a) => {
      if (isGoal(s)) return surely(s, 0, true);
      const next = moved(layout, s, URDL[a]!);
      return surely(next, -1, isGoal(next));
    },
  });
}

/** Sutton & Barto, Example 3.5: +10 from A, leading to A′; +5 from B, leading to B′; −1 off the grid; it never ends. */
export function gridworld5x5(options: object = {}, id = "Gridworld5x5-v0"): TabularEnv {
  checkOptions(id, options, []);
  const layout = gridLayout([".A.B.", ".....", "...b.", ".....", ".a..."], URDL);
  const jumps = new Map([
    [1, { next: 21, reward: 10, terminated: false }],
    [3, { next: 13, reward: 5, terminated: false }],
  ]);
  return tabularEnv({
    id,
    nStates: 25,
    actionNames: URDL_NAMES,
    initial: new Float64Array(25).fill(1),
    layout,
    outcomes: (s, a) => {
      const jump = jumps.get(s);
      if (jump !== undefined) return [{ probability: 1, ...jump }];
      const move = URDL[a]!;
      return surely(moved(layout, s, move), leaves(layout, s, move) ? -1 : 0, false);
    },
  });
}

export interface WindyGridworldOptions {
  /** Diagonal moves too (Exercise 6.9). */
  readonly king?: boolean;
  /** Also a ninth action that does not move (Exercise 6.9). */
  readonly stay?: boolean;
  /** Where there is wind, one cell more or less than its mean, each with ⅓ (Exercise 6.10). */
  readonly stochastic?: boolean;
}

const WIND = [0, 0, 0, 1, 1, 1, 2, 2, 1, 0] as const;
const DIAGONALS: readonly Move[] = [
  [-1, 1],
  [1, 1],
  [1, -1],
  [-1, -1],
];

/** Sutton & Barto, Example 6.5: a crosswind blows the agent upwards, by the column it leaves. −1 per step. */
export function windyGridworld(options: WindyGridworldOptions = {}, id = "WindyGridworld-v0"): TabularEnv {
  checkOptions(id, options, ["king", "stay", "stochastic"]);
  const { king = false, stay = false, stochastic = false } = options;
  const diagonals = king ? DIAGONALS : [];
  const rest: readonly Move[] = stay ? [[0, 0]] : [];
  const moves = [...URDL, ...diagonals, ...rest];
  const names = ["up-right", "down-right", "down-left", "up-left"].slice(0, diagonals.length);
  const open = "..........";
  const layout = gridLayout([open, open, open, "S......G..", open, open, open], moves, {
    columnNotes: WIND.map(String),
  });
  const goal = layout.cells.indexOf("G");
  return tabularEnv({
    id,
    nStates: layout.cells.length,
    actionNames: [...URDL_NAMES, ...names, ...(stay ? ["stay"] : [])],
    initial: layout.cells.indexOf("S"),
    layout,
    outcomes: (s, a): readonly Outcome[] => {
      if (s === goal) return surely(s, 0, true);
      const [dr, dc] = moves[a]!;
      const wind = WIND[s % layout.columns]!;
      const gusts = stochastic && wind > 0 ? [wind - 1, wind, wind + 1] : [wind];
      return gusts.map((gust) => {
        const next = moved(layout, s, [dr - gust, dc]);
        return { probability: 1 / gusts.length, next, reward: -1, terminated: next === goal };
      });
    },
  });
}
