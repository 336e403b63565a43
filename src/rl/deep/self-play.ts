import type { Metrics } from "../../train/checkpoint.ts";
import { legalActions, type TwoPlayerGame } from "../games/game.ts";
import { mostVisited, policyOf, type Search, search } from "../games/search.ts";
import type { Rng } from "../random.ts";
import type { Practice } from "./parts.ts";
import type { Position } from "./positions.ts";

/** A game that goes on: its actions so far, the first `opening` of them by chance, and what the searches found since. */
interface Course<S> {
  state: S;
  readonly actions: number[];
  readonly opening: number;
  readonly policies: number[][];
}

export interface SelfPlayOptions {
  /** Games at once. */
  readonly games: number;
  /** A game begins with a random number of random moves, at most so many. */
  readonly openingMoves: number;
  /** After so many moves the most visited action is taken; before, each as often as it was visited. */
  readonly temperatureMoves: number;
}

/** Games of a player against himself, all a move further at a time; a step is a move that was searched for. */
export class SelfPlay<S> implements Practice {
  readonly game: TwoPlayerGame<S>;
  readonly budget: number;
  steps = 0;
  readonly #how: SelfPlayOptions;
  #games: Course<S>[] = [];
  #finished = { episodes: 0, return: 0, length: 0 };

  constructor(game: TwoPlayerGame<S>, how: SelfPlayOptions, budget: number) {
    this.game = game;
    this.#how = how;
    this.budget = budget;
  }

  get left(): number {
    return this.budget - this.steps;
  }

  #begin(rng: Rng): Course<S> {
    const { game } = this;
    const moves = rng.integers(this.#how.openingMoves + 1);
    for (;;) {
      const actions: number[] = [];
      let state = game.initial();
      while (actions.length < moves && game.outcome(state) === undefined) {
        actions.push(rng.choice(legalActions(game, state)));
        state = game.play(state, actions.at(-1)!);
      }
      if (game.outcome(state) === undefined) return { state, actions, opening: actions.length, policies: [] };
    }
  }

  /**
   * Searches for a move in each game and makes it.
   * @param keep takes in the positions of games that ended
   */
  async move(how: Search<S>, rng: Rng, keep: (position: Position) => void): Promise<void> {
    const { game } = this;
    while (this.#games.length < this.#how.games) this.#games.push(this.#begin(rng));
    // The budget is exact: the last time some games may have to wait.
    const moving = this.#games.slice(0, this.left);
    const trees = await search(
      game,
      moving.map(({ state }) => state),
      how,
    );
    for (const [i, course] of moving.entries()) {
      const pi = policyOf(trees[i]!);
      const action =
        course.actions.length < this.#how.temperatureMoves ? draw(pi, rng) : mostVisited(trees[i]!);
      course.policies.push(Array.from(pi));
      course.actions.push(action);
      course.state = game.play(course.state, action);
      this.steps++;
      if (game.outcome(course.state) === undefined) continue;
      this.#end(course, keep);
      this.#games[i] = this.#begin(rng);
    }
  }

  #end({ state, actions, opening, policies }: Course<S>, keep: (position: Position) => void): void {
    const { game } = this;
    const outcome = game.outcome(state)!;
    this.#finished.episodes++;
    this.#finished.return += outcome;
    this.#finished.length += actions.length;
    const [planes, rows, columns] = game.shape;
    let now = game.initial();
    for (const [ply, action] of actions.entries()) {
      if (ply >= opening) {
        const mover = game.mover(now);
        const seen = new Uint8Array(planes * rows * columns);
        game.observe(now, mover, seen, 0);
        const mask = Uint8Array.from(game.actionNames, (_, a) => (game.legal(now, a) ? 1 : 0));
        keep({ seen, mask, pi: policies[ply - opening]!, z: mover === 0 ? outcome : -outcome });
      }
      now = game.play(now, action);
    }
  }

  /** Mean result of the first player, and moves, of the games that ended since the last call. */
  takeEpisodes(): Metrics {
    const { episodes, return: total, length } = this.#finished;
    this.#finished = { episodes: 0, return: 0, length: 0 };
    return episodes === 0 ? {} : { return: total / episodes, length: length / episodes };
  }

  save(): unknown {
    const games = this.#games.map(({ actions, opening, policies }) => ({ actions, opening, policies }));
    return { steps: this.steps, finished: this.#finished, games };
  }

  load(saved: unknown): void {
    const from = saved as Pick<SelfPlay<S>, "steps"> & {
      finished: { episodes: number; return: number; length: number };
      games: Omit<Course<S>, "state">[];
    };
    const { game } = this;
    this.steps = from.steps;
    this.#finished = { ...from.finished };
    this.#games = from.games.map((course) => ({
      ...course,
      state: course.actions.reduce((state, action) => game.play(state, action), game.initial()),
    }));
  }

  close(): void {
    // Games need no closing.
  }
}

/** An index with probability p[index]; float32 numbers need not sum to 1 exactly. */
function draw(p: Float32Array, rng: Rng): number {
  let rest = rng.random() * p.reduce((sum, x) => sum + x, 0);
  let chosen = 0;
  for (let i = 0; i < p.length; i++) {
    if (p[i] === 0) continue;
    chosen = i;
    rest -= p[i]!;
    if (rest < 0) break;
  }
  return chosen;
}
