import { UserError } from "../../errors.ts";
import { refuseGain } from "./divergence.ts";
import type { Mdp } from "./model.ts";
import { DISCOUNTED, endingActions, exactOptimum, type Solved, summableActions } from "./optimum.ts";
import { deterministicPolicy, greedyActions, type Policy, uniformPolicy } from "./policy.ts";
import { policyEvaluation } from "./policy-evaluation.ts";
import { roundsOf } from "./undiscounted.ts";
import { actionValues } from "./values.ts";

export interface PolicyIterationResult extends Solved {
  /** How often the policy changed. */
  improvements: number;
  /** Total number of sweeps of all evaluations. */
  sweeps: number;
}

/** More improvements than are needed if the values are precise enough. */
const IMPROVEMENTS = 10_000;

/**
 * Policy iteration (Sutton & Barto, section 4.3): evaluate, improve, until no action is better than the
 * policy's own. "Better" means by more than `tie`: otherwise two equally good policies alternate for ever
 * (exercise 4.4). The policy returned is the one that was evaluated last; above γ = 0.999 it is evaluated exactly.
 * @throws UserError at γ = 1 if no values exist: some policy has a positive gain, or no policy has values.
 */
export function policyIteration(
  m: Mdp,
  options: {
    gamma: number;
    theta?: number;
    tie?: number;
    /** The initial policy; by default the uniformly random one, at γ = 1 only if it has values. */
    policy?: Policy;
    /** Called after each evaluation; improvement 0 is the first policy. */
    onImprovement?: (improvement: number, actions: Int32Array, v: Float64Array) => void;
  },
): PolicyIterationResult {
  const { gamma, theta = 1e-10, tie = 1e-8, onImprovement } = options;
  let policy = options.policy ?? firstPolicy(m, gamma);
  let actions = commonActions(m, policy);
  let v = new Float64Array(m.states + 1);
  let sweeps = 0;
  for (let improvements = 0; improvements <= IMPROVEMENTS; improvements++) {
    // 1. Policy evaluation, from the values of the previous policy
    const evaluation = policyEvaluation(m, policy, { gamma, theta, v });
    v = Float64Array.from(evaluation.v);
    sweeps += evaluation.sweeps;
    onImprovement?.(improvements, actions, v);
    // 2. Policy improvement
    const better = improve(m, actions, v, gamma, tie);
    if (better === undefined) {
      const exact =
        gamma > DISCOUNTED ? exactOptimum(m, actions, gamma, METHOD) : { v, actions, improvements: 0 };
      return { ...exact, improvements: improvements + exact.improvements, sweeps };
    }
    actions = better;
    policy = deterministicPolicy(m, actions);
    if (gamma !== 1) continue;
    refuseGain(m, policy, METHOD, 10_000);
    if (roundsOf(m, policy).paid.length > 0) {
      // An action only seemed better because the values are not exact: start again with exact ones.
      const exact = exactOptimum(m, summableActions(m, METHOD), gamma, METHOD);
      return { ...exact, improvements: improvements + exact.improvements, sweeps };
    }
  }
  throw new UserError(
    `${METHOD}: the policy still changes after ${IMPROVEMENTS} improvements. Evaluate more precisely (a smaller theta) ` +
      `or require a larger improvement (a larger tie).`,
  );
}

const METHOD = "policy iteration";

/** The uniformly random policy, or at γ = 1, where it has no values, one that ends. */
function firstPolicy(m: Mdp, gamma: number): Policy {
  const uniform = uniformPolicy(m);
  if (gamma !== 1) return uniform;
  const ending = summableActions(m, METHOD);
  return roundsOf(m, uniform).paid.length > 0 ? deterministicPolicy(m, ending) : uniform;
}

/** Better actions where there are some, else undefined. A best action counts as better than a random choice. */
function improve(
  m: Mdp,
  actions: Int32Array,
  v: Float64Array,
  gamma: number,
  tie: number,
): Int32Array | undefined {
  const q = actionValues(m, v, gamma);
  const best = greedyActions(m, q, tie);
  const random = best.some((a, s) => a >= 0 && actions[s] === -1);
  if (random && Math.abs(gamma) === 1) {
    // All actions may be as good as the random policy, even those that cycle for ever: take one that ends.
    const ending = endingActions(m, q, tie);
    return ending.stuck.length === 0 ? ending.actions : best;
  }
  let stable = !random;
  const improved = actions.map((old, s) => {
    if (best[s] === -1) return -1;
    const better = q[s * m.actions + best[s]!]! > v[s]! + tie;
    if (better) stable = false;
    return better || old === -1 ? best[s]! : old;
  });
  return stable ? undefined : improved;
}

/** The policy's action where it has only one, else −1. */
function commonActions(m: Mdp, policy: Policy): Int32Array {
  return Int32Array.from({ length: m.states }, (_, s) =>
    policy.subarray(s * m.actions, (s + 1) * m.actions).indexOf(1),
  );
}
