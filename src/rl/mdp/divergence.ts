import { Matrix, solve } from "ml-matrix";
import { UserError } from "../../errors.ts";
import { plainSweep } from "./bellman-sweep.ts";
import type { Mdp } from "./model.ts";
import { deterministicPolicy, greedyActions, type Policy } from "./policy.ts";
import { pairsOf, roundsOf, stateList } from "./undiscounted.ts";
import { actionValues } from "./values.ts";

/** Larger classes are not solved exactly: the gain is only bounded. */
const DENSE = 200;

/**
 * The gain of a policy in one of its recurrent classes, μ · r: its average reward per step (Puterman 1994,
 * section 8.2). Exact for classes of up to 200 states and for cycles; else bounds, which tighten with the number
 * of `rounds` of lazy value iteration.
 */
export function gainOf(
  m: Mdp,
  policy: Policy,
  members: readonly number[],
  rounds = 100,
): { low: number; high: number } {
  const n = members.length;
  const at = new Map(members.map((s, i) => [s, i]));
  // The chain inside the class, row by row.
  const r = new Float64Array(n);
  const rows = members.map((s, i) => {
    const row = new Map<number, number>();
    for (let pair = s * m.actions; pair < (s + 1) * m.actions; pair++) {
      const weight = policy[pair]!;
      if (weight === 0) continue;
      r[i]! += weight * m.expectedReward[pair]!;
      for (let k = m.rowPtr[pair]!; k < m.rowPtr[pair + 1]!; k++) {
        const j = at.get(m.next[k]!);
        if (j !== undefined) row.set(j, (row.get(j) ?? 0) + weight * m.probability[k]!);
      }
    }
    return row;
  });
  if (rows.every((row) => row.size === 1)) {
    const mean = r.reduce((sum, x) => sum + x, 0) / n;
    return { low: mean, high: mean };
  }
  if (n <= DENSE) {
    // μ(P − I) = 0 has one redundant equation; Σ μ = 1 replaces it.
    const A = Matrix.zeros(n, n);
    rows.forEach((row, i) => {
      for (const [j, p] of row) A.set(j, i, p);
      A.set(i, i, A.get(i, i) - 1);
    });
    for (let i = 0; i < n; i++) A.set(n - 1, i, 1);
    const b = Matrix.zeros(n, 1);
    b.set(n - 1, 0, 1);
    const mu = solve(A, b);
    const gain = r.reduce((sum, x, i) => sum + x * mu.get(i, 0), 0);
    return { low: gain, high: gain };
  }
  // For any h the gain lies between the smallest and the largest r + Ph − h. Half steps avoid periodicity.
  let h = new Float64Array(n);
  let bounds = { low: -Infinity, high: Infinity };
  for (let round = 0; round < rounds; round++) {
    const fresh = new Float64Array(n);
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < n; i++) {
      let d = r[i]! - h[i]!;
      for (const [j, p] of rows[i]!) d += p * h[j]!;
      low = Math.min(low, d);
      high = Math.max(high, d);
      fresh[i] = h[i]! + d / 2;
    }
    bounds = { low: Math.max(bounds.low, low), high: Math.min(bounds.high, high) };
    h = fresh;
  }
  return bounds;
}

/**
 * Throws if the policy has a positive gain: then the undiscounted optimal values are unbounded.
 */
export function refuseGain(m: Mdp, policy: Policy, method: string, rounds = 100): void {
  for (const members of roundsOf(m, policy).paid) {
    const pairs = pairsOf(m, members).filter((i) => policy[i]! > 0);
    const scale = pairs.reduce((max, i) => Math.max(max, Math.abs(m.expectedReward[i]!)), 0);
    const { low } = gainOf(m, policy, members, rounds);
    if (low <= 1e-9 * scale) continue;
    throw new UserError(
      `${method}: at gamma = 1 the values grow without bound. Cycling through ${stateList(m, members)} gives an average reward of ` +
        `${Number(low.toPrecision(4))} per step. Use gamma < 1.`,
    );
  }
}

/**
 * Watches sweeps for divergence at |γ| = 1. After sweeps 1, 2, 4, 8 … it examines the greedy policy of synchronous
 * sweeps, whose gain is eventually optimal (Puterman 1994, section 9.4), and throws if the gain is positive (γ = 1).
 * That does not hold for other kinds of sweeps, so synchronous ones are run alongside them.
 * Returns true if the values equal those of an earlier sweep to the last bit: further sweeps would only repeat them.
 */
export function watchSweeps(
  m: Mdp,
  gamma: number,
  method: string,
  synchronous: boolean,
): (sweep: number, v: Float64Array) => boolean {
  const sweepOnce = plainSweep(m, new Float64Array(0));
  let [beside, fresh] = [new Float64Array(m.states + 1), new Float64Array(m.states + 1)];
  let made = 0;
  let earlier: Float64Array | undefined;
  return (sweep, v) => {
    if (earlier?.every((x, s) => x === v[s])) return true;
    if ((sweep & (sweep - 1)) !== 0) return false;
    earlier = v.slice();
    if (gamma !== 1) return false;
    for (; !synchronous && made < sweep; made++) {
      sweepOnce(beside, gamma, fresh);
      [beside, fresh] = [fresh, beside];
    }
    const greedy = greedyActions(m, actionValues(m, synchronous ? v : beside, gamma));
    refuseGain(m, deterministicPolicy(m, greedy), method, sweep);
    return false;
  };
}
