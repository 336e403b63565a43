/**
 * Existence of values without discounting (Puterman 1994, chapter 7). A policy has a value in every state if and
 * only if all its recurrent classes, other than the end, have reward 0; their states have the value 0.
 */
import { type Chosen, closedClasses, pairsInto } from "./graph.ts";
import { isTerminal, type Mdp } from "./model.ts";
import { neverEnds, type Policy } from "./policy.ts";

/** Whether the pair's reward is 0, up to rounding of the model's rewards. */
export function payless(m: Mdp): Chosen {
  let scale = 0;
  for (const r of m.reward) scale = Math.max(scale, Math.abs(r));
  const rounding = (m.reward instanceof Float32Array ? 1e-6 : 1e-12) * scale;
  return (pair) => Math.abs(m.expectedReward[pair]!) <= rounding;
}

/** Up to four states by name. */
export function stateList(m: Mdp, states: readonly number[]): string {
  const names = states.slice(0, 4).map((s) => m.stateName(s));
  const more = states.length - names.length;
  return `${states.length === 1 ? "state" : "states"} ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The recurrent classes of a policy, by whether they have rewards. */
export interface Rounds {
  /** Classes without reward: their states have the value 0. */
  readonly resting: readonly number[][];
  /** Classes with rewards: they and the states that lead to them have no undiscounted value. */
  readonly paid: readonly number[][];
}

export function roundsOf(m: Mdp, policy: Policy): Rounds {
  const free = payless(m);
  const taken = (pair: number): boolean => policy[pair]! > 0;
  const classes = closedClasses(m, taken);
  const rests = classes.map((members) => pairsOf(m, members).every((i) => !taken(i) || free(i)));
  return { resting: classes.filter((_, c) => rests[c]), paid: classes.filter((_, c) => !rests[c]) };
}

/** The pairs of some states. */
export function pairsOf(m: Mdp, states: readonly number[]): number[] {
  return states.flatMap((s) => Array.from({ length: m.actions }, (_, a) => s * m.actions + a));
}

/**
 * The states in which the policy cycles for ever without reward: their undiscounted values are 0.
 * @throws UserError naming a state from which it cycles for ever with rewards: it has no value at |γ| = 1.
 */
export function checkSummable(m: Mdp, policy: Policy): number[] {
  const { resting, paid } = roundsOf(m, policy);
  if (paid.length > 0) throw neverEnds(m, pairsOf(m, paid[0]!).find((i) => policy[i]! > 0)!);
  return resting.flat();
}

/** A policy made of chosen pairs, one action per state (−1 in terminal states), and the states without one. */
export interface WayOut {
  readonly actions: Int32Array;
  readonly stuck: readonly number[];
}

/**
 * Paths to the end by chosen pairs only: each state's first action that leads a step nearer to it. Where the end is
 * out of reach, paths to states where the chosen pairs can cycle for ever without reward. Any other state is
 * stuck: cycling there has rewards, so it has no undiscounted value.
 */
export function waysOut(m: Mdp, chosen: Chosen): WayOut {
  const into = pairsInto(m, chosen);
  const actions = new Int32Array(m.states).fill(-1);
  const distance = new Int32Array(m.states + 1).fill(-1);
  let queue = [m.states];
  distance[m.states] = 0;
  const approach = (): void => {
    const reached: number[] = [];
    for (let head = 0; head < queue.length; head++) {
      const t = queue[head]!;
      for (let k = into.ptr[t]!; k < into.ptr[t + 1]!; k++) {
        const s = Math.floor(into.to[k]! / m.actions);
        if (distance[s]! >= 0) continue;
        distance[s] = distance[t]! + 1;
        queue.push(s);
        reached.push(s);
      }
    }
    for (const s of reached) actions[s] = firstTowards(m, s, chosen, distance);
  };
  approach();
  const rest = restingActions(m, (pair) => chosen(pair) && distance[Math.floor(pair / m.actions)] === -1);
  queue = [];
  for (let s = 0; s < m.states; s++) {
    if (rest[s] === -1) continue;
    distance[s] = 0;
    actions[s] = rest[s]!;
    queue.push(s);
  }
  approach();
  const stuck: number[] = [];
  for (let s = 0; s < m.states; s++) if (distance[s] === -1 && !isTerminal(m, s)) stuck.push(s);
  return { actions, stuck };
}

function firstTowards(m: Mdp, s: number, chosen: Chosen, distance: Int32Array): number {
  for (let a = 0; a < m.actions; a++) {
    const i = s * m.actions + a;
    if (m.rowPtr[i] === m.rowPtr[i + 1] || !chosen(i)) continue;
    for (let k = m.rowPtr[i]!; k < m.rowPtr[i + 1]!; k++) {
      const t = m.next[k]!;
      const d = t === m.states || isTerminal(m, t) ? 0 : distance[t]!;
      if (m.probability[k]! > 0 && d === distance[s]! - 1) return a;
    }
  }
  return -1;
}

/**
 * For each state of the largest set within which chosen pairs without reward can cycle for ever: such an action;
 * −1 in the others.
 */
export function restingActions(m: Mdp, chosen: Chosen): Int32Array {
  const free = payless(m);
  return stayingActions(m, (pair) => chosen(pair) && free(pair));
}

/** The same, whatever the rewards. */
export function stayingActions(m: Mdp, chosen: Chosen): Int32Array {
  const into = pairsInto(m, chosen);
  const usable = new Uint8Array(m.states * m.actions);
  const left = new Int32Array(m.states);
  for (let i = 0; i < usable.length; i++) {
    if (m.rowPtr[i] === m.rowPtr[i + 1] || !chosen(i)) continue;
    usable[i] = 1;
    left[Math.floor(i / m.actions)]!++;
  }
  // The end first, then every state without an action that stays.
  const gone = [m.states];
  for (let s = 0; s < m.states; s++) if (left[s] === 0) gone.push(s);
  for (let head = 0; head < gone.length; head++) {
    const t = gone[head]!;
    for (let k = into.ptr[t]!; k < into.ptr[t + 1]!; k++) {
      const i = into.to[k]!;
      if (usable[i] === 0) continue;
      usable[i] = 0;
      const s = Math.floor(i / m.actions);
      if (--left[s]! === 0) gone.push(s);
    }
  }
  return Int32Array.from({ length: m.states }, (_, s) =>
    left[s] === 0 ? -1 : usable.subarray(s * m.actions, (s + 1) * m.actions).indexOf(1),
  );
}
