import { isTerminal, type Mdp } from "../mdp/model.ts";
import { greedyActions } from "../mdp/policy.ts";
import { checkDiscount } from "../mdp/reward-process.ts";
import { actionValues, backup } from "../mdp/values.ts";
import { notConverged, type SweepOptions } from "./policy-evaluation.ts";

export interface Optimum {
  /** states + 1 optimal values, the last (the end) 0. */
  v: Float64Array;
  /** An optimal action of each state, −1 in terminal ones. */
  actions: Int32Array;
  sweeps: number;
  delta: number;
}

/**
 * Value iteration (Sutton & Barto, section 4.4, eq. 4.10):
 * v(s) ← max_a Σ p(s′, r | s, a) [r + γ v(s′)] for all s, until Δ < θ.
 */
export function valueIteration(m: Mdp, options: SweepOptions & { tie?: number }): Optimum {
  const { gamma, theta = 1e-10, inPlace = false, maxSweeps = 1_000_000, onSweep, tie } = options;
  checkDiscount(gamma);
  let v = new Float64Array(m.states + 1);
  let fresh = inPlace ? v : new Float64Array(m.states + 1);
  const q = new Float64Array(m.states * m.actions);
  for (let sweep = 1; sweep <= maxSweeps; sweep++) {
    const delta = inPlace ? sweepInPlace(m, v, gamma) : bellmanSweep(m, v, gamma, q, fresh);
    [v, fresh] = [fresh, v];
    onSweep?.(sweep, delta, v);
    if (delta < theta)
      return { v, actions: greedyActions(m, actionValues(m, v, gamma), tie), sweeps: sweep, delta };
  }
  throw notConverged("value iteration", maxSweeps, gamma);
}

function sweepInPlace(m: Mdp, v: Float64Array, gamma: number): number {
  let delta = 0;
  for (let s = 0, i = 0; s < m.states; s++) {
    let best = -Infinity;
    for (const end = i + m.actions; i < end; i++) {
      if (m.rowPtr[i] !== m.rowPtr[i + 1]) best = Math.max(best, backup(m, v, gamma, i));
    }
    if (best === -Infinity) best = 0;
    delta = Math.max(delta, Math.abs(best - v[s]!));
    v[s] = best;
  }
  return delta;
}

/**
 * The best return within `steps` steps, V_0 … V_steps (backward induction, which is value iteration stopped
 * on time): what an agent under a time limit can reach when it knows the clock.
 */
export function finiteHorizon(m: Mdp, steps: number, gamma = 1): Float64Array[] {
  checkDiscount(gamma);
  const q = new Float64Array(m.states * m.actions);
  const values = [new Float64Array(m.states + 1)];
  for (let t = 0; t < steps; t++) {
    const v = new Float64Array(m.states + 1);
    bellmanSweep(m, values[t]!, gamma, q, v);
    values.push(v);
  }
  return values;
}

type Reals = Float64Array | Float32Array;

/**
 * One synchronous sweep for models of any size: q ← r + γPv, then v′ ← max q. Returns Δ = max |v′ − v|.
 * Arrays of 32 bits for v, v′ and q halve the memory that is read at random, which is what a large sweep waits
 * for. v and v′ have states + 1 entries, q states × actions.
 */
export function bellmanSweep(m: Mdp, v: Reals, gamma: number, q: Reals, fresh: Reals): number {
  if (m.rowLength === 4) qOfRowsOf4(m.next, m.probability, m.expectedReward, v, gamma, q);
  else qOfRows(m.rowPtr, m.next, m.probability, m.expectedReward, v, gamma, q);
  return maxOfRows(m, q, v, fresh);
}

function qOfRows(
  rowPtr: Int32Array,
  next: Int32Array,
  p: Reals,
  r: Reals,
  v: Reals,
  gamma: number,
  q: Reals,
): void {
  for (let i = 0, k = 0; i < q.length; i++) {
    const end = rowPtr[i + 1]!;
    if (k === end) {
      q[i] = -Infinity;
      continue;
    }
    let sum = 0;
    // Four at a time: the reads of v do not wait for one another.
    for (; k + 3 < end; k += 4) {
      sum +=
        p[k]! * v[next[k]!]! +
        p[k + 1]! * v[next[k + 1]!]! +
        (p[k + 2]! * v[next[k + 2]!]! + p[k + 3]! * v[next[k + 3]!]!);
    }
    for (; k < end; k++) sum += p[k]! * v[next[k]!]!;
    q[i] = r[i]! + gamma * sum;
  }
}

/** The same without looking up where a row ends. */
function qOfRowsOf4(next: Int32Array, p: Reals, r: Reals, v: Reals, gamma: number, q: Reals): void {
  for (let i = 0, k = 0; i < q.length; i++, k += 4) {
    q[i] =
      r[i]! +
      gamma *
        (p[k]! * v[next[k]!]! +
          p[k + 1]! * v[next[k + 1]!]! +
          (p[k + 2]! * v[next[k + 2]!]! + p[k + 3]! * v[next[k + 3]!]!));
  }
}

function maxOfRows(m: Mdp, q: Reals, v: Reals, fresh: Reals): number {
  const { states, actions } = m;
  let delta = 0;
  for (let s = 0, i = 0; s < states; s++) {
    let best = -Infinity;
    for (const end = i + actions; i < end; i++) best = Math.max(best, q[i]!);
    if (best === -Infinity && isTerminal(m, s)) best = 0;
    delta = Math.max(delta, Math.abs(best - v[s]!));
    fresh[s] = best;
  }
  return delta;
}
