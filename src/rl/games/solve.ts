import { type GameOutcome, legalActions, type TwoPlayerGame } from "./game.ts";

/** A game solved by looking at every position that can be reached. */
export interface SolvedGame<S> {
  /** Positions where the game goes on, by their keys. */
  readonly undecided: ReadonlyMap<string, { readonly state: S; readonly value: GameOutcome }>;
  /** Positions where somebody has won, and full boards where nobody has. */
  readonly won: number;
  readonly drawn: number;
  /** With best play of both, for the player who moves: 1 wins, 0 draws, −1 loses. */
  readonly value: (state: S) => GameOutcome;
  /** The actions that keep that value. */
  readonly best: (state: S) => readonly number[];
}

/**
 * The exact value of every reachable position, by one walk through all of them: for small games. Tic-tac-toe has 5,478
 * positions; Connect Four on 4 × 4 has 161,029, and with each column more some twenty times as many.
 */
export function solveGame<S>(game: TwoPlayerGame<S>): SolvedGame<S> {
  const undecided = new Map<string, { state: S; value: GameOutcome }>();
  const won = new Set<string>();
  const drawn = new Set<string>();
  /** A game that is over, for the player who would move. */
  const final = (state: S): GameOutcome | undefined => {
    const outcome = game.outcome(state);
    return outcome === undefined || game.mover(state) === 0 ? outcome : (-outcome as GameOutcome);
  };
  const visit = (state: S): GameOutcome => {
    const over = final(state);
    const key = game.key(state);
    if (over !== undefined) {
      (over === 0 ? drawn : won).add(key);
      return over;
    }
    const known = undecided.get(key);
    if (known !== undefined) return known.value;
    let value: GameOutcome = -1;
    for (const action of legalActions(game, state)) {
      const mine = -visit(game.play(state, action)) as GameOutcome;
      if (mine > value) value = mine;
    }
    undecided.set(key, { state, value });
    return value;
  };
  visit(game.initial());
  const value = (state: S): GameOutcome => final(state) ?? undecided.get(game.key(state))!.value;
  return {
    undecided,
    won: won.size,
    drawn: drawn.size,
    value,
    best: (state) => {
      const most = value(state);
      return legalActions(game, state).filter((action) => -value(game.play(state, action)) === most);
    },
  };
}

/** How many positions a policy gets wrong, that is, where its action loses value: over all that are undecided. */
export function mistakes<S>(
  solved: SolvedGame<S>,
  policy: (state: S) => number,
): { readonly wrong: number; readonly of: number } {
  let wrong = 0;
  for (const { state } of solved.undecided.values()) if (!solved.best(state).includes(policy(state))) wrong++;
  return { wrong, of: solved.undecided.size };
}
