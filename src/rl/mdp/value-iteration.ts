import { plainSweep, sweepInPlace } from "./bellman-sweep.ts";
import { watchSweeps } from "./divergence.ts";
import type { Mdp } from "./model.ts";
import { policyOf, type Solved, summableActions } from "./optimum.ts";
import { orderedSweep } from "./ordered-sweep.ts";
import { notConverged, type SweepOptions } from "./policy-evaluation.ts";
import { checkDiscount } from "./reward-process.ts";

export interface Optimum extends Solved {
  sweeps: number;
  /** The largest change of the last sweep. */
  delta: number;
}

/** Number of states above which v no longer fits the caches and sorting the outcomes once pays off. */
const MANY = 200_000;

/**
 * Value iteration (Sutton & Barto, section 4.4, eq. 4.10):
 * v(s) ← max_a Σ p(s′, r | s, a) [r + γ v(s′)] for all s, until Δ < θ.
 * Above γ = 0.999 the greedy policy of these values is evaluated exactly, and improved if possible: it attains the
 * returned values. At γ = 1 they are the best of all policies whose rewards have a finite sum.
 * @throws UserError at γ = 1 if no such values exist, as soon as a policy with positive gain is found.
 */
export function valueIteration(m: Mdp, options: SweepOptions & { tie?: number }): Optimum {
  const { gamma, theta = 1e-10, inPlace = false, maxSweeps = 1_000_000, onSweep, tie } = options;
  checkDiscount(gamma);
  if (gamma === 1) summableActions(m, METHOD);
  const repeats = Math.abs(gamma) === 1 ? watchSweeps(m, gamma, METHOD, !inPlace) : () => false;
  let v = new Float64Array(m.states + 1);
  let fresh = inPlace ? v : new Float64Array(m.states + 1);
  const sweepOnce = inPlace
    ? () => sweepInPlace(m, v, gamma)
    : m.states >= MANY
      ? orderedSweep(m)
      : plainSweep(m, fresh);
  for (let sweep = 1; sweep <= maxSweeps; sweep++) {
    const delta = sweepOnce(v, gamma, fresh);
    [v, fresh] = [fresh, v];
    onSweep?.(sweep, delta, v);
    if (delta < theta || repeats(sweep, v))
      return { ...policyOf(m, v, gamma, METHOD, tie), sweeps: sweep, delta };
  }
  throw notConverged(METHOD, maxSweeps);
}

const METHOD = "value iteration";

/**
 * The best return within `steps` steps, V_0 … V_steps (backward induction, which is value iteration with
 * `steps` sweeps): attained under a time limit by an agent that knows the time.
 */
export function finiteHorizon(m: Mdp, steps: number, gamma = 1): Float64Array[] {
  checkDiscount(gamma);
  const values = [new Float64Array(m.states + 1)];
  const sweep = plainSweep(m, values[0]!);
  for (let t = 0; t < steps; t++) {
    const v = new Float64Array(m.states + 1);
    sweep(values[t]!, gamma, v);
    values.push(v);
  }
  return values;
}
