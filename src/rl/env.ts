import { UserError } from "../errors.ts";
import { type BitGeneratorState, Generator, npRandom, type Seed } from "./random.ts";
import { textSvg } from "./render/text-svg.ts";
import type { Rows } from "./rows.ts";
import { show } from "./show.ts";
import type { Space } from "./spaces.ts";

/** Information besides the observation: `prob`, `action_mask`, … (Gymnasium's keys). */
export type Info = Readonly<Record<string, unknown>>;

/** Options of one episode, such as `{ low: -0.1, high: 0.1 }` of CartPole. */
export type EpisodeOptions = Readonly<Record<string, unknown>>;

/** One row of Gymnasium's `P[state][action]`: with this probability, to `next`, with this reward. */
export interface Outcome {
  readonly probability: number;
  readonly next: number;
  readonly reward: number;
  /** The episode ends in `next`, whose value is 0. */
  readonly terminated: boolean;
}

/** The exact model of a finite environment, from which the solvers' MDP is made. */
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
  /** The rewards are expectations given state and action, not the rewards of single steps. */
  readonly rewardsAreExpected?: boolean;
}

/** The layout of the states on a grid, for pictures of values and policies. */
export interface GridLayout {
  readonly rows: number;
  readonly columns: number;
  /** One letter per cell, row by row: S start, G goal, H hole, C cliff, # wall, anything else floor. */
  readonly cells: string;
  /** The cell (row · columns + column) of a state, or −1 where it has none. */
  cellOf(state: number): number;
  /** The step of each action on the grid, as [rows, columns]; [0, 0] where it does not move. */
  readonly moves: readonly (readonly [number, number])[];
  /** Whether there is a wall between neighbouring cells (Taxi). */
  readonly fences?: readonly (readonly [number, number])[];
  /** Short notes under the columns (the wind). */
  readonly columnNotes?: readonly string[];
}

/**
 * An environment as pure functions over a plain state S: results depend on the arguments alone. Everything
 * else (Gymnasium's API, vectors, exact models) is made from it. Actions passed to it must be valid.
 */
export interface FunctionalEnv<S, O, A> {
  /** As registered: "FrozenLake-v1". */
  readonly id: string;
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  readonly actionNames?: readonly string[];
  /** An initial state. `last` is the final state of the previous episode, used only by environments that change over time. */
  initial(rng: Generator, options?: EpisodeOptions, last?: S): S;
  transition(state: S, action: A, rng: Generator): S;
  observation(state: S): O;
  reward(state: S, action: A, next: S): number;
  terminal(state: S): boolean;
  info?(state: S): Info;
  /** What a player does who presses no key: the game goes on by the clock. Without it, the game waits for a key. */
  idle?(state: S): A;
  /** The reason why an action of the action space is not available in a state; undefined if it is. */
  unavailable?(state: S, action: A): string | undefined;
  /** The state as text, without ANSI codes. */
  render(state: S, lastAction?: A): string;
  /** The state as a picture: SVG text. Without it, the text is drawn. */
  renderSvg?(state: S, lastAction?: A): string;
  /** The exact model, where the states are finite. */
  model?(): TransitionTable;
  /** The model's index of a state. */
  indexOf?(state: S): number;
  readonly layout?: GridLayout;
  /** Steps many environments at once, their states in typed arrays. Without it, a vector calls these functions row by row. */
  readonly kernel?: (n: number) => VectorKernel;
}

/**
 * Many environments of one kind, environment i in row i: a struct of typed arrays; a step allocates nothing.
 * Its results must equal those of the functions, number for number.
 */
export interface VectorKernel {
  /** Starts an episode. A seed also resets what persists between episodes; kernels that draw only from `rng` can ignore it. */
  initial(i: number, rng: Generator, options: EpisodeOptions | undefined, seed: Seed | undefined): void;
  /**
   * Moves environment i by the action in its row and writes the reward to rewards[i] (a number that is returned may be
   * put on the heap). @throws UserError if not available
   */
  step(i: number, actions: Rows, rng: Generator, rewards: Float64Array): void;
  terminal(i: number): boolean;
  /** Environments with a time limit of their own: it has been reached. */
  truncated?(i: number): boolean;
  observe(i: number, out: Rows): void;
  /** Writes 1 for each action available to environment i, else 0, starting at `at`. */
  mask?(i: number, out: Uint8Array, at: number): void;
  info(i: number): Info;
  /** All states, as plain data and typed arrays. */
  snapshot(): unknown;
  restore(snapshot: unknown): void;
}

export interface ResetArguments {
  /** Reseeds the random numbers, as Gymnasium's seed does; without it they continue. */
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
  /** The episode reached a terminal state, whose value is 0. Both flags may be true. */
  readonly terminated: boolean;
  /** The time limit ended the episode: bootstrap from the observation. */
  readonly truncated: boolean;
  readonly info: Info;
}

/**
 * The least that an environment must have: a user's own object in Gymnasium's style. Such an object is accepted
 * wherever an environment is (make, wrappers, checker, vectors); `asEnv` completes it.
 */
export interface EnvLike<O = unknown, A = unknown> {
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  reset(how?: ResetArguments): ResetResult<O>;
  step(action: A): StepResult<O>;
  readonly id?: string;
  readonly actionNames?: readonly string[] | undefined;
  /** The current state as text. */
  render?(): string;
  /** The current state as a picture, SVG text. */
  renderSvg?(): string;
  close?(): void;
  /** Everything needed to continue from here, as plain data; `restore` takes it back. */
  snapshot?(): EnvSnapshot;
  restore?(snapshot: EnvSnapshot): void;
}

/** An environment in the middle of an episode, as plain data and typed arrays. */
export type EnvSnapshot = Readonly<Record<string, unknown>>;

/** Gymnasium's API. `String(env)` prints the stack of wrappers: `<TimeLimit<FrozenLake-v1>>`. */
export interface Env<O = unknown, A = unknown> extends EnvLike<O, A> {
  readonly id: string;
  /** The environment under all wrappers. */
  // biome-ignore lint/suspicious/noExplicitAny: the types under a wrapper are its own matter
  readonly unwrapped: BaseEnv<any, any>;
  /** @throws UserError before reset, after the end of an episode, for an action outside the space. */
  step(action: A): StepResult<O>;
  render(): string;
  renderSvg(): string;
  close(): void;
  snapshot(): EnvSnapshot;
  restore(snapshot: EnvSnapshot): void;
  toString(): string;
}

/** An environment without wrappers: of pure functions (a StatefulEnv), or a user's own object. */
export interface BaseEnv<O = unknown, A = unknown> extends Env<O, A> {
  // biome-ignore lint/suspicious/noExplicitAny: the types under a wrapper are its own matter
  readonly functional?: FunctionalEnv<any, any, any>;
}

const NOTHING: Info = Object.freeze({});

/** Gymnasium's stateful API around a functional environment. */
export class StatefulEnv<S, O, A> implements BaseEnv<O, A> {
  readonly functional: FunctionalEnv<S, O, A>;
  readonly id: string;
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  #rng: Generator | undefined;
  #now: S | undefined;
  #lastAction: A | undefined;
  #over = false;
  #closed = false;

  constructor(functional: FunctionalEnv<S, O, A>) {
    this.functional = functional;
    this.id = functional.id;
    this.observationSpace = functional.observationSpace;
    this.actionSpace = functional.actionSpace;
  }

  get unwrapped(): this {
    return this;
  }

  get actionNames(): readonly string[] | undefined {
    return this.functional.actionNames;
  }

  /** The random numbers of the environment (Gymnasium's `np_random`). */
  get npRandom(): Generator {
    return (this.#rng ??= npRandom());
  }

  /** The plain state. May be set, to start from any state. */
  get state(): S {
    if (this.#now === undefined)
      throw new UserError(`${this.id} has no state before reset(). Call reset() first.`);
    return this.#now;
  }

  set state(state: S) {
    this.#now = state;
    this.#lastAction = undefined;
    this.#over = false;
  }

  reset({ seed, options }: ResetArguments = {}): ResetResult<O> {
    if (this.#closed) throw new UserError(`${this.id} is closed. Make a new one.`);
    const last = seed === undefined ? this.#now : undefined;
    if (seed !== undefined) this.#rng = npRandom(seed);
    this.state = this.functional.initial(this.npRandom, options, last);
    return { observation: this.functional.observation(this.state), info: this.#info(this.state) };
  }

  #info(state: S): Info {
    return this.functional.info === undefined ? NOTHING : this.functional.info(state);
  }

  step(action: A): StepResult<O> {
    const f = this.functional;
    const state = this.#now;
    if (state === undefined) {
      throw new UserError(
        `${this.id}: step() before reset(). Call reset() first: it draws the initial state.`,
      );
    }
    if (this.#over) {
      throw new UserError(
        `${this.id}: step() after the episode has terminated. Call reset() to begin another.`,
      );
    }
    if (!this.actionSpace.contains(action)) throw this.#invalid(action);
    const why = f.unavailable?.(state, action);
    if (why !== undefined)
      throw new UserError(`${this.id}: action ${String(action)} is not available: ${why}`);
    const next = f.transition(state, action, this.npRandom);
    const terminated = f.terminal(next);
    this.#now = next;
    // An array belongs to the caller, who may overwrite it before the picture is drawn.
    this.#lastAction = ArrayBuffer.isView(action) ? structuredClone(action) : action;
    this.#over = terminated;
    return {
      observation: f.observation(next),
      reward: f.reward(state, action, next),
      terminated,
      truncated: false,
      info: this.#info(next),
    };
  }

  #invalid(action: unknown): UserError {
    const names = this.functional.actionNames;
    const meaning = names === undefined ? "" : ` (${names.map((name, a) => `${a} ${name}`).join(", ")})`;
    return new UserError(
      `${this.id}: ${show(action)} is not an action. Expected one of ${String(this.actionSpace)}${meaning}.`,
    );
  }

  render(): string {
    return this.functional.render(this.state, this.#lastAction);
  }

  renderSvg(): string {
    const { functional: f, state } = this;
    return f.renderSvg?.(state, this.#lastAction) ?? textSvg(f.render(state, this.#lastAction));
  }

  snapshot(): EnvSnapshot {
    const rng = this.#rng?.state();
    return { state: this.#now, lastAction: this.#lastAction, over: this.#over, rng };
  }

  restore({ state, lastAction, over, rng }: EnvSnapshot): void {
    this.#now = state as S | undefined;
    this.#lastAction = lastAction as A | undefined;
    this.#over = over === true;
    this.#rng = rng === undefined ? undefined : Generator.from(rng as BitGeneratorState);
  }

  close(): void {
    this.#closed = true;
    this.#now = undefined;
  }

  toString(): string {
    return `<${this.id}>`;
  }
}

/** The environment of pure functions under any stack of wrappers. @throws UserError if there is none */
// biome-ignore lint/suspicious/noExplicitAny: the types under a wrapper are its own matter
export function functionalBase(env: Env): StatefulEnv<any, any, any> {
  const { unwrapped } = env;
  if (unwrapped instanceof StatefulEnv) return unwrapped;
  throw new UserError(`${env.id} is not made of pure functions: it has only reset() and step().`);
}

/** The exact model under any stack of wrappers. @throws UserError if there is none */
export function modelOf(env: Env): TransitionTable {
  const { functional } = env.unwrapped;
  if (functional?.model === undefined) {
    const why = functional === undefined ? "it is not made of pure functions" : "its states are not finite";
    throw new UserError(
      `${env.id} has no exact model: ${why}. Tables of values and exact solvers need an environment with finite states ` +
        "and a model, such as CliffWalking-v1, FrozenLake-v1, Taxi-v4 or Blackjack-v1",
    );
  }
  return functional.model();
}
