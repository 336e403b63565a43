import { UserError } from "../../errors.ts";
import { type Env, functionalBase, modelOf } from "../env.ts";
import { isAvailable, isTerminal, type Mdp, mdpFromTable } from "../mdp/model.ts";
import type { Rng, Seed } from "../random.ts";

/**
 * A task for tabular methods: an environment whose states and actions are numbers. Steps allocate nothing: the
 * outcome of the last one is in its fields. A terminated episode is in state `states`, one beyond the others,
 * whose values are 0; so no update has to ask whether the episode is over.
 *
 * Your own task spreads the actions of its states from `allActions` or `optionsOf`:
 *
 *     const coin: TabularTask = {
 *       states: 1, actions: 2, ...allActions(1, 2), reward: 0, terminated: false, truncated: false,
 *       reset: () => 0,
 *       step(action) { this.reward = action; this.terminated = true; return this.states; },
 *     };
 */
export interface TabularTask {
  readonly states: number;
  readonly actions: number;
  /**
   * The actions of state s are options[optionPtr[s]] … options[optionPtr[s + 1] − 1], ascending. The terminal state,
   * `states`, has an empty row, so optionPtr has states + 2 entries.
   */
  readonly optionPtr: Int32Array;
  readonly options: Int32Array;
  /** R of the last step. */
  reward: number;
  /** The episode reached a terminal state, whose value is 0. */
  terminated: boolean;
  /** The time limit ended the episode: bootstrap from the last state. */
  truncated: boolean;
  /** Begins an episode, clears `terminated` and `truncated`, and returns S₀. */
  reset(): number;
  /** Takes an action and returns the next state: `states` where the task has terminated. */
  step(action: number): number;
}

/**
 * Checks that the fields of a task fit together; methods call it before they learn.
 * @throws UserError naming the state at fault.
 */
export function checkTask({ states, actions, optionPtr, options }: TabularTask): void {
  for (const [what, n] of [
    ["states", states],
    ["actions", actions],
  ] as const) {
    if (!(Number.isInteger(n) && n >= 1)) throw new UserError(`a task needs one or more ${what}, not ${n}`);
  }
  const advice = "optionsOf(states, actions, available) makes both arrays";
  if (optionPtr.length !== states + 2) {
    throw new UserError(
      `optionPtr has ${optionPtr.length} entries, but ${states} states need ${states + 2}: where each row of actions ` +
        `begins, then where the terminal state's empty row begins and ends. ${advice}.`,
    );
  }
  if (
    optionPtr[0] !== 0 ||
    optionPtr[states] !== options.length ||
    optionPtr[states + 1] !== options.length
  ) {
    throw new UserError(
      `optionPtr must begin with 0 and end twice with the number of options, ${options.length}, because the terminal state has none; ` +
        `not ${optionPtr[0]} and ${optionPtr[states]}, ${optionPtr[states + 1]}. ${advice}.`,
    );
  }
  const falls = optionPtr.findIndex((start, s) => start > optionPtr[s + 1]!);
  if (falls >= 0) {
    throw new UserError(
      `optionPtr falls from ${optionPtr[falls]} to ${optionPtr[falls + 1]} at state ${falls}. ${advice}.`,
    );
  }
  for (let s = 0; s < states; s++) {
    for (let k = optionPtr[s]!; k < optionPtr[s + 1]!; k++) {
      const a = options[k]!;
      if (!(a >= 0 && a < actions)) {
        throw new UserError(`state ${s}: the option ${a} is not an action: actions are 0 to ${actions - 1}`);
      }
      if (k > optionPtr[s]! && a <= options[k - 1]!) {
        throw new UserError(`state ${s}: its options must ascend, and ${a} follows ${options[k - 1]}`);
      }
    }
  }
}

type Options = Pick<TabularTask, "optionPtr" | "options">;

/** The same actions 0 … actions − 1 in every state. */
export function allActions(states: number, actions: number): Options {
  return optionsOf(states, actions, () => true);
}

/** The actions for which `available` holds. */
export function optionsOf(
  states: number,
  actions: number,
  available: (state: number, action: number) => boolean,
): Options {
  const optionPtr = new Int32Array(states + 2);
  const options: number[] = [];
  for (let s = 0; s < states; s++) {
    for (let a = 0; a < actions; a++) if (available(s, a)) options.push(a);
    optionPtr[s + 1] = options.length;
  }
  optionPtr[states + 1] = options.length;
  return { optionPtr, options: Int32Array.from(options) };
}

/** Samples from a model, as fast as its arrays can be read. */
export class ModelTask implements TabularTask {
  readonly states: number;
  readonly actions: number;
  readonly optionPtr: Int32Array;
  readonly options: Int32Array;
  reward = 0;
  terminated = false;
  truncated = false;
  #state = -1;
  #clock = 0;
  readonly #maxSteps: number;
  readonly #rng: Rng;
  readonly #rowPtr: Int32Array;
  readonly #next: Int32Array;
  readonly #rewards: Float64Array;
  /** Cumulative probabilities within each row; the last of a row is exactly 1. */
  readonly #cumulative: Float64Array;
  readonly #starts: Int32Array;
  readonly #startsCumulative: Float64Array;

  constructor(m: Mdp, rng: Rng, { maxSteps = Infinity }: { maxSteps?: number | undefined } = {}) {
    this.states = m.states;
    this.actions = m.actions;
    this.#rng = rng;
    this.#maxSteps = maxSteps;
    const { optionPtr, options } = optionsOf(m.states, m.actions, (s, a) => isAvailable(m, s, a));
    this.optionPtr = optionPtr;
    this.options = options;
    this.#rowPtr = m.rowPtr;
    this.#next = m.next.map((s) => (s === m.states || isTerminal(m, s) ? m.states : s));
    this.#rewards = Float64Array.from(m.reward);
    this.#cumulative = new Float64Array(m.next.length);
    for (let i = 0; i < m.states * m.actions; i++) {
      let sum = 0;
      const end = m.rowPtr[i + 1]!;
      for (let k = m.rowPtr[i]!; k < end; k++) this.#cumulative[k] = sum += m.probability[k]!;
      if (end > m.rowPtr[i]!) this.#cumulative[end - 1] = 1;
    }
    this.#starts = Int32Array.from(m.initial.keys()).filter((s) => m.initial[s]! > 0);
    let sum = 0;
    this.#startsCumulative = Float64Array.from(this.#starts, (s) => (sum += m.initial[s]!));
    this.#startsCumulative[this.#starts.length - 1] = 1;
    for (const s of this.#starts) {
      if (isTerminal(m, s))
        throw new UserError(`an episode cannot start in the terminal state ${m.stateName(s)}`);
    }
  }

  reset(): number {
    let i = 0;
    if (this.#starts.length > 1) {
      const u = this.#rng.random();
      while (u >= this.#startsCumulative[i]!) i++;
    }
    return this.resetTo(this.#starts[i]!);
  }

  /** Begins an episode in a given state (exploring starts). */
  resetTo(state: number): number {
    this.terminated = false;
    this.truncated = false;
    this.#clock = 0;
    this.#state = state;
    return state;
  }

  step(action: number): number {
    const i = this.#state * this.actions + action;
    let k = this.#rowPtr[i]!;
    const last = this.#rowPtr[i + 1]! - 1;
    if (k < last) {
      const u = this.#rng.random();
      if (last - k > 16) k = bisect(this.#cumulative, k, last, u);
      else while (u >= this.#cumulative[k]!) k++;
    }
    const next = this.#next[k]!;
    this.reward = this.#rewards[k]!;
    this.#state = next;
    this.terminated = next === this.states;
    this.truncated = ++this.#clock >= this.#maxSteps;
    return next;
  }
}

/** The first k in low … high with u < cumulative[k]; there is one. */
function bisect(cumulative: Float64Array, low: number, high: number, u: number): number {
  let [a, b] = [low, high];
  while (a < b) {
    const middle = (a + b) >>> 1;
    if (u < cumulative[middle]!) b = middle;
    else a = middle + 1;
  }
  return a;
}

/**
 * An environment with Gymnasium's API as a task, with its own dynamics, wrappers and random numbers. It needs the
 * environment's numbering of states (`indexOf`), so it works wherever there is an exact model.
 */
export class EnvTask implements TabularTask {
  readonly states: number;
  readonly actions: number;
  readonly optionPtr: Int32Array;
  readonly options: Int32Array;
  reward = 0;
  terminated = false;
  truncated = false;
  readonly #env: Env<unknown, number>;
  #seed: Seed | undefined;

  constructor(env: Env<unknown, number>, seed?: Seed) {
    const m = mdpFromTable(modelOf(env as Env));
    if (functionalBase(env as Env).functional.indexOf === undefined) {
      throw new UserError(`${env.id} does not number its states, so a table cannot hold their values`);
    }
    this.#env = env;
    this.#seed = seed;
    this.states = m.states;
    this.actions = m.actions;
    const { optionPtr, options } = optionsOf(m.states, m.actions, (s, a) => isAvailable(m, s, a));
    this.optionPtr = optionPtr;
    this.options = options;
  }

  #index(): number {
    const { functional, state } = functionalBase(this.#env as Env);
    return functional.indexOf!(state) as number;
  }

  reset(): number {
    this.#env.reset(this.#seed === undefined ? {} : { seed: this.#seed });
    this.#seed = undefined;
    this.terminated = false;
    this.truncated = false;
    return this.#index();
  }

  step(action: number): number {
    const { reward, terminated, truncated } = this.#env.step(action);
    this.reward = reward;
    this.terminated = terminated;
    this.truncated = truncated;
    return terminated ? this.states : this.#index();
  }
}
