import { type GameOutcome, legalActions, resultForMover, type TwoPlayerGame } from "./game.ts";

/** A position where the game goes on, and what it is worth with best play of both, for the player who moves. */
export interface SolvedPosition<S> {
  readonly state: S;
  readonly value: GameOutcome;
}

/** A game solved by looking at every position that can be reached. */
export interface SolvedGame<S> {
  /** How many positions there are where the game goes on. */
  readonly undecided: number;
  /** Positions where somebody has won, and full boards where nobody has. */
  readonly won: number;
  readonly drawn: number;
  /** Those where the game goes on, in an order of their own. */
  positions(): Iterable<SolvedPosition<S>>;
  /** With best play of both, for the player who moves: 1 wins, 0 draws, −1 loses. */
  readonly value: (state: S) => GameOutcome;
  /** The actions that keep that value. */
  readonly best: (state: S) => readonly number[];
}

/** Values of positions: in an array where the game numbers its positions, else by their keys. */
interface Table<S> {
  get(state: S): GameOutcome | undefined;
  set(state: S, value: GameOutcome): void;
  each(): Iterable<SolvedPosition<S>>;
}

function tableOf<S>(game: TwoPlayerGame<S>): Table<S> {
  const { numbering } = game;
  if (numbering === undefined) {
    const known = new Map<string, SolvedPosition<S>>();
    return {
      get: (state) => known.get(game.key(state))?.value,
      set: (state, value) => void known.set(game.key(state), { state, value }),
      each: () => known.values(),
    };
  }
  // Value + 2; 0: not seen.
  const values = new Uint8Array(numbering.size);
  return {
    get: (state) => {
      const code = values[numbering.of(state)]!;
      return code === 0 ? undefined : ((code - 2) as GameOutcome);
    },
    set: (state, value) => {
      values[numbering.of(state)] = value + 2;
    },
    *each() {
      for (let i = 0; i < values.length; i++)
        if (values[i]! > 0) yield { state: numbering.at(i), value: (values[i]! - 2) as GameOutcome };
    },
  };
}

/**
 * The exact value of every reachable position by minimax, in one walk through all of them: for small games. Tic-tac-toe has
 * 5,478 positions; Connect Four on 4 × 4 has 161,029, and with each column more some twenty times as many.
 */
export function solveGame<S>(game: TwoPlayerGame<S>): SolvedGame<S> {
  const open = tableOf(game);
  const over = tableOf(game);
  const counts = { undecided: 0, won: 0, drawn: 0 };
  const visit = (state: S): GameOutcome => {
    const result = resultForMover(game, state);
    if (result !== undefined) {
      if (over.get(state) === undefined) {
        over.set(state, result);
        counts[result === 0 ? "drawn" : "won"]++;
      }
      return result;
    }
    const known = open.get(state);
    if (known !== undefined) return known;
    // v(s) = maxₐ −v(s, a)
    let value: GameOutcome = -1;
    for (const action of legalActions(game, state)) {
      const mine = (0 - visit(game.play(state, action))) as GameOutcome;
      if (mine > value) value = mine;
    }
    open.set(state, value);
    counts.undecided++;
    return value;
  };
  visit(game.initial());
  const value = (state: S): GameOutcome => resultForMover(game, state) ?? open.get(state)!;
  return {
    ...counts,
    positions: () => open.each(),
    value,
    best: (state) => {
      const most = value(state);
      return legalActions(game, state).filter((action) => 0 - value(game.play(state, action)) === most);
    },
  };
}

const memory = new WeakMap<object, SolvedGame<unknown>>();

/** The same, solved at the first call. */
export function solved<S>(game: TwoPlayerGame<S>): SolvedGame<S> {
  let known = memory.get(game) as SolvedGame<S> | undefined;
  if (known === undefined) {
    known = solveGame(game);
    memory.set(game, known as SolvedGame<unknown>);
  }
  return known;
}
