import { legalActions, resultForMover, type TwoPlayerGame } from "./game.ts";

/**
 * A search tree from one position. Node 0 is the root; edge (s, a) stands at s · actions + a. Values are those of the
 * player who moves at the edge's beginning, +1 a win and −1 a loss, and so change their sign from ply to ply.
 */
export interface Tree<S> {
  readonly game: TwoPlayerGame<S>;
  readonly actions: number;
  readonly states: S[];
  /** Visits of nodes, that of their own evaluation included; 0: not evaluated yet. */
  readonly visits: Int32Array;
  /** Of nodes where the game is over, for the player who would move; else undefined. */
  readonly results: (number | undefined)[];
  /** Of edges: visits N(s, a), the sum of their values W(s, a), prior P(s, a) (−1 where not legal), node behind (0: none yet). */
  readonly N: Int32Array;
  readonly W: Float64Array;
  readonly P: Float32Array;
  readonly child: Int32Array;
  /** The edges to the leaf, from the root. */
  readonly path: number[];
}

/** @param capacity evaluations and simulations that will be done */
export function plant<S>(game: TwoPlayerGame<S>, root: S, capacity: number): Tree<S> {
  const actions = game.actionNames.length;
  const edges = capacity * actions;
  return {
    game,
    actions,
    states: [root],
    visits: new Int32Array(capacity),
    results: [resultForMover(game, root)],
    N: new Int32Array(edges),
    W: new Float64Array(edges),
    P: new Float32Array(edges).fill(-1),
    child: new Int32Array(edges),
    path: [],
  };
}

/**
 * How promising an edge is.
 * @param q mean value, 0 of an edge that was not tried
 * @param p prior
 * @param n visits N(s, a)
 * @param total visits N(s)
 */
export type SelectionRule = (q: number, p: number, n: number, total: number) => number;

/** UCT (Kocsis & Szepesvári 2006): Q + c √(ln N(s) / N(s, a)); what was not tried comes first. */
export const uct =
  (c: number): SelectionRule =>
  (q, _p, n, total) =>
    n === 0 ? Infinity : q + c * Math.sqrt(Math.log(total) / n);

/** PUCT (Silver et al. 2017): Q + c P √N(s) / (1 + N(s, a)). */
export const puct =
  (c: number): SelectionRule =>
  (q, p, n, total) =>
    q + (c * p * Math.sqrt(total)) / (1 + n);

/** Goes down by the most promising edges, to a node that is not evaluated or where the game is over; adds it where it is new. */
export function descend<S>(tree: Tree<S>, rule: SelectionRule): number {
  const { game, actions, states, visits, results, N, W, P, child, path } = tree;
  path.length = 0;
  let node = 0;
  while (visits[node]! > 0 && results[node] === undefined) {
    let best = -1;
    let most = -Infinity;
    for (let edge = node * actions; edge < (node + 1) * actions; edge++) {
      const p = P[edge]!;
      if (p < 0) continue;
      const n = N[edge]!;
      const score = rule(n === 0 ? 0 : W[edge]! / n, p, n, visits[node]!);
      if (best >= 0 && score <= most) continue;
      best = edge;
      most = score;
    }
    path.push(best);
    let next = child[best]!;
    if (next === 0) {
      next = states.length;
      const state = game.play(states[node]!, best - node * actions);
      states.push(state);
      results.push(resultForMover(game, state));
      child[best] = next;
    }
    node = next;
  }
  return node;
}

/** Gives a leaf its priors: the softmax of logits[at …] over the legal actions. */
export function expand<S>(
  { game, states, actions, P }: Tree<S>,
  leaf: number,
  logits: Float32Array,
  at: number,
): void {
  const legal = legalActions(game, states[leaf]!);
  let top = -Infinity;
  for (const a of legal) top = Math.max(top, logits[at + a]!);
  let total = 0;
  for (const a of legal) total += Math.exp(logits[at + a]! - top);
  for (const a of legal) P[leaf * actions + a] = Math.exp(logits[at + a]! - top) / total;
}

/** Dirichlet noise in the root's priors: P ← (1 − ε) P + ε η, η ~ Dir(α). */
export function mixNoise<S>({ P, actions }: Tree<S>, noise: readonly number[], epsilon: number): void {
  let i = 0;
  for (let a = 0; a < actions; a++) if (P[a]! >= 0) P[a] = (1 - epsilon) * P[a]! + epsilon * noise[i++]!;
}

/** Counts the value of a leaf, for the player who moves there, in all edges that led to it. */
export function backUp<S>({ visits, N, W, path, actions }: Tree<S>, leaf: number, value: number): void {
  visits[leaf]!++;
  let v = value;
  for (let i = path.length - 1; i >= 0; i--) {
    const edge = path[i]!;
    v = -v;
    N[edge]!++;
    W[edge]! += v;
    visits[Math.floor(edge / actions)]!++;
  }
}
