import { Box, Discrete } from "../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "./array.ts";
import { resetBounds } from "./bounds.ts";
import { GRAVITY, hillsSvg, hillsText, MAX_POSITION, MAX_SPEED, MIN_POSITION } from "./hills.ts";
import { checkOptions, numberOption } from "./options.ts";

const GOAL = 0.5;
const FORCE = 0.001;
const START = [-0.6, -0.4] as const;

/** State and observation: position, velocity. */
function dynamics(id: string, goalVelocity: number): ArrayDynamics {
  return {
    stateSize: 2,
    initial: (state, at, rng, options) => {
      const bounds = resetBounds(id, options, START);
      state[at] = rng.uniform(bounds[0], bounds[1]);
      state[at + 1] = 0;
    },
    step: (state, at, actions, actionAt) => {
      let x = state[at]!;
      let v = state[at + 1]! + ((actions[actionAt]! - 1) * FORCE + Math.cos(3 * x) * -GRAVITY);
      v = Math.min(Math.max(v, -MAX_SPEED), MAX_SPEED);
      x = Math.min(Math.max(x + v, MIN_POSITION), MAX_POSITION);
      state[at] = x;
      state[at + 1] = x === MIN_POSITION && v < 0 ? 0 : v;
    },
    reward: (_state, _at, out, outAt) => {
      out[outAt] = -1;
    },
    terminal: (state, at) => state[at]! >= GOAL && state[at + 1]! >= goalVelocity,
    observe: (state, at, out, outAt) => {
      out[outAt] = state[at]!;
      out[outAt + 1] = state[at + 1]!;
    },
  };
}

export interface MountainCarOptions {
  /** The minimum velocity at the goal. */
  readonly goal_velocity?: number;
}

/**
 * A weak car between two hills: it must swing to leave the valley. −1 per step.
 * Source: A. Moore, PhD thesis (1990); Sutton & Barto, Example 10.1.
 */
export function mountainCar(options: MountainCarOptions = {}, id = "MountainCar-v0"): ArrayEnv<Float32Array> {
  checkOptions(id, options, ["goal_velocity"]);
  const { goal_velocity = 0 } = options;
  return arrayEnv({
    id,
    dynamics: dynamics(id, numberOption(id, "goal_velocity", goal_velocity, -MAX_SPEED, MAX_SPEED)),
    observationSpace: new Box([MIN_POSITION, -MAX_SPEED], [MAX_POSITION, MAX_SPEED]),
    actionSpace: new Discrete(3),
    actionNames: ["left", "coast", "right"],
    idle: () => 1,
    render: hillsText(GOAL),
    renderSvg: hillsSvg(GOAL),
  });
}
