import { gridLayout, moved, URDL, URDL_NAMES } from "./grid.ts";
import { checkOptions } from "./options.ts";
import { type TabularEnv, tabularEnv } from "./tabular.ts";

export interface CliffWalkingOptions {
  /** Move in the intended direction or to either side, ⅓ each. */
  readonly is_slippery?: boolean;
}

const START = 36;
const GOAL = 47;

/** The gridworld of Sutton & Barto, Example 6.6: −1 per step; the cliff costs −100 and leads back to the start. */
export function cliffWalking(options: CliffWalkingOptions = {}, id = "CliffWalking-v1"): TabularEnv {
  checkOptions(id, options, ["is_slippery"]);
  const row = "............";
  const layout = gridLayout([row, row, row, "SCCCCCCCCCCG"], URDL);
  const enter = (cell: number, a: number) => {
    const next = moved(layout, cell, URDL[a]!);
    if (layout.cells[next] === "C") return { next: START, reward: -100, terminated: false };
    return { next, reward: -1, terminated: next === GOAL };
  };
  return tabularEnv({
    id,
    nStates: 48,
    actionNames: URDL_NAMES,
    initial: START,
    layout,
    outcomes: (s, a) => {
      const directions = options.is_slippery === true ? [(a + 3) % 4, a, (a + 1) % 4] : [a];
      return directions.map((b) => ({ probability: 1 / directions.length, ...enter(s, b) }));
    },
  });
}
