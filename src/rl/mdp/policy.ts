import { UserError } from "../../errors.ts";
import { SUM_TOLERANCE } from "./chain.ts";
import { pairsInto } from "./graph.ts";
import { availableActions, isAvailable, isTerminal, type Mdp, pairName } from "./model.ts";

/** π(a | s) at index s · actions + a; all zeros in a terminal state. */
export type Policy = Float64Array;

/** Every available action with the same probability. */
export function uniformPolicy(m: Mdp): Policy {
  return fill(m, (_, options) => options.map(() => 1 / options.length));
}

/** π(s) given by one action per state; entries of terminal states are ignored. */
export function deterministicPolicy(m: Mdp, actions: ArrayLike<number>): Policy {
  if (actions.length < m.states) {
    throw new UserError(`the policy has ${actions.length} actions for ${m.states} states`);
  }
  return fill(m, (s, options) => {
    const a = actions[s] as number;
    if (!options.includes(a)) {
      throw new UserError(
        `state ${m.stateName(s)}: the policy takes action ${m.actionNames[a] ?? a}, which is not available there`,
      );
    }
    return options.map((b) => (b === a ? 1 : 0));
  });
}

/** With probability ε any available action, else a greedy one; ties share its probability (section 5.4). */
export function epsilonGreedyPolicy(m: Mdp, q: ArrayLike<number>, epsilon: number, tie = 1e-9): Policy {
  if (!(epsilon >= 0 && epsilon <= 1)) throw new UserError(`epsilon must lie in 0 … 1, not ${epsilon}`);
  return fill(m, (s, options) => {
    const values = options.map((a) => q[s * m.actions + a] as number);
    const best = Math.max(...values);
    const greedy = values.map((x) => x >= best - tie);
    const ties = greedy.filter(Boolean).length;
    return greedy.map((is) => epsilon / options.length + (is ? (1 - epsilon) / ties : 0));
  });
}

/** π(a | s) ∝ exp(q(s, a) / temperature). */
export function softmaxPolicy(m: Mdp, q: ArrayLike<number>, temperature: number): Policy {
  if (!(temperature > 0)) throw new UserError(`the temperature must be > 0, not ${temperature}`);
  return fill(m, (s, options) => {
    const values = options.map((a) => (q[s * m.actions + a] as number) / temperature);
    const best = Math.max(...values);
    const weights = values.map((x) => Math.exp(x - best));
    const total = weights.reduce((sum, x) => sum + x, 0);
    return weights.map((x) => x / total);
  });
}

function fill(m: Mdp, row: (state: number, options: number[]) => number[]): Policy {
  const policy = new Float64Array(m.states * m.actions);
  for (let s = 0; s < m.states; s++) {
    const options = availableActions(m, s);
    if (options.length === 0) continue;
    const p = row(s, options);
    options.forEach((a, i) => {
      policy[s * m.actions + a] = p[i]!;
    });
  }
  return policy;
}

/**
 * The greedy action of each state, −1 in a terminal one. Values closer than `tie` count as equal and the
 * first of them is taken: otherwise rounding errors would decide (gambler's problem).
 */
export function greedyActions(m: Mdp, q: ArrayLike<number>, tie = 1e-9): Int32Array {
  const out = new Int32Array(m.states).fill(-1);
  for (let s = 0; s < m.states; s++) {
    let best = -Infinity;
    for (let a = 0; a < m.actions; a++) {
      const x = q[s * m.actions + a] as number;
      if (isAvailable(m, s, a) && x > best + tie) {
        best = x;
        out[s] = a;
      }
    }
  }
  return out;
}

/** @throws UserError unless every row is a distribution over available actions */
export function checkPolicy(m: Mdp, policy: Policy): void {
  if (policy.length !== m.states * m.actions) {
    throw new UserError(
      `the policy has ${policy.length} entries, not ${m.states} states × ${m.actions} actions`,
    );
  }
  for (let s = 0; s < m.states; s++) {
    if (isTerminal(m, s)) continue;
    let total = 0;
    for (let a = 0; a < m.actions; a++) {
      const p = policy[s * m.actions + a]!;
      if (!(p >= 0 && p <= 1 + SUM_TOLERANCE)) {
        throw new UserError(`${pairName(m, s, a)}: the policy has ${p}, which is not a probability`);
      }
      if (p > 0 && !isAvailable(m, s, a)) {
        throw new UserError(`${pairName(m, s, a)}: the policy takes it, but it is not available there`);
      }
      total += p;
    }
    if (!(Math.abs(total - 1) <= SUM_TOLERANCE)) {
      throw new UserError(`state ${m.stateName(s)}: the policy's probabilities sum to ${total}, not to 1`);
    }
  }
}

/** A state from which the episode cannot end under the policy, if there is one. */
export function firstImproper(m: Mdp, policy: Policy): number | undefined {
  const into = pairsInto(m, (pair) => policy[pair]! > 0);
  const ends = Uint8Array.from({ length: m.states + 1 }, (_, s) =>
    s === m.states || isTerminal(m, s) ? 1 : 0,
  );
  const queue = [m.states];
  for (let t = queue.pop(); t !== undefined; t = queue.pop()) {
    for (let k = into.ptr[t]!; k < into.ptr[t + 1]!; k++) {
      const s = Math.floor(into.to[k]! / m.actions);
      if (ends[s] === 1) continue;
      ends[s] = 1;
      queue.push(s);
    }
  }
  const stuck = ends.indexOf(0);
  return stuck < 0 ? undefined : stuck;
}

/** @throws UserError unless the policy is proper: from every state the episode can end */
export function checkProper(m: Mdp, policy: Policy): void {
  const stuck = firstImproper(m, policy);
  if (stuck === undefined) return;
  const a = policy.subarray(stuck * m.actions, (stuck + 1) * m.actions).findIndex((p) => p > 0);
  throw neverEnds(m, stuck * m.actions + a);
}

/** The error for a policy that never ends. */
export function neverEnds(m: Mdp, pair: number): UserError {
  return new UserError(
    `${pairName(m, Math.floor(pair / m.actions), pair % m.actions)}: under this policy the episode never ends from ` +
      `here, so at gamma = 1 it has no value. Use gamma < 1 or a proper policy (one that reaches a terminal state ` +
      `from every state).`,
  );
}
