import { UserError } from "../../errors.ts";
import { refuseGain } from "./divergence.ts";
import { isTerminal, type Mdp } from "./model.ts";
import { deterministicPolicy, greedyActions } from "./policy.ts";
import { restingActions, roundsOf, stateList, stayingActions, waysOut } from "./undiscounted.ts";
import { actionValues, exactPolicyValues, greedyValues } from "./values.ts";

/** Values and a policy that attains them. */
export interface Solved {
  /** states + 1 values, the last (the end) 0. */
  v: Float64Array;
  /** One action per state, −1 in terminal ones. */
  actions: Int32Array;
}

/** Up to this γ, ties of 1e-9 per step add up to at most 1e-6: the greedy policy is good enough. */
export const DISCOUNTED = 0.999;

/**
 * A policy that has undiscounted values: in each state an action that leads nearer to the end, or to a cycle
 * without reward.
 * @throws UserError naming the states from which there is no such policy.
 */
export function summableActions(m: Mdp, method: string): Int32Array {
  const { actions, stuck } = waysOut(m, () => true);
  if (stuck.length > 0) {
    throw new UserError(
      `${method}: at gamma = 1 ${stateList(m, stuck)} ${stuck.length > 1 ? "have" : "has"} no value. From there the ` +
        `episode never ends and collects rewards under any policy. Use gamma < 1.`,
    );
  }
  return actions;
}

/**
 * The policy for values found by sweeps, and its values. Below γ = 0.999 that is the greedy policy with the first
 * action of each tie. Above, ties add up: among tied actions one that leads nearer to the end is taken, then the
 * policy is evaluated exactly and improved until no action is better, so that it attains the returned values.
 */
export function policyOf(
  m: Mdp,
  v: Float64Array,
  gamma: number,
  method: string,
  tie: number | undefined,
): Solved {
  const q = actionValues(m, v, gamma);
  if (Math.abs(gamma) <= DISCOUNTED) return { v, actions: greedyActions(m, q, tie) };
  if (Math.abs(gamma) < 1) return exactOptimum(m, greedyActions(m, q, tie), gamma, method);
  const { actions, stuck } = endingActions(m, q, tie);
  if (gamma === 1)
    return exactOptimum(m, stuck.length > 0 ? summableActions(m, method) : actions, gamma, method);
  const earned = stuck.length > 0 ? v : exactPolicyValues(m, deterministicPolicy(m, actions), gamma);
  const rounding = 1e-6 * scaleOf(m, v);
  const swinging = stuck.length > 0 ? stuck : open(m).filter((s) => Math.abs(v[s]! - earned[s]!) > rounding);
  if (swinging.length === 0) return { v, actions };
  throw new UserError(
    `${method}: the values of ${stateList(m, swinging)} oscillate for ever. At gamma = -1 the game must ` +
      `come to an end.`,
  );
}

/** Of each state's actions within `tie` of the best, the first that leads nearer to the end. */
export function endingActions(m: Mdp, q: Float64Array, tie = 1e-9): ReturnType<typeof waysOut> {
  const best = greedyValues(m, q);
  return waysOut(m, (pair) => q[pair]! >= best[Math.floor(pair / m.actions)]! - tie);
}

/**
 * Policy iteration with exact values, from a policy that has values, until no action is better (γ ≥ 0). At γ = 1
 * cycling for ever without reward is one of the choices, with value 0.
 * @throws UserError at γ = 1 if no values exist: some policy has a positive gain, or never ends and yet stays above
 * all policies that do.
 */
export function exactOptimum(
  m: Mdp,
  start: Int32Array,
  gamma: number,
  method: string,
): Solved & { improvements: number } {
  let actions = start;
  let v = exactPolicyValues(m, deterministicPolicy(m, actions), gamma);
  let improvements = 0;
  for (;;) {
    const better = improved(m, actions, v, gamma);
    if (better === undefined) break;
    const policy = deterministicPolicy(m, better);
    if (gamma === 1) refuseGain(m, policy, method, 10_000);
    // A remaining difference may be rounding: a policy that only seems better ends the search.
    if (gamma === 1 && roundsOf(m, policy).paid.length > 0) break;
    const fresh = exactPolicyValues(m, policy, gamma);
    const rounding = 1e-12 * scaleOf(m, v);
    if (!fresh.some((x, s) => x > v[s]! + rounding)) break;
    [actions, v] = [better, fresh];
    improvements++;
  }
  if (gamma === 1) refuseRounds(m, v, method);
  return { v, actions, improvements };
}

/** The policy with better actions where there are some; undefined if there are none. */
function improved(m: Mdp, actions: Int32Array, v: Float64Array, gamma: number): Int32Array | undefined {
  const q = actionValues(m, v, gamma);
  const rounding = 1e-11 * scaleOf(m, v);
  const best = greedyActions(m, q, 0);
  const out = actions.map((a, s) =>
    best[s]! >= 0 && q[s * m.actions + best[s]!]! > v[s]! + rounding ? best[s]! : a,
  );
  if (out.some((a, s) => a !== actions[s])) return out;
  if (gamma < 1) return undefined;
  const rest = restingActions(m, () => true);
  const rested = actions.map((a, s) => (rest[s]! >= 0 && v[s]! < -rounding ? rest[s]! : a));
  return rested.some((a, s) => a !== actions[s]) ? rested : undefined;
}

/**
 * Throws if the best actions can also cycle for ever among states whose values are all below 0: the total
 * is then v(s) − v(S_n), always above v(s), but never final.
 */
function refuseRounds(m: Mdp, v: Float64Array, method: string): void {
  const q = actionValues(m, v, 1);
  const rounding = 1e-12 * scaleOf(m, v);
  const stay = stayingActions(m, (pair) => {
    const s = Math.floor(pair / m.actions);
    return v[s]! < -rounding && q[pair]! >= v[s]! - rounding;
  });
  const states = Array.from(stay.keys()).filter((s) => stay[s]! >= 0);
  if (states.length === 0) return;
  throw new UserError(
    `${method}: at gamma = 1 ${stateList(m, states)} ${states.length > 1 ? "have" : "has"} no best value. Cycling ` +
      `there for ever keeps the return above that of every policy that ends (${Number(v[states[0]!]!.toPrecision(6))} ` +
      `from state ${m.stateName(states[0]!)}), but it never converges. Use gamma < 1.`,
  );
}

/** The scale of differences: the largest value or, if all values are smaller, the largest reward. */
export function scaleOf(m: Mdp, v: Float64Array): number {
  let scale = 0;
  for (const x of v) scale = Math.max(scale, Math.abs(x));
  for (const r of m.expectedReward) scale = Math.max(scale, Math.abs(r));
  return scale;
}

function open(m: Mdp): number[] {
  return Array.from({ length: m.states }, (_, s) => s).filter((s) => !isTerminal(m, s));
}
