import { type Constraint, solve } from "yalps";
import { UserError } from "../../errors.ts";
import { isTerminal, type Mdp } from "./model.ts";
import { deterministicPolicy } from "./policy.ts";
import { checkDiscount } from "./reward-process.ts";
import { exactPolicyValues } from "./values.ts";

/**
 * The optimal policy as a linear program (Puterman 1994, section 6.9), in its dual form, whose unknowns are the
 * discounted visits x(s, a) ≥ 0 when every state starts with weight 1:
 *   maximise Σ x(s, a) r(s, a)  subject to  Σ_a x(s′, a) − γ Σ p(s′ | s, a) x(s, a) = 1 for every s′.
 * What is visited is the policy; the maximum is Σ_s v*(s).
 */
export function linearProgramming(
  m: Mdp,
  { gamma }: { gamma: number },
): { v: Float64Array; actions: Int32Array; visits: Float64Array; objective: number } {
  checkDiscount(gamma);
  const constraints: [number, Constraint][] = [];
  for (let s = 0; s < m.states; s++) if (!isTerminal(m, s)) constraints.push([s, { equal: 1 }]);
  const REWARD = -1;
  const variables: [number, Map<number, number>][] = [];
  for (let i = 0; i < m.states * m.actions; i++) {
    if (m.rowPtr[i] === m.rowPtr[i + 1]) continue;
    const s = Math.floor(i / m.actions);
    const column = new Map([
      [REWARD, m.expectedReward[i]!],
      [s, 1],
    ]);
    for (let k = m.rowPtr[i]!; k < m.rowPtr[i + 1]!; k++) {
      const to = m.next[k]!;
      if (to === m.states || isTerminal(m, to)) continue;
      column.set(to, (column.get(to) ?? 0) - gamma * m.probability[k]!);
    }
    variables.push([i, column]);
  }
  const solution = solve<number, number>(
    { direction: "maximize", objective: REWARD, constraints, variables },
    { maxPivots: 1_000_000 },
  );
  if (solution.status !== "optimal") {
    const why = gamma === 1 ? " At gamma = 1 every policy must reach the end or lose by not doing so." : "";
    throw new UserError(`the linear program of this model is ${solution.status}.${why}`);
  }
  const visits = new Float64Array(m.states * m.actions);
  for (const [i, x] of solution.variables) visits[i] = x;
  const actions = new Int32Array(m.states).fill(-1);
  for (let s = 0; s < m.states; s++) {
    if (isTerminal(m, s)) continue;
    const row = visits.subarray(s * m.actions, (s + 1) * m.actions);
    actions[s] = row.indexOf(Math.max(...row));
  }
  const v = exactPolicyValues(m, deterministicPolicy(m, actions), gamma);
  return { v, actions, visits, objective: solution.result };
}
