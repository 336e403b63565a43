import type { Rng } from "../random.ts";
import { legalActions, resultForMover, type TwoPlayerGame } from "./game.ts";
import {
  backUp,
  descend,
  expand,
  mixNoise,
  plant,
  puct,
  type SelectionRule,
  type Tree,
  uct,
} from "./tree.ts";

/** What is thought of n positions before they are searched. */
export interface Evaluations {
  /** [n, actions]; those of illegal actions are ignored. */
  readonly logits: Float32Array;
  /** For the player who moves, in [−1, 1]. */
  readonly values: Float32Array;
}

export type Evaluator<S> = (states: readonly S[]) => Evaluations | Promise<Evaluations>;

export interface Search<S> {
  /** Walks down the tree, for each position; 0 looks at the evaluator's word alone. */
  readonly simulations: number;
  readonly rule: SelectionRule;
  readonly evaluate: Evaluator<S>;
  /** Dirichlet noise in the root's priors, for self-play: Dir(α), mixed in with weight ε. */
  readonly noise?: { readonly alpha: number; readonly epsilon: number; readonly rng: Rng } | undefined;
}

/**
 * Tree search (MCTS) from many positions at once: each tree walks down to a leaf, all leaves are evaluated in one call, and the
 * values go up. A position where the game is over has its own value and is never evaluated.
 * @param roots positions where the game goes on
 */
export async function search<S>(
  game: TwoPlayerGame<S>,
  roots: readonly S[],
  { simulations, rule, evaluate, noise }: Search<S>,
): Promise<readonly Tree<S>[]> {
  const trees = roots.map((root) => plant(game, root, simulations + 1));
  // The first walk evaluates the root.
  const left = new Int32Array(trees.length).fill(simulations + 1);
  for (;;) {
    const waiting: { tree: Tree<S>; leaf: number }[] = [];
    trees.forEach((tree, i) => {
      while (left[i]! > 0) {
        left[i]!--;
        const leaf = descend(tree, rule);
        const result = tree.results[leaf];
        if (result === undefined) {
          waiting.push({ tree, leaf });
          return;
        }
        backUp(tree, leaf, result);
      }
    });
    if (waiting.length === 0) return trees;
    const { logits, values } = await evaluate(waiting.map(({ tree, leaf }) => tree.states[leaf]!));
    waiting.forEach(({ tree, leaf }, j) => {
      expand(tree, leaf, logits, j * tree.actions);
      if (noise && leaf === 0) {
        const legal = legalActions(game, tree.states[0]!).length;
        mixNoise(tree, noise.rng.dirichlet(noise.alpha, legal), noise.epsilon);
      }
      backUp(tree, leaf, values[j]!);
    });
  }
}

/** N(root, a), as shares of all: the search's policy π. */
export function policyOf<S>({ N, actions }: Tree<S>): Float32Array {
  const pi = Float32Array.from(N.subarray(0, actions));
  const total = pi.reduce((sum, n) => sum + n, 0);
  return pi.map((n) => n / total);
}

/** The action with the most visits; among equals the one with the larger value, and then the larger prior. */
export function mostVisited<S>({ N, W, P, actions }: Tree<S>): number {
  const better = (a: number, b: number): boolean =>
    N[a] !== N[b] ? N[a]! > N[b]! : N[a]! > 0 && W[a] !== W[b] ? W[a]! > W[b]! : P[a]! > P[b]!;
  let best = 0;
  for (let a = 1; a < actions; a++) if (better(a, best)) best = a;
  return best;
}

/** No opinion about actions, and the result of one game that both play at random from there. */
export const rollouts =
  <S>(game: TwoPlayerGame<S>, rng: Rng): Evaluator<S> =>
  (states) => ({
    logits: new Float32Array(states.length * game.actionNames.length),
    values: Float32Array.from(states, (from) => {
      let state = from;
      let plies = 0;
      for (;;) {
        const result = resultForMover(game, state);
        if (result !== undefined) return plies % 2 === 0 ? result : -result;
        state = game.play(state, rng.choice(legalActions(game, state)));
        plies++;
      }
    }),
  });

/** Plain Monte Carlo tree search: UCT over random play (Kocsis & Szepesvári 2006). */
export const uctSearch = <S>(
  game: TwoPlayerGame<S>,
  simulations: number,
  rng: Rng,
  c = Math.SQRT2,
): Search<S> => ({
  simulations,
  rule: uct(c),
  evaluate: rollouts(game, rng),
});

/** AlphaZero's search: PUCT over a network that says P and V. */
export const puctSearch = <S>(simulations: number, evaluate: Evaluator<S>, c: number): Search<S> => ({
  simulations,
  rule: puct(c),
  evaluate,
});
