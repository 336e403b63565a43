import { cherries, dungeon, knight, minPathSum } from "./grids.ts";
import { coinChange, frog, new21, soup, stock, stoneGame } from "./lines.ts";
import type { Problem } from "./problem.ts";

/** All problems, by their numbers. */
// biome-ignore lint/suspicious/noExplicitAny: every problem has its own kind of input
export const problems: readonly Problem<any>[] = [
  minPathSum,
  dungeon,
  coinChange,
  frog,
  knight,
  stock,
  cherries,
  soup,
  new21,
  stoneGame,
];
