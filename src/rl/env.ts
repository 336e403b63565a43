import { UserError } from "../errors.ts";
import { type Generator, npRandom, type Seed } from "./random.ts";
import { show } from "./show.ts";
import type { Space } from "./spaces.ts";

/** What an environment tells besides the observation: `prob`, `action_mask`, … (Gymnasium's keys). */
export type Info = Readonly<Record<string, unknown>>;

/** Options of one episode, such as `{ low: -0.1, high: 0.1 }` of CartPole. */
export type EpisodeOptions = Readonly<Record<string, unknown>>;

/** One row of Gymnasium's `P[state][action]`: with this probability, to `next`, with this reward. */
export interface Outcome {
  readonly probability: number;
  readonly next: number;
  readonly reward: number;
  /** The episode ends in `next`: whatever follows it has the value 0. */
  readonly terminated: boolean;
}

/** The exact model of a finite environment, in the form from which the solvers' MDP is made. */
export interface TransitionTable {
  readonly nStates: number;
  readonly nActions: number;
  /** p(S₀ = s), nStates numbers. */
  readonly initial: Float64Array;
  /** The outcomes of `action` in `state`, duplicates kept. Empty: the action is not available there. */
  transitions(state: number, action: number): readonly Outcome[];
  /** What a state is called in messages and plots. */
  stateName?(state: number): string;
  readonly actionNames?: readonly string[];
  /** The rewards stand for their expectation given state and action, and are not what a step pays. */
  readonly rewardsAreExpected?: boolean;
}

/** How the states lie on a grid, for pictures of values and policies. */
export interface GridLayout {
  readonly rows: number;
  readonly columns: number;
  /** One letter a cell, row by row: S start, G goal, H hole, C cliff, # wall, anything else floor. */
  readonly cells: string;
  /** The cell (row · columns + column) of a state, or −1 where it has none. */
  cellOf(state: number): number;
  /** The step of each action on the grid, as [rows, columns]; [0, 0] where it does not move. */
  readonly moves: readonly (readonly [number, number])[];
  /** A line between neighbouring cells that cannot be crossed (Taxi). */
  readonly fences?: readonly (readonly [number, number])[];
  /** Short notes under the columns (the wind). */
  readonly columnNotes?: readonly string[];
}

/**
 * An environment as pure functions over a plain state S: all that happens is in the arguments. Everything
 * else (Gymnasium's API, vectors, exact models) is made from it. Actions given to it must be valid.
 */
export interface FunctionalEnv<S, O, A> {
  /** As registered: "FrozenLake-v1". */
  readonly id: string;
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  readonly actionNames?: readonly string[];
  /** A first state. `last` is where the episode before ended; only worlds that age look at it. */
  initial(rng: Generator, options?: EpisodeOptions, last?: S): S;
  transition(state: S, action: A, rng: Generator): S;
  observation(state: S): O;
  reward(state: S, action: A, next: S): number;
  terminal(state: S): boolean;
  info?(state: S): Info;
  /** Says why an action of the action space is not available in a state, if so. */
  unavailable?(state: S, action: A): string | undefined;
  /** The state as text, without ANSI codes. */
  render(state: S, lastAction?: A): string;
  /** The exact model, where the states are finite. */
  model?(): TransitionTable;
  /** The model's index of a state. */
  indexOf?(state: S): number;
  readonly layout?: GridLayout;
}

export interface ResetArguments {
  /** Starts the random numbers anew, as Gymnasium's seed does; without it they continue. */
  readonly seed?: Seed;
  readonly options?: EpisodeOptions;
}

export interface ResetResult<O> {
  readonly observation: O;
  readonly info: Info;
}

export interface StepResult<O> {
  readonly observation: O;
  readonly reward: number;
  /** The task ended: there is no value after this. Both flags may be true. */
  readonly terminated: boolean;
  /** The clock ended the episode: bootstrap from the observation. */
  readonly truncated: boolean;
  readonly info: Info;
}

/** Gymnasium's API. `String(env)` prints the stack of wrappers: `<TimeLimit<FrozenLake-v1>>`. */
export interface Env<O = unknown, A = unknown> {
  readonly id: string;
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  /** The environment under all wrappers. */
  // biome-ignore lint/suspicious/noExplicitAny: the types under a wrapper are its own matter
  readonly unwrapped: StatefulEnv<any, any, any>;
  reset(how?: ResetArguments): ResetResult<O>;
  /** @throws UserError before reset, after the end of an episode, for an action outside the space. */
  step(action: A): StepResult<O>;
  /** The present state as text. */
  render(): string;
  close(): void;
  toString(): string;
}

const NOTHING: Info = Object.freeze({});

/** Gymnasium's stateful API around a functional environment. */
export class StatefulEnv<S, O, A> implements Env<O, A> {
  readonly functional: FunctionalEnv<S, O, A>;
  readonly id: string;
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  private rng: Generator | undefined;
  private now: S | undefined;
  private lastAction: A | undefined;
  private over = false;
  private closed = false;

  constructor(functional: FunctionalEnv<S, O, A>) {
    this.functional = functional;
    this.id = functional.id;
    this.observationSpace = functional.observationSpace;
    this.actionSpace = functional.actionSpace;
  }

  get unwrapped(): this {
    return this;
  }

  /** The random numbers of the environment (Gymnasium's `np_random`). */
  get npRandom(): Generator {
    return (this.rng ??= npRandom());
  }

  /** The plain state. May be set, to begin from a state of one's own. */
  get state(): S {
    if (this.now === undefined)
      throw new UserError(`${this.id} has no state before reset(). Call reset() first.`);
    return this.now;
  }

  set state(state: S) {
    this.now = state;
    this.lastAction = undefined;
    this.over = false;
  }

  reset({ seed, options }: ResetArguments = {}): ResetResult<O> {
    if (this.closed) throw new UserError(`${this.id} is closed. Make a new one.`);
    const last = seed === undefined ? this.now : undefined;
    if (seed !== undefined) this.rng = npRandom(seed);
    this.state = this.functional.initial(this.npRandom, options, last);
    return { observation: this.functional.observation(this.state), info: this.info(this.state) };
  }

  private info(state: S): Info {
    return this.functional.info === undefined ? NOTHING : this.functional.info(state);
  }

  step(action: A): StepResult<O> {
    const f = this.functional;
    const state = this.now;
    if (state === undefined) {
      throw new UserError(
        `${this.id}: step() before reset(). Call reset() first: it draws the initial state.`,
      );
    }
    if (this.over) {
      throw new UserError(
        `${this.id}: step() after the episode has terminated. Call reset() to begin another.`,
      );
    }
    if (!this.actionSpace.contains(action)) throw this.invalid(action);
    const why = f.unavailable?.(state, action);
    if (why !== undefined)
      throw new UserError(`${this.id}: action ${String(action)} is not available: ${why}`);
    const next = f.transition(state, action, this.npRandom);
    const terminated = f.terminal(next);
    this.now = next;
    this.lastAction = action;
    this.over = terminated;
    return {
      observation: f.observation(next),
      reward: f.reward(state, action, next),
      terminated,
      truncated: false,
      info: this.info(next),
    };
  }

  private invalid(action: unknown): UserError {
    const names = this.functional.actionNames;
    const meaning = names === undefined ? "" : ` (${names.map((name, a) => `${a} ${name}`).join(", ")})`;
    return new UserError(
      `${this.id}: ${show(action)} is not an action. Expected one of ${String(this.actionSpace)}${meaning}.`,
    );
  }

  render(): string {
    return this.functional.render(this.state, this.lastAction);
  }

  close(): void {
    this.closed = true;
    this.now = undefined;
  }

  toString(): string {
    return `<${this.id}>`;
  }
}

/** The exact model under any stack of wrappers, or a sentence. */
export function modelOf(env: Env): TransitionTable {
  const { functional } = env.unwrapped;
  if (functional.model === undefined) {
    throw new UserError(
      `${env.id} has no exact model: its states are not finite. Use a method that learns from samples.`,
    );
  }
  return functional.model();
}
