import type { Rng } from "../random.ts";
import { legalActions, type TwoPlayerGame } from "./game.ts";
import { mostVisited, type Search, search } from "./search.ts";
import type { SolvedGame } from "./solve.ts";

/** Chooses a legal action in each of many positions. */
export type GamePlayer<S> = (states: readonly S[]) => Promise<readonly number[]>;

/** Any legal action, each as likely. */
export const randomPlayer =
  <S>(game: TwoPlayerGame<S>, rng: Rng): GamePlayer<S> =>
  (states) =>
    Promise.resolve(states.map((state) => rng.choice(legalActions(game, state))));

/** One of the best actions, each as likely. */
export const exactPlayer =
  <S>({ best }: SolvedGame<S>, rng: Rng): GamePlayer<S> =>
  (states) =>
    Promise.resolve(states.map((state) => rng.choice(best(state))));

/** The action that a search visits most. */
export const searchPlayer =
  <S>(game: TwoPlayerGame<S>, how: Search<S>): GamePlayer<S> =>
  async (states) =>
    (await search(game, states, how)).map(mostVisited);

/**
 * Plays games at once; the first player begins in every other one, starting with the first.
 * @returns the results for `a`: 1 won, 0 drawn, −1 lost
 */
export async function contest<S>(
  game: TwoPlayerGame<S>,
  a: GamePlayer<S>,
  b: GamePlayer<S>,
  games: number,
): Promise<number[]> {
  const boards = Array.from({ length: games }, () => game.initial());
  const results = Array.from({ length: games }, () => 0);
  const open = (i: number): boolean => game.outcome(boards[i]!) === undefined;
  const all = [...boards.keys()];
  for (let side = 0; all.some(open); side = 1 - side) {
    const turn = all.filter((i) => open(i) && game.mover(boards[i]!) === (i + side) % 2);
    if (turn.length === 0) continue;
    const actions = await (side === 0 ? a : b)(turn.map((i) => boards[i]!));
    for (const [k, i] of turn.entries()) {
      boards[i] = game.play(boards[i]!, actions[k]!);
      const outcome = game.outcome(boards[i]!);
      if (outcome !== undefined) results[i] = i % 2 === 0 ? outcome : 0 - outcome;
    }
  }
  return results;
}

export interface Mistakes {
  readonly wrong: number;
  readonly of: number;
}

/** Positions asked at once. */
const CHUNK = 512;

/** In how many of these positions a player's action loses value, which is that of best play. */
export async function mistakes<S>(
  { best }: SolvedGame<S>,
  player: GamePlayer<S>,
  positions: Iterable<S>,
  progress?: (done: number) => void,
): Promise<Mistakes> {
  let [wrong, of] = [0, 0];
  const ask = async (states: readonly S[]): Promise<void> => {
    const actions = await player(states);
    states.forEach((state, i) => {
      if (!best(state).includes(actions[i]!)) wrong++;
    });
    of += states.length;
    progress?.(of);
  };
  let chunk: S[] = [];
  for (const state of positions) {
    chunk.push(state);
    if (chunk.length < CHUNK) continue;
    await ask(chunk);
    chunk = [];
  }
  if (chunk.length > 0) await ask(chunk);
  return { wrong, of };
}

/** Positions where the game goes on: all, or `most` of them drawn by chance, each at most once. */
export function* samplePositions<S>(known: SolvedGame<S>, most: number, rng: Rng): Generator<S> {
  const { undecided } = known;
  // Of the positions that are left, as many are needed: each is taken with that probability.
  let needed = Math.min(most, undecided);
  let left = undecided;
  for (const { state } of known.positions()) {
    if (needed === 0) return;
    if (needed === left || rng.random() * left < needed) {
      yield state;
      needed--;
    }
    left--;
  }
}
