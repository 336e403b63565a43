import { UserError } from "../../errors.ts";
import type { EpisodeOptions, FunctionalEnv, Outcome } from "../env.ts";
import type { Discrete } from "../spaces.ts";
import { gridLayout, moved, URDL, URDL_NAMES } from "./grid.ts";
import { checkOptions, wholeOption } from "./options.ts";
import { surely, type TabularEnv, tabularEnv } from "./tabular.ts";

const DYNA = [".......#G", "..#....#.", "S.#....#.", "..#......", ".....#...", "........."];
const LOW_START = ["........G", ".........", "........."];
const BLOCKING = [
  [...LOW_START, "########.", ".........", "...S....."],
  [...LOW_START, ".########", ".........", "...S....."],
];
const SHORTCUT = [
  [...LOW_START, ".########", ".........", "...S....."],
  [...LOW_START, ".#######.", ".........", "...S....."],
];

function mazeTable(id: string, map: readonly string[]): TabularEnv {
  const layout = gridLayout(map, URDL);
  const { cells } = layout;
  return tabularEnv({
    id,
    nStates: cells.length,
    actionNames: URDL_NAMES,
    initial: cells.indexOf("S"),
    layout,
    outcomes: (s, a) => {
      if (cells[s] === "G") return surely(s, 0, true);
      const to = moved(layout, s, URDL[a]!);
      const next = cells[to] === "#" ? s : to;
      return surely(next, cells[next] === "G" ? 1 : 0, cells[next] === "G");
    },
  });
}

export interface DynaMazeOptions {
  /** A custom maze: rows of S, G, # and . */
  readonly map?: readonly string[];
}

/** Sutton & Barto, Example 8.1: +1 at the goal, else 0; the shortest path has 14 steps. */
export function dynaMaze(options: DynaMazeOptions = {}, id = "DynaMaze-v0"): TabularEnv {
  checkOptions(id, options, ["map"]);
  const { map = DYNA } = options;
  if (map.length === 0 || map.some((row) => row.length !== map[0]!.length || /[^SG#.]/.test(row))) {
    throw new UserError(`${id}: map must be rows of one length made of S, G, # and .`);
  }
  for (const letter of "SG") {
    if (map.join("").split(letter).length !== 2) throw new UserError(`${id}: map must have one ${letter}`);
  }
  return mazeTable(id, map);
}

/** The agent's position, and the number of steps over all episodes. */
export interface ChangingMazeState {
  readonly at: Outcome;
  readonly elapsed: number;
}

export interface ChangingMazeOptions {
  /** The step, counted over all episodes, at which the maze changes. */
  readonly change_at?: number;
}

export interface ChangingMaze extends FunctionalEnv<ChangingMazeState, number, number> {
  readonly observationSpace: Discrete;
  readonly actionSpace: Discrete;
  /** The maze before and after the change. */
  readonly stages: readonly [TabularEnv, TabularEnv];
}

/**
 * A maze that changes during learning. The count of steps, `info.elapsed`, continues from one episode to the next
 * and is reset by reset({ seed }) or reset({ options: { elapsed } }).
 */
function changingMaze(id: string, maps: readonly (readonly string[])[], changeAt: number): ChangingMaze {
  const stages = [mazeTable(id, maps[0]!), mazeTable(id, maps[1]!)] as const;
  const stage = (elapsed: number): TabularEnv => stages[elapsed < changeAt ? 0 : 1];
  const [before] = stages;
  const age = (options: EpisodeOptions | undefined, last: ChangingMazeState | undefined): number => {
    checkOptions(`${id}'s reset`, options ?? {}, ["elapsed"]);
    return wholeOption(id, "elapsed", options?.elapsed ?? last?.elapsed ?? 0, 0, Number.MAX_SAFE_INTEGER);
  };
  return {
    id,
    observationSpace: before.observationSpace,
    actionSpace: before.actionSpace,
    actionNames: URDL_NAMES,
    stages,
    layout: before.layout!,
    initial: (rng, options, last) => ({ at: before.initial(rng), elapsed: age(options, last) }),
    transition: ({ at, elapsed }, action, rng) => ({
      at: stage(elapsed).transition(at, action, rng),
      elapsed: elapsed + 1,
    }),
    observation: ({ at }) => at.next,
    reward: (_state, _action, { at }) => at.reward,
    terminal: ({ at }) => at.terminated,
    info: ({ at, elapsed }) => ({ prob: at.probability, elapsed }),
    render: ({ at, elapsed }, action) => stage(elapsed).render(at, action),
    indexOf: ({ at }) => at.next,
  };
}

/** Sutton & Barto, Example 8.2: after 1000 steps the short path closes and a longer one opens. */
export function blockingMaze(options: ChangingMazeOptions = {}, id = "BlockingMaze-v0"): ChangingMaze {
  checkOptions(id, options, ["change_at"]);
  return changingMaze(id, BLOCKING, wholeOption(id, "change_at", options.change_at ?? 1000, 0, 1e15));
}

/** Sutton & Barto, Example 8.3: after 3000 steps a shorter path opens, and the old one stays. */
export function shortcutMaze(options: ChangingMazeOptions = {}, id = "ShortcutMaze-v0"): ChangingMaze {
  checkOptions(id, options, ["change_at"]);
  return changingMaze(id, SHORTCUT, wholeOption(id, "change_at", options.change_at ?? 3000, 0, 1e15));
}
