import { lookup, UserError } from "../../errors.ts";
import { npRandom, type Seed } from "../random.ts";
import { gridLayout, type Move, moved } from "./grid.ts";
import { checkOptions, numberOption } from "./options.ts";
import { surely, type TabularEnv, tabularEnv } from "./tabular.ts";

const MAPS = {
  "4x4": ["SFFF", "FHFH", "FFFH", "HFFG"],
  "8x8": ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"],
} as const;

const LDRU: readonly Move[] = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
];

export interface FrozenLakeOptions {
  /** A custom map: rows of S (start), F (frozen), H (hole), G (goal). */
  readonly desc?: readonly string[];
  /** "4x4" or "8x8". With null and no `desc` the map is random (8×8, eight cells of ten frozen). */
  readonly map_name?: string | null;
  /** Possibly slide to either side of the intended direction. */
  readonly is_slippery?: boolean;
  /** The probability of the intended direction on slippery ice; the sides share the rest. */
  readonly success_rate?: number;
}

/** Whether there is a path over frozen cells from the first cell to a goal. */
function solvable(map: readonly string[]): boolean {
  const grid = { rows: map.length, columns: map[0]!.length };
  const cells = map.join("");
  const seen = new Set([0]);
  for (const cell of seen) {
    if (cells[cell] === "G") return true;
    for (const move of LDRU) {
      const next = moved(grid, cell, move);
      if (cells[next] !== "H") seen.add(next);
    }
  }
  return false;
}

/** Gymnasium's `generate_random_map`: size × size, each cell frozen with probability p, always solvable. */
export function randomMap({
  size = 8,
  p = 0.8,
  seed,
}: {
  size?: number;
  p?: number;
  seed?: Seed;
} = {}): string[] {
  if (!(Number.isInteger(size) && size >= 2)) throw new UserError(`randomMap: size must be ≥ 2, not ${size}`);
  if (!(p > 0)) throw new UserError(`randomMap: p must be in (0, 1], not ${p}; no map could be crossed`);
  const rng = npRandom(seed);
  const frozen = Math.min(1, p);
  for (;;) {
    const cells: string[] = Array.from({ length: size * size }, () =>
      rng.categorical([frozen, 1 - frozen]) === 0 ? "F" : "H",
    );
    cells[0] = "S";
    cells[cells.length - 1] = "G";
    const map = Array.from({ length: size }, (_, r) => cells.slice(r * size, (r + 1) * size).join(""));
    if (solvable(map)) return map;
  }
}

function checkMap(id: string, map: readonly string[]): readonly string[] {
  const width = map[0]?.length ?? 0;
  if (width === 0) throw new UserError(`${id}: the map is empty. Give rows such as "SFFF".`);
  for (const [row, line] of map.entries()) {
    if (line.length !== width) {
      throw new UserError(`${id}: row ${row} of the map has ${line.length} cells, row 0 has ${width}`);
    }
    const strange = /[^SFHG]/.exec(line);
    if (strange !== null) {
      throw new UserError(`${id}: "${strange[0]}" in row ${row} of the map. Cells are S, F, H and G.`);
    }
  }
  if (!map.some((line) => line.includes("S"))) throw new UserError(`${id}: the map has no start (S)`);
  return map;
}

/** Cross the frozen lake without falling into a hole. States are cells, row by row; +1 at the goal. */
export function frozenLake(options: FrozenLakeOptions = {}, id = "FrozenLake-v1"): TabularEnv {
  checkOptions(id, options, ["desc", "map_name", "is_slippery", "success_rate"]);
  const { desc, map_name = "4x4", is_slippery = true, success_rate = 1 / 3 } = options;
  numberOption(id, "success_rate", success_rate, 0, 1);
  const named = map_name === null ? randomMap() : lookup<readonly string[]>("map", MAPS, map_name);
  const layout = gridLayout(checkMap(id, desc ?? named), LDRU);
  const { cells } = layout;
  const enter = (cell: number, a: number) => {
    const next = moved(layout, cell, LDRU[a]!);
    return {
      next,
      reward: cells[next] === "G" ? 1 : 0,
      terminated: cells[next] === "G" || cells[next] === "H",
    };
  };
  return tabularEnv({
    id,
    nStates: cells.length,
    actionNames: ["left", "down", "right", "up"],
    initial: Float64Array.from(cells, (cell) => (cell === "S" ? 1 : 0)),
    layout,
    outcomes: (s, a) => {
      if (cells[s] === "G" || cells[s] === "H") return surely(s, 0, true);
      if (!is_slippery) return [{ probability: 1, ...enter(s, a) }];
      return [(a + 3) % 4, a, (a + 1) % 4].map((b) => ({
        probability: b === a ? success_rate : (1 - success_rate) / 2,
        ...enter(s, b),
      }));
    },
  });
}
