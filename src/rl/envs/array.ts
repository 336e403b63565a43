import type { EpisodeOptions, FunctionalEnv, Info, TransitionTable, VectorKernel } from "../env.ts";
import type { Generator } from "../random.ts";
import { type Rows, rowLayout } from "../rows.ts";
import { show } from "../show.ts";
import { Box, type Discrete, type Space } from "../spaces.ts";

/**
 * Dynamics on a row of numbers: the state of environment i of a vector begins at `at` = i · stateSize of one
 * array, its action at `actionAt` of another. The same formula serves single environments and vectors, whose
 * steps allocate nothing.
 */
export interface ArrayDynamics {
  readonly stateSize: number;
  /** Begins an episode. The state is where the episode before ended, or zeros where there was none or a seed is given. */
  initial(state: Float64Array, at: number, rng: Generator, options?: EpisodeOptions): void;
  /** Replaces the state by its successor. A Discrete action is one whole number. */
  step(state: Float64Array, at: number, actions: Rows, actionAt: number, rng: Generator): void;
  /** Writes the reward of the step that led to this state. */
  reward(state: Float64Array, at: number, out: Float64Array, outAt: number): void;
  terminal(state: Float64Array, at: number): boolean;
  observe(state: Float64Array, at: number, out: Rows, outAt: number): void;
  /** Writes 1 for each action that does something, else 0: `info.action_mask`. Left out: all always do. */
  mask?(state: Float64Array, at: number, out: Uint8Array | Int8Array, outAt: number): void;
}

export interface ArrayEnv<O, A = number> extends FunctionalEnv<Float64Array, O, A> {
  readonly dynamics: ArrayDynamics;
}

interface ArraySpec<O, A> {
  readonly id: string;
  readonly dynamics: ArrayDynamics;
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  readonly actionNames?: readonly string[];
  /** `action` is its name if actions have names, else its numbers. */
  readonly render: (state: Float64Array, action: string | undefined) => string;
  readonly renderSvg?: (state: Float64Array, action: string | undefined) => string;
  readonly info?: (state: Float64Array) => Info;
  readonly idle?: (state: Float64Array) => A;
  readonly model?: () => TransitionTable;
  readonly indexOf?: (state: Float64Array) => number;
}

/** The functional environment of array dynamics: its state is a Float64Array that is never modified. */
export function arrayEnv<O = Float32Array, A = number>(spec: ArraySpec<O, A>): ArrayEnv<O, A> {
  const { id, dynamics, observationSpace, actionSpace, actionNames } = spec;
  const { stateSize } = dynamics;
  const observations = rowLayout(observationSpace);
  const actions = rowLayout(actionSpace);
  const action = actions.make(1);
  const { renderSvg, idle, model, indexOf } = spec;
  const info = withMask(dynamics, actionSpace, spec.info);
  return {
    id,
    dynamics,
    observationSpace,
    actionSpace,
    ...(actionNames === undefined ? {} : { actionNames }),
    initial: (rng, options, last) => {
      const state = new Float64Array(stateSize);
      if (last !== undefined) state.set(last);
      dynamics.initial(state, 0, rng, options);
      return state;
    },
    transition: (state, a, rng) => {
      // A state made by the user may lack what a step leaves behind for its reward.
      const next = new Float64Array(stateSize);
      next.set(state);
      actions.write(a, action, 0);
      dynamics.step(next, 0, action, 0, rng);
      return next;
    },
    observation: (state) => {
      const out = observations.make(1);
      dynamics.observe(state, 0, out, 0);
      return observationSpace instanceof Box ? (out as O) : (observations.read(out, 0) as O);
    },
    reward: (_state, _action, next) => {
      const out = new Float64Array(1);
      dynamics.reward(next, 0, out, 0);
      return out[0]!;
    },
    terminal: (state) => dynamics.terminal(state, 0),
    render: (state, a) => spec.render(state, actionText(a, actionNames)),
    ...(renderSvg === undefined
      ? {}
      : { renderSvg: (state, a) => renderSvg(state, actionText(a, actionNames)) }),
    kernel: (n) => arrayKernel(dynamics, observations.width, actions.width, n, info),
    ...(info === undefined ? {} : { info }),
    ...(idle === undefined ? {} : { idle: (state: Float64Array) => idle(state) }),
    ...(model === undefined ? {} : { model }),
    ...(indexOf === undefined ? {} : { indexOf }),
  };
}

/** What the environment tells, with the mask of its dynamics. */
function withMask(
  dynamics: ArrayDynamics,
  actionSpace: Space<unknown>,
  info: ((state: Float64Array) => Info) | undefined,
): ((state: Float64Array) => Info) | undefined {
  if (dynamics.mask === undefined) return info;
  const { n } = actionSpace as Discrete;
  return (state) => {
    const action_mask = new Int8Array(n);
    dynamics.mask!(state, 0, action_mask, 0);
    return { ...info?.(state), action_mask };
  };
}

/** An action for pictures. */
function actionText(action: unknown, names: readonly string[] | undefined): string | undefined {
  if (action === undefined) return undefined;
  if (!ArrayBuffer.isView(action)) return names?.[action as number] ?? show(action);
  return Array.from(action as unknown as ArrayLike<number>, (x) => x.toFixed(2)).join(", ");
}

const NOTHING: Info = Object.freeze({});

function arrayKernel(
  dynamics: ArrayDynamics,
  width: number,
  actionWidth: number,
  n: number,
  info: ((state: Float64Array) => Info) | undefined,
): VectorKernel {
  const { stateSize } = dynamics;
  const state = new Float64Array(n * stateSize);
  return {
    initial: (i, rng, options, seed) => {
      if (seed !== undefined) state.fill(0, i * stateSize, (i + 1) * stateSize);
      dynamics.initial(state, i * stateSize, rng, options);
    },
    step: (i, actions, rng, rewards) => {
      dynamics.step(state, i * stateSize, actions, i * actionWidth, rng);
      dynamics.reward(state, i * stateSize, rewards, i);
    },
    terminal: (i) => dynamics.terminal(state, i * stateSize),
    observe: (i, out) => dynamics.observe(state, i * stateSize, out, i * width),
    ...(dynamics.mask === undefined
      ? {}
      : { mask: (i: number, out: Uint8Array, at: number) => dynamics.mask!(state, i * stateSize, out, at) }),
    info: (i) => info?.(state.slice(i * stateSize, (i + 1) * stateSize)) ?? NOTHING,
    snapshot: () => state.slice(),
    restore: (saved) => state.set(saved as Float64Array),
  };
}
