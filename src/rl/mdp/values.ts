import { Matrix, solve } from "ml-matrix";
import { UserError } from "../../errors.ts";
import { markovChain } from "./chain.ts";
import { components, successors } from "./graph.ts";
import { isTerminal, type Mdp, mdp, rowOf } from "./model.ts";
import { checkPolicy, checkProper, firstImproper, type Policy } from "./policy.ts";
import { checkDiscount, type MarkovRewardProcess, rewardProcess } from "./reward-process.ts";
import { checkSummable } from "./undiscounted.ts";

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

/** The advantage A(s, a) = q(s, a) − v(s). */
export function advantage(m: Mdp, q: ArrayLike<number>, policy: Policy): Float64Array {
  const v = stateValues(m, q, policy);
  return Float64Array.from(q, (x, i) => x - v[Math.floor(i / m.actions)]!);
}

/** The reward process of a model under a policy: states + 1 states, the last one the end. */
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

/** Components with more states than this are swept, not solved: a dense matrix would take longer. */
const DENSE = 400;

/**
 * v_π as the solution of the Bellman equation (eq. 3.14), states + 1 entries. Strongly connected states
 * are solved together, after those they lead to; more than 400 of them are swept until nothing changes.
 * @throws UserError at |γ| = 1 if the policy cycles for ever with rewards.
 */
export function exactPolicyValues(m: Mdp, policy: Policy, gamma: number): Float64Array {
  checkDiscount(gamma);
  checkPolicy(m, policy);
  const v = new Float64Array(m.states + 1);
  const resting = new Set(Math.abs(gamma) === 1 ? checkSummable(m, policy) : []);
  const { count, order, start } = components(successors(m, (pair) => policy[pair]! > 0));
  for (let c = 0; c < count; c++) {
    const members = order.subarray(start[c], start[c + 1]);
    const first = members[0]!;
    if (first === m.states || isTerminal(m, first) || resting.has(first)) continue;
    solveTogether(m, policy, gamma, members, v);
  }
  return v;
}

/** (1 − γ p(s | s)) v(s) − γ Σ p(s′ | s) v(s′) = r(s) + the known values' part, for the states of one component. */
function solveTogether(m: Mdp, policy: Policy, gamma: number, members: Int32Array, v: Float64Array): void {
  const first = members[0]!;
  const n = members.length;
  const at = new Map(Array.from(members, (s, i) => [s, i]));
  const known = new Float64Array(n);
  const diagonal = new Float64Array(n);
  const rows = Array.from(members, (s, i) => {
    const row = new Map<number, number>();
    for (let pair = s * m.actions; pair < (s + 1) * m.actions; pair++) {
      const weight = policy[pair]!;
      if (weight === 0) continue;
      known[i]! += weight * m.expectedReward[pair]!;
      for (let k = m.rowPtr[pair]!; k < m.rowPtr[pair + 1]!; k++) {
        const [p, t] = [weight * m.probability[k]!, m.next[k]!];
        // 1 − γ p(s | s) from the other outcomes: exact even if tiny.
        diagonal[i]! += t === s ? (1 - gamma) * p : p;
        const j = at.get(t);
        if (j === undefined) known[i]! += gamma * p * v[t]!;
        else if (j !== i) row.set(j, (row.get(j) ?? 0) + gamma * p);
      }
    }
    return row;
  });
  if (n === 1) {
    v[first] = known[0]! / diagonal[0]!;
  } else if (n <= DENSE) {
    const A = Matrix.zeros(n, n);
    rows.forEach((row, i) => {
      A.set(i, i, diagonal[i]!);
      for (const [j, p] of row) A.set(i, j, -p);
    });
    const x = solve(A, Matrix.columnVector(known));
    members.forEach((s, i) => {
      v[s] = x.get(i, 0);
    });
  } else {
    const x = sweepTogether(rows, diagonal, known);
    if (x === undefined) {
      throw new UserError(
        `${members.length} states from ${m.stateName(first)} on lead to one another for so long that their values ` +
          `still change after ${SWEEPS} sweeps: use gamma < 1, or a smaller model`,
      );
    }
    members.forEach((s, i) => {
      v[s] = x[i]!;
    });
  }
}

const SWEEPS = 1_000_000;

/** x with diagonal · x − rows · x = known by sweeps, to about 12 digits; undefined if a million are not enough. */
function sweepTogether(
  rows: readonly ReadonlyMap<number, number>[],
  diagonal: Float64Array,
  known: Float64Array,
): Float64Array | undefined {
  const n = rows.length;
  const ptr = new Int32Array(n + 1);
  rows.forEach((row, i) => {
    ptr[i + 1] = ptr[i]! + row.size;
  });
  const column = Int32Array.from(rows.flatMap((row) => [...row.keys()]));
  const weight = Float64Array.from(rows.flatMap((row) => [...row.values()]));
  const x = new Float64Array(n);
  let before = Infinity;
  let near = 0;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let [change, scale] = [0, 0];
    for (let i = 0; i < n; i++) {
      let sum = known[i]!;
      for (let k = ptr[i]!; k < ptr[i + 1]!; k++) sum += weight[k]! * x[column[k]!]!;
      const value = sum / diagonal[i]!;
      change = Math.max(change, Math.abs(value - x[i]!));
      scale = Math.max(scale, Math.abs(value));
      x[i] = value;
    }
    // Changes that shrink by a factor ρ add up to ρ / (1 − ρ) of the last one.
    const rho = change / before;
    near = rho < 1 && (change * rho) / (1 - rho) <= 1e-12 * scale ? near + 1 : 0;
    if (change <= 1e-16 * scale || near === 3) return x;
    before = change;
  }
  return undefined;
}
/**
 * Expected discounted visits to each pair, Σ_t γ^t Pr(S_t = s, A_t = a), from `start` (by default the
 * model's). They sum to 1 / (1 − γ) where episodes never end.
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
 * E[G_0] of a policy from the model's initial distribution, exactly. Only states reachable under the policy count.
 * Undefined if it may go on for ever without discounting.
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
