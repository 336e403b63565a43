/** The environments of the page: how they are played, and the plane of two of their numbers in which an agent is drawn. */
import { acrobot } from "galatea/rl/envs/acrobot.ts";
import type { ArrayEnv } from "galatea/rl/envs/array.ts";
import { cartPole } from "galatea/rl/envs/cart-pole.ts";
import { mountainCar } from "galatea/rl/envs/mountain-car.ts";
import { pendulum } from "galatea/rl/envs/pendulum.ts";
import type { EnvName } from "./algorithms.ts";

/** An action as one number: which of several, or how much. */
export type Action = number;

interface Axis {
  readonly low: number;
  readonly high: number;
}

export interface Place {
  // biome-ignore lint/suspicious/noExplicitAny: actions are whole numbers here and arrays there
  readonly source: ArrayEnv<Float32Array, any>;
  /** Steps after which an episode is cut. */
  readonly limit: number;
  /** Steps a second that suit it. */
  readonly pace: number;
  /** Actions to choose among; none where an action is a number in [−most, most]. */
  readonly actions: number;
  readonly most: number;
  /** Two numbers of the state, the others at rest; `of` is the way back. */
  readonly plane: {
    readonly x: Axis;
    readonly y: Axis;
    readonly state: (x: number, y: number) => Float64Array;
    readonly of: (state: Float64Array) => readonly [x: number, y: number];
  };
}

/** An angle within a half circle to both sides. */
const near = (angle: number): number => Math.atan2(Math.sin(angle), Math.cos(angle));

export const PLACES: Readonly<Record<EnvName, Place>> = {
  "CartPole-v1": {
    source: cartPole(),
    limit: 500,
    pace: 50,
    actions: 2,
    most: 1,
    plane: {
      x: { low: -0.21, high: 0.21 },
      y: { low: -2, high: 2 },
      state: (x, y) => Float64Array.of(0, 0, x, y),
      of: (state) => [state[2]!, state[3]!],
    },
  },
  "Acrobot-v1": {
    source: acrobot(),
    limit: 500,
    pace: 15,
    actions: 3,
    most: 1,
    plane: {
      x: { low: -Math.PI, high: Math.PI },
      y: { low: -6, high: 6 },
      state: (x, y) => Float64Array.of(x, 0, y, 0),
      of: (state) => [state[0]!, state[2]!],
    },
  },
  "MountainCar-v0": {
    source: mountainCar(),
    limit: 200,
    pace: 30,
    actions: 3,
    most: 1,
    plane: {
      x: { low: -1.2, high: 0.6 },
      y: { low: -0.07, high: 0.07 },
      state: (x, y) => Float64Array.of(x, y),
      of: (state) => [state[0]!, state[1]!],
    },
  },
  "Pendulum-v1": {
    source: pendulum(),
    limit: 200,
    pace: 20,
    actions: 0,
    most: 2,
    plane: {
      x: { low: -Math.PI, high: Math.PI },
      y: { low: -8, high: 8 },
      state: (x, y) => {
        const state = new Float64Array(pendulum().dynamics.stateSize);
        state.set([x, y]);
        return state;
      },
      of: (state) => [near(state[0]!), state[1]!],
    },
  },
};

/** An action as the environment takes it. */
export const taken = ({ actions }: Place, action: Action): number | Float32Array =>
  actions > 0 ? action : Float32Array.of(action);
