import TinyQueue from "tinyqueue";
import { UserError } from "../../errors.ts";
import { watchSweeps } from "./divergence.ts";
import { isTerminal, type Mdp } from "./model.ts";
import { policyOf, type Solved, summableActions } from "./optimum.ts";
import { checkDiscount } from "./reward-process.ts";
import { backup } from "./values.ts";

/**
 * Prioritised sweeping with full backups (Sutton & Barto, section 8.4; Moore & Atkeson 1993): the state whose
 * value would change most is backed up first, then the priorities of its predecessors are updated. Above γ = 0.999
 * the policy is evaluated exactly and improved, and at γ = 1 it throws if no values exist, as value iteration does.
 */
export function prioritizedSweeping(
  m: Mdp,
  options: { gamma: number; theta?: number; maxBackups?: number },
): Solved & { backups: number } {
  const { gamma, theta = 1e-10, maxBackups = 100_000_000 } = options;
  checkDiscount(gamma);
  if (gamma === 1) summableActions(m, METHOD);
  const repeats = Math.abs(gamma) === 1 ? watchSweeps(m, gamma, METHOD, false) : () => false;
  const v = new Float64Array(m.states + 1);
  const predecessors = predecessorsOf(m);
  // An entry is stale if its state has been given another priority since: only the last one counts.
  const priority = new Float64Array(m.states);
  const queue = new TinyQueue<{ state: number; priority: number }>([], (a, b) => b.priority - a.priority);
  const consider = (s: number): void => {
    const error = Math.abs(best(m, v, gamma, s) - v[s]!);
    if (error === priority[s]) return;
    priority[s] = error;
    if (error >= theta) queue.push({ state: s, priority: error });
  };
  for (let s = 0; s < m.states; s++) consider(s);
  let backups = 0;
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    const { state } = entry;
    if (entry.priority !== priority[state]) continue;
    if (++backups > maxBackups) {
      throw new UserError(
        `${METHOD}: the values still change after ${maxBackups} backups. Try a smaller gamma.`,
      );
    }
    v[state] = best(m, v, gamma, state);
    priority[state] = 0;
    for (const s of predecessors[state]!) consider(s);
    if (backups % m.states === 0 && repeats(backups / m.states, v)) break;
  }
  return { ...policyOf(m, v, gamma, METHOD, undefined), backups };
}

const METHOD = "prioritised sweeping";

function best(m: Mdp, v: Float64Array, gamma: number, state: number): number {
  if (isTerminal(m, state)) return 0;
  let max = -Infinity;
  for (let i = state * m.actions; i < (state + 1) * m.actions; i++) {
    if (m.rowPtr[i] !== m.rowPtr[i + 1]) max = Math.max(max, backup(m, v, gamma, i));
  }
  return max;
}

/** The states from which each state can be reached in one step. */
function predecessorsOf(m: Mdp): readonly number[][] {
  const sets = Array.from({ length: m.states + 1 }, () => new Set<number>());
  for (let i = 0; i < m.states * m.actions; i++) {
    for (let k = m.rowPtr[i]!; k < m.rowPtr[i + 1]!; k++) {
      if (m.probability[k]! > 0) sets[m.next[k]!]!.add(Math.floor(i / m.actions));
    }
  }
  return sets.map((set) => [...set]);
}
