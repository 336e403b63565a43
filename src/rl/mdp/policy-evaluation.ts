import { UserError } from "../../errors.ts";
import type { Mdp } from "./model.ts";
import { checkPolicy, type Policy } from "./policy.ts";
import { checkDiscount } from "./reward-process.ts";
import { checkSummable } from "./undiscounted.ts";
import { backup } from "./values.ts";

export interface SweepOptions {
  gamma: number;
  /** Stop after a sweep in which every value changed by less than this. */
  theta?: number;
  /** Whether to use new values within the sweep (one array) or only after it (two arrays). */
  inPlace?: boolean;
  maxSweeps?: number;
  /** Called after each sweep with its largest change. */
  onSweep?: (sweep: number, delta: number, v: Float64Array) => void;
}

/** states + 1 values (the last, of the end, is 0) and the work done. */
export interface Evaluation {
  v: Float64Array;
  sweeps: number;
  delta: number;
}

/**
 * Iterative policy evaluation (Sutton & Barto, section 4.1):
 * v(s) ← Σ_a π(a | s) Σ p(s′, r | s, a) [r + γ v(s′)] for all s, until Δ < θ.
 */
export function policyEvaluation(
  m: Mdp,
  policy: Policy,
  options: SweepOptions & { v?: Float64Array },
): Evaluation {
  const { gamma, theta = 1e-10, inPlace = true, maxSweeps = 1_000_000, onSweep } = options;
  checkDiscount(gamma);
  checkPolicy(m, policy);
  let v = options.v ?? new Float64Array(m.states + 1);
  // Cycling for ever without reward has value 0, whatever the initial values.
  if (Math.abs(gamma) === 1) for (const s of checkSummable(m, policy)) v[s] = 0;
  let fresh = inPlace ? v : new Float64Array(m.states + 1);
  for (let sweep = 1; sweep <= maxSweeps; sweep++) {
    let delta = 0;
    for (let s = 0, i = 0; s < m.states; s++) {
      let value = 0;
      for (let a = 0; a < m.actions; a++, i++) {
        if (policy[i]! > 0) value += policy[i]! * backup(m, v, gamma, i);
      }
      delta = Math.max(delta, Math.abs(value - v[s]!));
      fresh[s] = value;
    }
    [v, fresh] = [fresh, v];
    onSweep?.(sweep, delta, v);
    if (delta < theta) return { v, sweeps: sweep, delta };
  }
  throw notConverged("policy evaluation", maxSweeps);
}

/** The error for values that do not converge in time. */
export function notConverged(method: string, sweeps: number): UserError {
  return new UserError(
    `${method}: the values still change after ${sweeps} sweeps. Allow more (maxSweeps), stop earlier (a larger theta), ` +
      `or discount more (a smaller gamma).`,
  );
}
