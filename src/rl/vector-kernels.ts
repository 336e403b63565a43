import type { EpisodeOptions, FunctionalEnv, Info } from "./env.ts";
import type { ArrayEnv } from "./envs/array.ts";
import type { TabularEnv } from "./envs/tabular.ts";
import type { Generator } from "./random.ts";
import { Box, Discrete } from "./spaces.ts";

/** Rows of observations: whole numbers of finite environments, or single-precision numbers. */
export type Rows = Int32Array | Float32Array;

/** Many environments of one kind, their states in arrays. Environment i lives in row i. */
export interface VectorKernel {
  /** Numbers in a row of observations. */
  readonly width: number;
  rows(n: number): Rows;
  initial(i: number, rng: Generator, options?: EpisodeOptions, fresh?: boolean): void;
  /** Moves environment i and returns the reward; NaN where the action is not available. */
  step(i: number, action: number, rng: Generator): number;
  terminal(i: number): boolean;
  observe(i: number, out: Rows): void;
  info(i: number): Info;
}

/** A table of outcomes in compressed rows: the outcomes of (s, a) stand from start[s · nA + a] on. */
function tabularKernel(env: TabularEnv, n: number): VectorKernel {
  const { table } = env;
  const { nStates, nActions } = table;
  const start = new Int32Array(nStates * nActions + 1);
  const lists = Array.from({ length: nStates * nActions }, (_, k) =>
    table.transitions(Math.floor(k / nActions), k % nActions),
  );
  for (const [k, list] of lists.entries()) start[k + 1] = start[k]! + list.length;
  const outcomes = lists.flat();
  const next = Int32Array.from(outcomes, (o) => o.next);
  const reward = Float64Array.from(outcomes, (o) => o.reward);
  const ends = Uint8Array.from(outcomes, (o) => (o.terminated ? 1 : 0));
  const cumulated = new Float64Array(outcomes.length);
  for (let k = 0; k < lists.length; k++) {
    let sum = 0;
    for (let j = start[k]!; j < start[k + 1]!; j++) cumulated[j] = sum += outcomes[j]!.probability;
  }
  const state = new Int32Array(n);
  /** The outcome that led here; −1 at the start of an episode. */
  const cause = new Int32Array(n).fill(-1);
  return {
    width: 1,
    rows: (count) => new Int32Array(count),
    initial: (i, rng) => {
      state[i] = env.initial(rng).next;
      cause[i] = -1;
    },
    step: (i, action, rng) => {
      const k = state[i]! * nActions + action;
      const from = start[k]!;
      const to = start[k + 1]!;
      if (from === to) return Number.NaN;
      const u = rng.random();
      let j = from;
      while (j < to && !(cumulated[j]! > u)) j++;
      if (j === to) j = from;
      cause[i] = j;
      state[i] = next[j]!;
      return reward[j]!;
    },
    terminal: (i) => cause[i]! >= 0 && ends[cause[i]!] === 1,
    observe: (i, out) => {
      out[i] = state[i]!;
    },
    info: (i) => {
      const at = cause[i]! < 0 ? undefined : outcomes[cause[i]!]!;
      return env.info!(at ?? { probability: 1, next: state[i]!, reward: 0, terminated: false });
    },
  };
}

function arrayKernel(env: ArrayEnv<unknown>, n: number): VectorKernel {
  const { dynamics } = env;
  const { stateSize, observationSize } = dynamics;
  const state = new Float64Array(n * stateSize);
  return {
    width: observationSize,
    rows: (count) => new Float32Array(count * observationSize),
    initial: (i, rng, options) => dynamics.initial(state, i * stateSize, rng, options),
    step: (i, action, rng) => {
      dynamics.step(state, i * stateSize, action, rng);
      return dynamics.reward(state, i * stateSize);
    },
    terminal: (i) => dynamics.terminal(state, i * stateSize),
    observe: (i, out) => dynamics.observe(state, i * stateSize, out as Float32Array, i * observationSize),
    info: (i) => env.info?.(state.slice(i * stateSize, (i + 1) * stateSize)) ?? {},
  };
}

/** Any functional environment; its steps make what its functions make. */
function functionalKernel<S>(env: FunctionalEnv<S, unknown, number>, n: number): VectorKernel {
  const states: (S | undefined)[] = Array.from({ length: n });
  const space = env.observationSpace as unknown;
  const discrete = space instanceof Discrete;
  const width = space instanceof Box ? space.low.length : 1;
  return {
    width,
    rows: (count) => (discrete ? new Int32Array(count) : new Float32Array(count * width)),
    initial: (i, rng, options, fresh) => {
      states[i] = env.initial(rng, options, fresh === true ? undefined : states[i]);
    },
    step: (i, action, rng) => {
      const state = states[i]!;
      if (env.unavailable?.(state, action) !== undefined) return Number.NaN;
      const next = env.transition(state, action, rng);
      states[i] = next;
      return env.reward(state, action, next);
    },
    terminal: (i) => env.terminal(states[i]!),
    observe: (i, out) => {
      const observation = env.observation(states[i]!);
      if (discrete) out[i] = observation as number;
      else out.set(observation as Float32Array, i * width);
    },
    info: (i) => env.info?.(states[i]!) ?? {},
  };
}

/** The fastest rows for an environment. */
// biome-ignore lint/suspicious/noExplicitAny: the states' type is the environment's own matter
export function vectorKernel(env: FunctionalEnv<any, any, any>, n: number): VectorKernel {
  if ("dynamics" in env) return arrayKernel(env as ArrayEnv<unknown>, n);
  // Where rewards are expectations the table is not what happens (car rental).
  if ("table" in env && (env as TabularEnv).table.rewardsAreExpected !== true)
    return tabularKernel(env as TabularEnv, n);
  return functionalKernel(env as FunctionalEnv<unknown, unknown, number>, n);
}
