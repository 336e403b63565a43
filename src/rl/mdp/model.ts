import { UserError } from "../../errors.ts";
import type { Outcome, TransitionTable } from "../env.ts";
import type { Rng } from "../random.ts";
import { checkDistribution, SUM_TOLERANCE } from "./chain.ts";

type Reals = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/**
 * A finite Markov decision process, p(s′, r | s, a) (Sutton & Barto, eq. 3.2), in compressed sparse rows.
 * Pair i = s · actions + a; its outcomes are rowPtr[i] … rowPtr[i + 1] − 1. An action without outcomes is
 * not available, a state without any action is terminal. An outcome that ends the episode has
 * next = `states`, one state beyond the others: value vectors have states + 1 entries, the last always 0.
 */
export interface Mdp {
  readonly states: number;
  readonly actions: number;
  readonly rowPtr: Int32Array;
  /** The number of outcomes per pair if all pairs have the same, else 0. */
  readonly rowLength: number;
  readonly next: Int32Array;
  readonly probability: Reals;
  /** Of each outcome. */
  readonly reward: Reals;
  /** r(s, a) = Σ p · r of each pair (eq. 3.5). */
  readonly expectedReward: Reals;
  /** p(S₀ = s). */
  readonly initial: Float64Array;
  readonly stateName: (state: number) => string;
  readonly actionNames: readonly string[];
}

/** One outcome of a hand-written model; `next` may also be `states`, the end. */
export type OutcomeLike = Omit<Outcome, "terminated"> & { readonly terminated?: boolean };

export interface ModelLabels {
  /** The initial state or distribution. Default: uniform over the non-terminal states. */
  readonly initial?: number | ArrayLike<number>;
  readonly stateName?: (state: number) => string;
  readonly actionNames?: readonly string[];
}

export interface MdpDescription extends ModelLabels {
  readonly states: number;
  readonly actions: number;
  /** The possible outcomes; duplicates are kept, an empty list means that the action is not available. */
  outcomes(state: number, action: number): readonly OutcomeLike[];
}

/**
 * A model from a list of outcomes for each state and action.
 * @throws UserError naming the state and the action at fault.
 */
export function mdp(description: MdpDescription): Mdp {
  const { states, actions } = description;
  const rowPtr = new Int32Array(states * actions + 1);
  const next: number[] = [];
  const probability: number[] = [];
  const reward: number[] = [];
  for (let s = 0; s < states; s++) {
    for (let a = 0; a < actions; a++) {
      for (const o of description.outcomes(s, a)) {
        // An unknown state must reach the check in mdpFromArrays, even if the episode ends.
        next.push(o.terminated && o.next >= 0 && o.next < states ? states : o.next);
        probability.push(o.probability);
        reward.push(o.reward);
      }
      rowPtr[s * actions + a + 1] = next.length;
    }
  }
  return mdpFromArrays({ states, actions, rowPtr, next, probability, reward }, description);
}

/** The model of an environment. */
export function mdpFromTable(table: TransitionTable): Mdp {
  return mdp({
    states: table.nStates,
    actions: table.nActions,
    outcomes: (s, a) => table.transitions(s, a),
    initial: table.initial,
    ...(table.stateName ? { stateName: (s: number) => table.stateName!(s) } : {}),
    ...(table.actionNames ? { actionNames: table.actionNames } : {}),
  });
}

export interface MdpArrays {
  readonly states: number;
  readonly actions: number;
  readonly rowPtr: Int32Array;
  readonly next: ArrayLike<number>;
  readonly probability: ArrayLike<number>;
  readonly reward: ArrayLike<number>;
}

/** A model from its arrays. Float32Array probabilities are kept as such: half the memory, seven digits. */
export function mdpFromArrays(arrays: MdpArrays, labels: ModelLabels = {}): Mdp {
  const { states, actions, rowPtr } = arrays;
  const stateName = labels.stateName ?? String;
  const actionNames = labels.actionNames ?? Array.from({ length: actions }, (_, a) => String(a));
  if (actionNames.length !== actions) {
    throw new UserError(`${actions} actions, but ${actionNames.length} names`);
  }
  checkRows(arrays, (s, a) => `state ${stateName(s)}, action ${actionNames[a]}`);
  const Reals = arrays.probability instanceof Float32Array ? Float32Array : Float64Array;
  const probability = reals(Reals, arrays.probability);
  const reward = reals(Reals, arrays.reward);
  const expectedReward = new Reals(states * actions);
  for (let i = 0; i < expectedReward.length; i++) {
    let r = 0;
    for (let k = rowPtr[i]!; k < rowPtr[i + 1]!; k++) r += probability[k]! * reward[k]!;
    expectedReward[i] = r;
  }
  const next = arrays.next instanceof Int32Array ? arrays.next : Int32Array.from(arrays.next);
  const initial = initialDistribution(states, actions, rowPtr, labels.initial);
  const width = rowPtr[1]!;
  const rowLength = rowPtr.every((start, i) => start === i * width) ? width : 0;
  return {
    states,
    actions,
    rowPtr,
    rowLength,
    next,
    probability,
    reward,
    expectedReward,
    initial,
    stateName,
    actionNames,
  };
}

function reals(Reals: typeof Float32Array | typeof Float64Array, x: ArrayLike<number>): Reals {
  return x instanceof Reals ? (x as Reals) : Reals.from(x);
}

function checkRows(m: MdpArrays, where: (s: number, a: number) => string): void {
  const { states, actions, rowPtr, next, probability, reward } = m;
  for (const [what, n] of [
    ["states", states],
    ["actions", actions],
  ] as const) {
    if (!Number.isInteger(n) || n <= 0) throw new UserError(`a model needs one or more ${what}, not ${n}`);
  }
  // Probabilities of 32 bits carry an error of 6e-8 each.
  const tolerance = probability instanceof Float32Array ? 1e-6 : SUM_TOLERANCE;
  for (let s = 0, i = 0; s < states; s++) {
    for (let a = 0; a < actions; a++, i++) {
      const end = rowPtr[i + 1]!;
      let total = 0;
      for (let k = rowPtr[i]!; k < end; k++) {
        const p = probability[k]!;
        const to = next[k]!;
        if (!(p >= 0 && p <= 1 + tolerance)) throw new UserError(`${where(s, a)}: ${p} is not a probability`);
        if (!(Number.isInteger(to) && to >= 0 && to <= states)) {
          throw new UserError(
            `${where(s, a)} leads to the unknown state ${to}: states are 0 to ${states - 1}`,
          );
        }
        if (!Number.isFinite(reward[k]))
          throw new UserError(`${where(s, a)}: the reward ${reward[k]} is not finite`);
        total += p;
      }
      if (end > rowPtr[i]! && !(Math.abs(total - 1) <= tolerance)) {
        throw new UserError(`${where(s, a)}: the probabilities sum to ${total}, not to 1`);
      }
    }
  }
}

function initialDistribution(
  states: number,
  actions: number,
  rowPtr: Int32Array,
  initial: number | ArrayLike<number> | undefined,
): Float64Array {
  const p = new Float64Array(states);
  if (typeof initial === "number") {
    if (!(Number.isInteger(initial) && initial >= 0 && initial < states)) {
      throw new UserError(`the initial state ${initial} is unknown: states are 0 to ${states - 1}`);
    }
    p[initial] = 1;
  } else if (initial === undefined) {
    for (let s = 0; s < states; s++) p[s] = rowPtr[s * actions] === rowPtr[(s + 1) * actions] ? 0 : 1;
    const open = p.reduce((n, x) => n + x, 0);
    if (open === 0) throw new UserError("every state of this model is terminal: no action has an outcome");
    for (let s = 0; s < states; s++) p[s]! /= open;
  } else {
    if (initial.length !== states) {
      throw new UserError(`the initial distribution has ${initial.length} entries for ${states} states`);
    }
    p.set(initial);
    checkDistribution(p, "initial distribution");
  }
  return p;
}

/** Whether no action has an outcome in this state. */
export function isTerminal(m: Mdp, state: number): boolean {
  return m.rowPtr[state * m.actions] === m.rowPtr[(state + 1) * m.actions];
}

/** Whether `action` is available in `state`. */
export function isAvailable(m: Mdp, state: number, action: number): boolean {
  const i = state * m.actions + action;
  return m.rowPtr[i]! < m.rowPtr[i + 1]!;
}

/** The actions available in a state. */
export function availableActions(m: Mdp, state: number): number[] {
  const out: number[] = [];
  for (let a = 0; a < m.actions; a++) if (isAvailable(m, state, a)) out.push(a);
  return out;
}

/** "state 3, action right" in the model's own names. */
export function pairName(m: Mdp, state: number, action: number): string {
  return `state ${m.stateName(state)}, action ${m.actionNames[action]}`;
}

/** Bytes of the arrays that a sweep reads, and of all arrays. */
export function memoryOf(m: Mdp): { sweep: number; total: number } {
  const sweep =
    m.next.byteLength + m.probability.byteLength + m.rowPtr.byteLength + m.expectedReward.byteLength;
  return { sweep, total: sweep + m.reward.byteLength + m.initial.byteLength };
}

/**
 * The same process with the exploration moved into the environment (Sutton & Barto, section 5.4): with probability
 * ε a uniformly random available action is executed instead of the chosen one. Its optimal values are those of
 * the best ε-soft policy.
 */
export function epsilonSoft(m: Mdp, epsilon: number): Mdp {
  if (!(epsilon >= 0 && epsilon <= 1)) throw new UserError(`epsilon must lie in 0 … 1, not ${epsilon}`);
  return mdp({
    ...m,
    outcomes: (s, a) => {
      if (!isAvailable(m, s, a)) return [];
      const options = availableActions(m, s);
      return options.flatMap((b) => {
        const weight = epsilon / options.length + (b === a ? 1 - epsilon : 0);
        return weight === 0 ? [] : rowOf(m, s, b, weight);
      });
    },
  });
}

/** The outcomes of a pair as objects, their probabilities times `weight`. */
export function rowOf(m: Mdp, state: number, action: number, weight = 1): OutcomeLike[] {
  const i = state * m.actions + action;
  const out: OutcomeLike[] = [];
  for (let k = m.rowPtr[i]!; k < m.rowPtr[i + 1]!; k++) {
    out.push({ probability: weight * m.probability[k]!, next: m.next[k]!, reward: m.reward[k]! });
  }
  return out;
}

/**
 * A random sparse model: from every pair `successors` states drawn uniformly, with random probabilities, and
 * a reward U(0, 1) per pair. Episodes never end, so it needs γ < 1.
 */
export function randomMdp(
  options: { states: number; actions: number; successors: number; precision?: "float64" | "float32" },
  rng: Rng,
): Mdp {
  const { states, actions, successors, precision = "float64" } = options;
  const Reals = precision === "float32" ? Float32Array : Float64Array;
  const pairs = states * actions;
  const rowPtr = Int32Array.from({ length: pairs + 1 }, (_, i) => i * successors);
  const next = new Int32Array(pairs * successors);
  const probability = new Reals(pairs * successors);
  const reward = new Reals(pairs * successors);
  for (let i = 0, k = 0; i < pairs; i++, k += successors) {
    const r = rng.random();
    let total = 0;
    for (let j = k; j < k + successors; j++) {
      next[j] = Math.floor(rng.random() * states);
      total += probability[j] = rng.random() + 1e-3;
      reward[j] = r;
    }
    for (let j = k; j < k + successors; j++) probability[j]! /= total;
  }
  return mdpFromArrays({ states, actions, rowPtr, next, probability, reward });
}
