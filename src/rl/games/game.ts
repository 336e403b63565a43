import type { Rows } from "../rows.ts";

/** 1: the first player has won; −1: the second; 0: a draw. */
export type GameOutcome = 1 | 0 | -1;
/** 0 moves first. */
export type Player = 0 | 1;

/** A way to turn or mirror the board: cell i then shows what stood in `cells[i]`, action a is what `actions[a]` was. */
export interface Symmetry {
  readonly cells: readonly number[];
  readonly actions: readonly number[];
}

/** A number below `size` for each position, so that a table of positions is an array. Not every number need be one. */
export interface Numbering<S> {
  readonly size: number;
  of(state: S): number;
  /** The position of a number where the game goes on. */
  at(index: number): S;
}

/**
 * A game of two players who move in turn, see everything and know no chance, as pure functions over a plain state S.
 * Nothing of it knows who plays: search, self-play and solvers are made from it.
 */
export interface TwoPlayerGame<S> {
  readonly name: string;
  /** Actions are their numbers. */
  readonly actionNames: readonly string[];
  /** Of an observation: planes, rows, columns. */
  readonly shape: readonly [number, number, number];
  /** The identity is the first. */
  readonly symmetries: readonly Symmetry[];
  initial(): S;
  /** Who moves. */
  mover(state: S): Player;
  legal(state: S, action: number): boolean;
  /** The state after a legal action; the state given stays as it is. */
  play(state: S, action: number): S;
  /** undefined while the game goes on. */
  outcome(state: S): GameOutcome | undefined;
  /** Equal for equal positions. */
  key(state: S): string;
  /** Of games that are small enough. */
  readonly numbering?: Numbering<S> | undefined;
  /** Writes the position as a player sees it: a plane of his own stones, and one of the other's. */
  observe(state: S, player: Player, out: Rows, at: number): void;
  render(state: S): string;
  renderSvg(state: S): string;
}

/** The legal actions, in order. */
export function legalActions<S>(game: TwoPlayerGame<S>, state: S): number[] {
  const actions: number[] = [];
  for (let action = 0; action < game.actionNames.length; action++) {
    if (game.legal(state, action)) actions.push(action);
  }
  return actions;
}

/** The result for the player who would move, where the game is over. */
export function resultForMover<S>(game: TwoPlayerGame<S>, state: S): GameOutcome | undefined {
  const outcome = game.outcome(state);
  return outcome === undefined || game.mover(state) === 0 ? outcome : ((0 - outcome) as GameOutcome);
}
