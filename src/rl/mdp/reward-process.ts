import { Matrix, solve } from "ml-matrix";
import { UserError } from "../../errors.ts";
import { absorption, type MarkovChain } from "./chain.ts";

/** A Markov reward process: a chain, the expected reward on leaving each state, and a discount factor. */
export interface MarkovRewardProcess {
  readonly chain: MarkovChain;
  /** r(s) = E[R_{t+1} | S_t = s]. */
  readonly reward: Float64Array;
}

/** G_0 = R_1 + γ R_2 + γ² R_3 + … (Sutton & Barto, eq. 3.8) of rewards R_1, R_2, … */
export function discountedReturn(rewards: ArrayLike<number>, gamma: number): number {
  let G = 0;
  for (let t = rewards.length - 1; t >= 0; t--) G = (rewards[t] as number) + gamma * G;
  return G;
}

/**
 * Throws unless 0 ≤ γ ≤ 1, or γ = −1: in a zero-sum game of alternating moves the value of a position is that for
 * the player to move, v(s) = max r − v(s′), so the next value counts with the opposite sign.
 */
export function checkDiscount(gamma: number): void {
  if (!((gamma >= 0 && gamma <= 1) || gamma === -1)) {
    throw new UserError(`the discount gamma must lie in 0 … 1 (or be -1: alternating moves), not ${gamma}`);
  }
}

export function rewardProcess(chain: MarkovChain, reward: ArrayLike<number>): MarkovRewardProcess {
  if (reward.length !== chain.states) {
    throw new UserError(`${chain.states} states, but ${reward.length} rewards`);
  }
  for (let s = 0; s < reward.length; s++) {
    if (!Number.isFinite(reward[s]))
      throw new UserError(`state ${chain.names[s]}: the reward ${reward[s]} is not finite`);
  }
  return { chain, reward: Float64Array.from(reward) };
}

/**
 * v = (I − γP)⁻¹ r, the Bellman equation solved as a linear system. At γ = 1 an absorbing state must have
 * reward 0 (its value is 0) and must be reached from everywhere.
 */
export function exactValue({ chain, reward }: MarkovRewardProcess, gamma: number): Float64Array {
  checkDiscount(gamma);
  const { states: n, P, names } = chain;
  const open: number[] = [];
  for (let s = 0; s < n; s++) {
    const stays = P[s * n + s] === 1;
    if (stays && Math.abs(gamma) === 1 && reward[s] !== 0) {
      throw new UserError(
        `state ${names[s]}: its reward ${reward[s]} repeats for ever, which has no finite sum at gamma = 1`,
      );
    }
    if (!(stays && reward[s] === 0)) open.push(s);
  }
  if (Math.abs(gamma) === 1) absorption(chain);
  const v = new Float64Array(n);
  if (open.length === 0) return v;
  const A = new Matrix(open.length, open.length);
  open.forEach((s, i) => {
    open.forEach((t, j) => {
      A.set(i, j, (i === j ? 1 : 0) - gamma * P[s * n + t]!);
    });
  });
  const x = solve(A, Matrix.columnVector(open.map((s) => reward[s]!)));
  open.forEach((s, i) => {
    v[s] = x.get(i, 0);
  });
  return v;
}

/** The same v by repeating v ← r + γPv until no entry changes by more than `tolerance`. */
export function iterativeValue(
  { chain, reward }: MarkovRewardProcess,
  gamma: number,
  { tolerance = 1e-10, maxSweeps = 1_000_000 } = {},
): { v: Float64Array; sweeps: number } {
  checkDiscount(gamma);
  const { states: n, P } = chain;
  let v = new Float64Array(n);
  for (let sweeps = 1; sweeps <= maxSweeps; sweeps++) {
    const next = Float64Array.from(reward);
    let delta = 0;
    for (let s = 0; s < n; s++) {
      let expected = 0;
      for (let t = 0; t < n; t++) expected += P[s * n + t]! * v[t]!;
      next[s]! += gamma * expected;
      delta = Math.max(delta, Math.abs(next[s]! - v[s]!));
    }
    v = next;
    if (delta <= tolerance) return { v, sweeps };
  }
  throw new UserError(
    `the values still change after ${maxSweeps} sweeps: is gamma = ${gamma} with rewards that never end?`,
  );
}
