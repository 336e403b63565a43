import { Matrix, solve } from "ml-matrix";
import { UserError } from "../../errors.ts";
import { markovChain } from "./chain.ts";
import { isTerminal, type Mdp, mdp, rowOf } from "./model.ts";
import { checkPolicy, checkProper, firstImproper, type Policy } from "./policy.ts";
import { checkDiscount, exactValue, type MarkovRewardProcess, rewardProcess } from "./reward-process.ts";

/** One Bellman backup of a pair: r(s, a) + γ Σ p(s′ | s, a) v(s′). */
export function backup(m: Mdp, v: ArrayLike<number>, gamma: number, pair: number): number {
  let expected = 0;
  for (let k = m.rowPtr[pair]!, end = m.rowPtr[pair + 1]!; k < end; k++) {
    expected += m.probability[k]! * (v[m.next[k]!] as number);
  }
  return m.expectedReward[pair]! + gamma * expected;
}

/** q(s, a) from v (eq. 4.6), −∞ where the action is not available. v has states + 1 entries. */
export function actionValues(m: Mdp, v: ArrayLike<number>, gamma: number): Float64Array {
  const q = new Float64Array(m.states * m.actions);
  for (let i = 0; i < q.length; i++)
    q[i] = m.rowPtr[i] === m.rowPtr[i + 1] ? -Infinity : backup(m, v, gamma, i);
  return q;
}

/** v(s) = Σ π(a | s) q(s, a), with the 0 of the end appended. */
export function stateValues(m: Mdp, q: ArrayLike<number>, policy: Policy): Float64Array {
  const v = new Float64Array(m.states + 1);
  for (let s = 0, i = 0; s < m.states; s++) {
    for (let a = 0; a < m.actions; a++, i++) if (policy[i]! > 0) v[s]! += policy[i]! * (q[i] as number);
  }
  return v;
}

/** max q(s, ·) of each state, 0 in a terminal one, with the 0 of the end appended. */
export function greedyValues(m: Mdp, q: ArrayLike<number>): Float64Array {
  const v = new Float64Array(m.states + 1);
  for (let s = 0; s < m.states; s++) {
    if (isTerminal(m, s)) continue;
    let best = -Infinity;
    for (let a = 0; a < m.actions; a++) best = Math.max(best, q[s * m.actions + a] as number);
    v[s] = best;
  }
  return v;
}

/** A(s, a) = q(s, a) − v(s): what action a is worth beyond the policy's own choice. */
export function advantage(m: Mdp, q: ArrayLike<number>, policy: Policy): Float64Array {
  const v = stateValues(m, q, policy);
  return Float64Array.from(q, (x, i) => x - v[Math.floor(i / m.actions)]!);
}

/** What remains when a policy decides: a reward process over states + 1 states, the last one the end. */
export function processUnder(m: Mdp, policy: Policy): MarkovRewardProcess {
  checkPolicy(m, policy);
  if (m.states > 4000) {
    throw new UserError(
      `a dense matrix of ${m.states} states is too large: use policy evaluation by iteration`,
    );
  }
  const n = m.states + 1;
  const rows = Array.from({ length: n }, () => new Float64Array(n));
  const reward = new Float64Array(n);
  for (let s = 0; s < n; s++) {
    if (s === m.states || isTerminal(m, s)) {
      rows[s]![s] = 1;
      continue;
    }
    for (let i = s * m.actions; i < (s + 1) * m.actions; i++) {
      const weight = policy[i]!;
      if (weight === 0) continue;
      reward[s]! += weight * m.expectedReward[i]!;
      for (let k = m.rowPtr[i]!; k < m.rowPtr[i + 1]!; k++)
        rows[s]![m.next[k]!]! += weight * m.probability[k]!;
    }
  }
  const names = rows.map((_, s) => (s === m.states ? "end" : m.stateName(s)));
  return rewardProcess(markovChain(rows, names), reward);
}

/** v_π as the solution of the Bellman equation (eq. 3.14), states + 1 entries. */
export function exactPolicyValues(m: Mdp, policy: Policy, gamma: number): Float64Array {
  if (Math.abs(gamma) === 1) checkProper(m, policy);
  return exactValue(processUnder(m, policy), gamma);
}

/**
 * Expected discounted visits to each pair, Σ_t γ^t Pr(S_t = s, A_t = a), from `start` (the model's own by
 * default). They sum to 1 / (1 − γ) where episodes never end.
 */
export function occupancy(
  m: Mdp,
  policy: Policy,
  gamma: number,
  start: ArrayLike<number> = m.initial,
): Float64Array {
  checkDiscount(gamma);
  if (Math.abs(gamma) === 1) checkProper(m, policy);
  const { chain } = processUnder(m, policy);
  const open = [...Array(m.states).keys()].filter((s) => !isTerminal(m, s));
  const A = new Matrix(open.length, open.length);
  open.forEach((s, i) => {
    open.forEach((t, j) => {
      A.set(j, i, (i === j ? 1 : 0) - gamma * chain.P[s * chain.states + t]!);
    });
  });
  const x = solve(A, Matrix.columnVector(open.map((s) => start[s] as number)));
  const out = new Float64Array(m.states * m.actions);
  open.forEach((s, i) => {
    for (let a = 0; a < m.actions; a++) out[s * m.actions + a] = x.get(i, 0) * policy[s * m.actions + a]!;
  });
  return out;
}

/**
 * E[G_0] of a policy from the model's own start, exactly. Only states that the policy can meet count: elsewhere
 * it may be as bad as it likes. Undefined where it may go on for ever and nothing is discounted.
 */
export function policyReturn(m: Mdp, policy: Policy, gamma: number): number | undefined {
  const met = new Set(Array.from(m.initial.keys()).filter((s) => m.initial[s]! > 0));
  for (const s of met) {
    for (let i = s * m.actions; i < (s + 1) * m.actions; i++) {
      if (policy[i] === 0) continue;
      for (let k = m.rowPtr[i]!; k < m.rowPtr[i + 1]!; k++) {
        if (m.probability[k]! > 0 && m.next[k] !== m.states) met.add(m.next[k]!);
      }
    }
  }
  const part = mdp({ ...m, outcomes: (s, a) => (met.has(s) ? rowOf(m, s, a) : []) });
  if (Math.abs(gamma) === 1 && firstImproper(part, policy) !== undefined) return undefined;
  const v = exactPolicyValues(part, policy, gamma);
  return m.initial.reduce((sum, p, s) => sum + p * v[s]!, 0);
}
