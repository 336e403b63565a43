import type { EpisodeOptions, FunctionalEnv, Info, TransitionTable } from "../env.ts";
import type { Generator } from "../random.ts";
import type { Space } from "../spaces.ts";

/**
 * Dynamics on a row of numbers: the state of environment i of many stands at `at` = i · stateSize of one
 * array. The one formula serves the single environment and the vector, where a step allocates nothing.
 */
export interface ArrayDynamics {
  readonly stateSize: number;
  readonly observationSize: number;
  readonly nActions: number;
  initial(state: Float64Array, at: number, rng: Generator, options?: EpisodeOptions): void;
  /** Replaces the state by its successor. */
  step(state: Float64Array, at: number, action: number, rng: Generator): void;
  /** The reward of the step that led to this state. */
  reward(state: Float64Array, at: number): number;
  terminal(state: Float64Array, at: number): boolean;
  observe(state: Float64Array, at: number, out: Float32Array, outAt: number): void;
}

export interface ArrayEnv<O> extends FunctionalEnv<Float64Array, O, number> {
  readonly dynamics: ArrayDynamics;
}

interface ArraySpec<O> {
  readonly id: string;
  readonly dynamics: ArrayDynamics;
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<number>;
  readonly actionNames: readonly string[];
  readonly render: (state: Float64Array, action: string | undefined) => string;
  /** Where the observation is something else than a Float32Array. */
  readonly observation?: (state: Float64Array) => O;
  readonly info?: (state: Float64Array) => Info;
  readonly model?: () => TransitionTable;
  readonly indexOf?: (state: Float64Array) => number;
}

/** The functional environment of array dynamics: its state is a Float64Array that nobody changes. */
export function arrayEnv<O = Float32Array>(spec: ArraySpec<O>): ArrayEnv<O> {
  const { dynamics, actionNames, info, model, indexOf } = spec;
  const observe = (state: Float64Array): Float32Array => {
    const out = new Float32Array(dynamics.observationSize);
    dynamics.observe(state, 0, out, 0);
    return out;
  };
  return {
    id: spec.id,
    dynamics,
    observationSpace: spec.observationSpace,
    actionSpace: spec.actionSpace,
    actionNames,
    initial: (rng, options) => {
      const state = new Float64Array(dynamics.stateSize);
      dynamics.initial(state, 0, rng, options);
      return state;
    },
    transition: (state, action, rng) => {
      const next = state.slice();
      dynamics.step(next, 0, action, rng);
      return next;
    },
    observation: spec.observation ?? (observe as unknown as (state: Float64Array) => O),
    reward: (_state, _action, next) => dynamics.reward(next, 0),
    terminal: (state) => dynamics.terminal(state, 0),
    render: (state, action) => spec.render(state, action === undefined ? undefined : actionNames[action]),
    ...(info === undefined ? {} : { info }),
    ...(model === undefined ? {} : { model }),
    ...(indexOf === undefined ? {} : { indexOf }),
  };
}
