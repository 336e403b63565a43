import type { Generator } from "../../random.ts";
import { cellsSvg, cellsText } from "../../render/cells.ts";
import type { Rows } from "../../rows.ts";
import { Box, Discrete } from "../../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "../array.ts";
import { booleanOption, checkOptions, numberOption } from "../options.ts";

/** Cells of a side of the field. */
export const SIZE = 10;
/** The moves of all games, by their numbers. */
export const MOVES = ["noop", "left", "up", "right", "down", "fire"] as const;
export const [NOOP, LEFT, UP, RIGHT, DOWN, FIRE] = [0, 1, 2, 3, 4, 5] as const;

// What every state begins with: the last move, the reward of the step, the end; a game's own numbers follow.
const LAST_MOVE = 0;
export const REWARD = 1;
export const OVER = 2;
export const OWN = 3;

/** Places of a game's own numbers in its state, by name, one after the other. */
export function places<const K extends readonly string[]>(...names: K): Readonly<Record<K[number], number>> {
  return Object.fromEntries(names.map((name, i) => [name, OWN + i])) as Record<K[number], number>;
}

/** A game of MinAtar by its rules. Its numbers stand in `state` from `at` + OWN on. */
export interface Game {
  readonly name: string;
  readonly about: string;
  /** What a plane of the observation shows, and its letter in the terminal. */
  readonly channels: readonly (readonly [name: string, letter: string])[];
  /** The moves that do something. */
  readonly minimal: readonly number[];
  /** Numbers of its own. */
  readonly size: number;
  /** Sets all of its numbers. */
  start(state: Float64Array, at: number, rng: Generator): void;
  /** One step. Adds to state[at + REWARD], and sets state[at + OVER] to 1 at the end. */
  step(state: Float64Array, at: number, move: number, rng: Generator, ramping: boolean): void;
  /** Marks what stands where, in an observation of zeros. */
  draw(state: Float64Array, at: number, out: Rows, outAt: number): void;
}

/** Writes 1 where something stands at (x, y), in an observation [10, 10, channels] that begins at `at`. */
export function mark(out: Rows, at: number, channels: number, channel: number, x: number, y: number): void {
  // What is outside the field (the trail of what has just entered it) is left out.
  if (x >= 0 && x < SIZE && y >= 0 && y < SIZE) out[at + (y * SIZE + x) * channels + channel] = 1;
}

export interface MinAtarOptions {
  /** The probability that the move before is repeated instead of the one that was chosen. */
  readonly sticky_action_prob?: number;
  /** The game becomes harder as it goes on. */
  readonly difficulty_ramping?: boolean;
  /** Only the moves that do something in this game. */
  readonly use_minimal_action_set?: boolean;
}

function dynamics(game: Game, moves: readonly number[], sticky: number, ramping: boolean): ArrayDynamics {
  const cells = SIZE * SIZE * game.channels.length;
  return {
    stateSize: OWN + game.size,
    // The last move is kept from episode to episode; a new world has none, and 0 is the no-op.
    initial: (state, at, rng) => {
      state[at + REWARD] = 0;
      state[at + OVER] = 0;
      game.start(state, at, rng);
    },
    step: (state, at, actions, actionAt, rng) => {
      const repeats = rng.random() < sticky;
      const move = repeats ? state[at + LAST_MOVE]! : moves[actions[actionAt]!]!;
      state[at + LAST_MOVE] = move;
      state[at + REWARD] = 0;
      game.step(state, at, move, rng, ramping);
    },
    reward: (state, at, out, outAt) => {
      out[outAt] = state[at + REWARD]!;
    },
    terminal: (state, at) => state[at + OVER] === 1,
    observe: (state, at, out, outAt) => {
      out.fill(0, outAt, outAt + cells);
      game.draw(state, at, out, outAt);
    },
  };
}

/**
 * An Atari game in small, 10 × 10 cells; observations are 0 and 1, [10, 10, channels]. Version 0 has all six moves,
 * version 1 those that do something. Source: K. Young, T. Tian, "MinAtar: an Atari-inspired testbed for thorough and
 * reproducible reinforcement learning experiments" (2019); written from the rules.
 */
export function minatar(game: Game, minimal: boolean) {
  return (
    options: MinAtarOptions = {},
    id = `MinAtar/${game.name}-v${minimal ? 1 : 0}`,
  ): ArrayEnv<Uint8Array> => {
    checkOptions(id, options, ["sticky_action_prob", "difficulty_ramping", "use_minimal_action_set"]);
    const { sticky_action_prob = 0.1, difficulty_ramping = true, use_minimal_action_set = minimal } = options;
    const sticky = numberOption(id, "sticky_action_prob", sticky_action_prob, 0, 1);
    const ramping = booleanOption(id, "difficulty_ramping", difficulty_ramping);
    const few = booleanOption(id, "use_minimal_action_set", use_minimal_action_set);
    const moves = few ? game.minimal : MOVES.map((_, move) => move);
    const { channels } = game;
    const view = (state: Float64Array) => {
      const planes = new Uint8Array(SIZE * SIZE * channels.length);
      game.draw(state, 0, planes, 0);
      return { rows: SIZE, columns: SIZE, planes, channels };
    };
    const head = (state: Float64Array, action: string | undefined): string =>
      `${game.name}${action === undefined ? "" : ` (${action}), reward ${state[REWARD]}`}${state[OVER] === 1 ? ", over" : ""}`;
    return arrayEnv<Uint8Array>({
      id,
      dynamics: dynamics(game, moves, sticky, ramping),
      observationSpace: new Box(0, 1, [SIZE, SIZE, channels.length], "uint8"),
      actionSpace: new Discrete(moves.length),
      idle: () => NOOP,
      actionNames: moves.map((move) => MOVES[move]!),
      render: (state, action) => cellsText(view(state), head(state, action)),
      renderSvg: (state, action) => cellsSvg(view(state), head(state, action)),
    });
  };
}
