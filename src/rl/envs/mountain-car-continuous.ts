import { Box } from "../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "./array.ts";
import { resetBounds } from "./bounds.ts";
import { GRAVITY, hillsSvg, hillsText, MAX_POSITION, MAX_SPEED, MIN_POSITION } from "./hills.ts";
import type { MountainCarOptions } from "./mountain-car.ts";
import { checkOptions, numberOption } from "./options.ts";

const f32 = Math.fround;
const START = [-0.6, -0.4] as const;
// Gymnasium keeps the state in single precision, and with it NumPy all that is made of it.
const LEFT = f32(MIN_POSITION);
const RIGHT = f32(MAX_POSITION);
const FASTEST = f32(MAX_SPEED);
const GOAL = f32(0.45);
const POWER = f32(0.0015);

/** State: position, velocity, and the cost of the last push. Observation: position, velocity. */
function dynamics(id: string, goalVelocity: number): ArrayDynamics {
  const terminal = (state: Float64Array, at: number): boolean =>
    state[at]! >= GOAL && state[at + 1]! >= goalVelocity;
  return {
    stateSize: 3,
    initial: (state, at, rng, options) => {
      const bounds = resetBounds(id, options, START);
      state[at] = rng.uniform(bounds[0], bounds[1]);
      state[at + 1] = 0;
      state[at + 2] = 0;
    },
    step: (state, at, actions, actionAt) => {
      const push = actions[actionAt]!;
      const force = Math.min(Math.max(push, -1), 1);
      let x = state[at]!;
      // Only the position of the start is a double, and so is three times it.
      const tripled = f32(x) === x ? f32(3 * x) : 3 * x;
      let v = f32(state[at + 1]! + f32(f32(force * POWER) - f32(GRAVITY * Math.cos(tripled))));
      v = Math.min(Math.max(v, -FASTEST), FASTEST);
      x = Math.min(Math.max(f32(x + v), LEFT), RIGHT);
      state[at] = x;
      state[at + 1] = x === LEFT && v < 0 ? 0 : v;
      // Of the push as it was given, not of what the engine makes of it.
      state[at + 2] = push * push * 0.1;
    },
    reward: (state, at, out, outAt) => {
      out[outAt] = (terminal(state, at) ? 100 : 0) - state[at + 2]!;
    },
    terminal,
    observe: (state, at, out, outAt) => {
      out[outAt] = state[at]!;
      out[outAt + 1] = state[at + 1]!;
    },
  };
}

/**
 * The mountain car with an engine that pushes by any force in [−1, 1]: −0.1 · force² a step, and +100 at the goal.
 * Source: A. Moore, PhD thesis (1990).
 */
export function mountainCarContinuous(
  options: MountainCarOptions = {},
  id = "MountainCarContinuous-v0",
): ArrayEnv<Float32Array, Float32Array> {
  checkOptions(id, options, ["goal_velocity"]);
  const { goal_velocity = 0 } = options;
  return arrayEnv<Float32Array, Float32Array>({
    id,
    dynamics: dynamics(id, numberOption(id, "goal_velocity", goal_velocity, -MAX_SPEED, MAX_SPEED)),
    observationSpace: new Box([MIN_POSITION, -MAX_SPEED], [MAX_POSITION, MAX_SPEED]),
    actionSpace: new Box(-1, 1, [1]),
    idle: () => Float32Array.of(0),
    render: hillsText(GOAL),
    renderSvg: hillsSvg(GOAL),
  });
}
