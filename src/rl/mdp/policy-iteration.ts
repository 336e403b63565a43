import type { Mdp } from "./model.ts";
import { deterministicPolicy, greedyActions, type Policy, uniformPolicy } from "./policy.ts";
import { policyEvaluation } from "./policy-evaluation.ts";
import { actionValues } from "./values.ts";

export interface PolicyIterationResult {
  v: Float64Array;
  /** The greedy action of each state, −1 in terminal ones. */
  actions: Int32Array;
  /** How often the policy changed. */
  improvements: number;
  /** Sweeps of all evaluations together. */
  sweeps: number;
}

/**
 * Policy iteration (Sutton & Barto, section 4.3): evaluate, improve, until no action is better than the
 * policy's own. "Better" means by more than `tie`: otherwise two equally good policies alternate for ever
 * (exercise 4.4).
 */
export function policyIteration(
  m: Mdp,
  options: {
    gamma: number;
    theta?: number;
    tie?: number;
    /** Where to begin; the uniformly random policy by default, which is proper wherever any policy is. */
    policy?: Policy;
    /** Called after each evaluation; improvement 0 is the first policy. */
    onImprovement?: (improvement: number, actions: Int32Array, v: Float64Array) => void;
  },
): PolicyIterationResult {
  const { gamma, theta = 1e-10, tie = 1e-8, onImprovement } = options;
  let policy = options.policy ?? uniformPolicy(m);
  let actions = commonActions(m, policy);
  let v = new Float64Array(m.states + 1);
  let sweeps = 0;
  for (let improvements = 0; ; improvements++) {
    // 1. Policy evaluation, from the values of the policy before
    const evaluation = policyEvaluation(m, policy, { gamma, theta, v });
    v = Float64Array.from(evaluation.v);
    sweeps += evaluation.sweeps;
    onImprovement?.(improvements, actions, v);
    // 2. Policy improvement
    const q = actionValues(m, v, gamma);
    const best = greedyActions(m, q, tie);
    let stable = true;
    const improved = actions.map((old, s) => {
      if (best[s] === -1) return -1;
      const better = q[s * m.actions + best[s]!]! > v[s]! + tie;
      if (better) stable = false;
      return better || old === -1 ? best[s]! : old;
    });
    if (stable) return { v, actions: improved, improvements, sweeps };
    actions = improved;
    policy = deterministicPolicy(m, actions);
  }
}

/** The policy's action where it has only one, else −1. */
function commonActions(m: Mdp, policy: Policy): Int32Array {
  return Int32Array.from({ length: m.states }, (_, s) =>
    policy.subarray(s * m.actions, (s + 1) * m.actions).indexOf(1),
  );
}
