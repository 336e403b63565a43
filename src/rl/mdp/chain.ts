import { Matrix, solve } from "ml-matrix";
import { UserError } from "../../errors.ts";
import type { Rng } from "../random.ts";

/** Tolerance of the sum of a row of probabilities: the rounding of a few hundred additions. */
export const SUM_TOLERANCE = 1e-8;

/** A Markov chain: the next state depends only on the current one. */
export interface MarkovChain {
  readonly states: number;
  /** P[s · states + s′] = Pr(S_{t+1} = s′ | S_t = s). */
  readonly P: Float64Array;
  readonly names: readonly string[];
}

/**
 * A chain from its transition matrix, one row per state.
 * @throws UserError naming the state whose row is not a distribution.
 */
export function markovChain(rows: readonly ArrayLike<number>[], names?: readonly string[]): MarkovChain {
  const n = rows.length;
  if (n === 0) throw new UserError("a Markov chain needs at least one state");
  const labels = names ?? rows.map((_, s) => String(s));
  if (labels.length !== n) throw new UserError(`${n} states, but ${labels.length} names`);
  const P = new Float64Array(n * n);
  rows.forEach((row, s) => {
    if (row.length !== n) {
      throw new UserError(
        `state ${labels[s]}: its row has ${row.length} probabilities, not ${n} (one per state)`,
      );
    }
    P.set(row as ArrayLike<number>, s * n);
    checkDistribution(P.subarray(s * n, (s + 1) * n), `state ${labels[s]}`);
  });
  return { states: n, P, names: labels };
}

/** @throws UserError starting with `where` unless p is a distribution */
export function checkDistribution(p: ArrayLike<number>, where: string): void {
  let total = 0;
  for (let i = 0; i < p.length; i++) {
    const x = p[i] as number;
    if (!(x >= 0 && x <= 1 + SUM_TOLERANCE))
      throw new UserError(`${where}: ${x} is not a probability (entry ${i})`);
    total += x;
  }
  if (!(Math.abs(total - 1) <= SUM_TOLERANCE)) {
    throw new UserError(`${where}: the probabilities sum to ${total}, not to 1`);
  }
}

/** The distribution of S_n when S_0 is drawn from `start`: start · Pⁿ. */
export function distributionAfter(chain: MarkovChain, start: ArrayLike<number>, n: number): Float64Array {
  checkStart(chain, start);
  let now = Float64Array.from(start);
  for (let t = 0; t < n; t++) now = stepDistribution(chain, now);
  return now;
}

function stepDistribution({ states, P }: MarkovChain, now: Float64Array): Float64Array<ArrayBuffer> {
  const next = new Float64Array(states);
  for (let s = 0; s < states; s++) {
    const weight = now[s]!;
    if (weight === 0) continue;
    for (let t = 0; t < states; t++) next[t]! += weight * P[s * states + t]!;
  }
  return next;
}

function checkStart(chain: MarkovChain, start: ArrayLike<number>): void {
  if (start.length !== chain.states) {
    throw new UserError(`the start distribution has ${start.length} entries for ${chain.states} states`);
  }
  checkDistribution(start, "start distribution");
}

/**
 * The distribution μ with μ = μP, which is unique if the chain has a single recurrent class.
 * @throws UserError otherwise, naming two states of different classes.
 */
export function stationaryDistribution(chain: MarkovChain): Float64Array {
  const { states: n, P, names } = chain;
  const classes = recurrentClasses(chain);
  if (classes.length > 1) {
    const [a, b] = classes.map((c) => names[c[0]!]);
    throw new UserError(
      `the stationary distribution is not unique: a chain in state ${a} and one in state ${b} never meet`,
    );
  }
  // μ(P − I) = 0 has one redundant equation; Σ μ = 1 replaces it.
  const A = new Matrix(n, n);
  for (let s = 0; s < n; s++) {
    for (let t = 0; t < n; t++) A.set(t, s, t === n - 1 ? 1 : P[s * n + t]! - (s === t ? 1 : 0));
  }
  const b = Matrix.zeros(n, 1);
  b.set(n - 1, 0, 1);
  return Float64Array.from(solve(A, b).to1DArray(), (x) => Math.max(0, x));
}

/** reach[s · n + t] = 1 where t can be reached from s in zero or more steps. */
function reachability({ states: n, P }: MarkovChain): Uint8Array {
  const reach = new Uint8Array(n * n);
  for (let s = 0; s < n; s++) {
    const stack = [s];
    reach[s * n + s] = 1;
    for (let u = stack.pop(); u !== undefined; u = stack.pop()) {
      for (let t = 0; t < n; t++) {
        if (P[u * n + t]! > 0 && reach[s * n + t] === 0) {
          reach[s * n + t] = 1;
          stack.push(t);
        }
      }
    }
  }
  return reach;
}

/** The recurrent classes: sets of states that are never left once entered, and are visited for ever. */
export function recurrentClasses(chain: MarkovChain): number[][] {
  const n = chain.states;
  const reach = reachability(chain);
  const classes: number[][] = [];
  const seen = new Uint8Array(n);
  for (let s = 0; s < n; s++) {
    if (seen[s] === 1) continue;
    const reached = [...Array(n).keys()].filter((t) => reach[s * n + t] === 1);
    if (!reached.every((t) => reach[t * n + s] === 1)) continue;
    for (const t of reached) seen[t] = 1;
    classes.push(reached);
  }
  return classes;
}

export interface Absorption {
  /** States that lead only to themselves. */
  readonly absorbing: readonly number[];
  /** Expected steps until absorption, by state (0 in an absorbing one). */
  readonly steps: Float64Array;
  /** probability[s][i]: from state s the chain ends in absorbing[i]. */
  readonly probability: readonly Float64Array[];
}

/**
 * Expected time until absorption and the probabilities of the absorbing states, from N = (I − Q)⁻¹ (Kemeny & Snell, chapter 3).
 * @throws UserError naming a state from which no absorbing state can be reached.
 */
export function absorption(chain: MarkovChain): Absorption {
  const { states: n, P, names } = chain;
  const all = [...Array(n).keys()];
  const absorbing = all.filter((s) => P[s * n + s]! === 1);
  const transient = all.filter((s) => P[s * n + s]! !== 1);
  const reach = reachability(chain);
  for (const s of transient) {
    if (!absorbing.some((t) => reach[s * n + t] === 1)) {
      throw new UserError(`state ${names[s]}: no absorbing state can be reached from it`);
    }
  }
  const steps = new Float64Array(n);
  const probability = all.map(() => new Float64Array(absorbing.length));
  absorbing.forEach((s, i) => {
    probability[s]![i] = 1;
  });
  if (transient.length > 0) {
    const A = new Matrix(transient.length, transient.length);
    const B = new Matrix(transient.length, absorbing.length + 1);
    transient.forEach((s, i) => {
      transient.forEach((t, j) => {
        A.set(i, j, (i === j ? 1 : 0) - P[s * n + t]!);
      });
      absorbing.forEach((t, j) => {
        B.set(i, j, P[s * n + t]!);
      });
      B.set(i, absorbing.length, 1);
    });
    const X = solve(A, B);
    transient.forEach((s, i) => {
      steps[s] = X.get(i, absorbing.length);
      absorbing.forEach((_, j) => {
        probability[s]![j] = X.get(i, j);
      });
    });
  }
  return { absorbing, steps, probability };
}

/** S_0 = start, S_1, … S_n: one walk along the chain. */
export function simulate(chain: MarkovChain, start: number, n: number, rng: Rng): Int32Array {
  const path = new Int32Array(n + 1);
  path[0] = start;
  for (let t = 1; t <= n; t++) {
    const s = path[t - 1]!;
    path[t] = rng.categorical(chain.P.subarray(s * chain.states, (s + 1) * chain.states));
  }
  return path;
}
