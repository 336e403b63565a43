import { Box, Discrete } from "../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "./array.ts";
import { resetBounds } from "./bounds.ts";
import { checkOptions } from "./options.ts";

const GRAVITY = 9.8;
const MASS_POLE = 0.1;
const MASS_TOTAL = MASS_POLE + 1;
/** Half the pole's length. */
const LENGTH = 0.5;
const POLE_MOMENT = MASS_POLE * LENGTH;
const FORCE = 10;
const TAU = 0.02;
const X_LIMIT = 2.4;
const START = [-0.05, 0.05] as const;
const THETA_LIMIT = (12 * 2 * Math.PI) / 360;

/** State and observation: x, ẋ, θ, θ̇ (m, m/s, rad, rad/s). */
function dynamics(id: string): ArrayDynamics {
  return {
    stateSize: 4,
    initial: (state, at, rng, options) => {
      const bounds = resetBounds(id, options, START);
      for (let i = 0; i < 4; i++) state[at + i] = rng.uniform(bounds[0], bounds[1]);
    },
    step: (state, at, actions, actionAt) => {
      const xDot = state[at + 1]!;
      const theta = state[at + 2]!;
      const thetaDot = state[at + 3]!;
      const cos = Math.cos(theta);
      const sin = Math.sin(theta);
      const push =
        ((actions[actionAt] === 1 ? FORCE : -FORCE) + POLE_MOMENT * (thetaDot * thetaDot) * sin) / MASS_TOTAL;
      const thetaAcc =
        (GRAVITY * sin - cos * push) / (LENGTH * (4 / 3 - (MASS_POLE * (cos * cos)) / MASS_TOTAL));
      const xAcc = push - (POLE_MOMENT * thetaAcc * cos) / MASS_TOTAL;
      // Explicit Euler: the positions move with the old velocities.
      state[at] = state[at]! + TAU * xDot;
      state[at + 1] = xDot + TAU * xAcc;
      state[at + 2] = theta + TAU * thetaDot;
      state[at + 3] = thetaDot + TAU * thetaAcc;
    },
    reward: () => 1,
    terminal: (state, at) => Math.abs(state[at]!) > X_LIMIT || Math.abs(state[at + 2]!) > THETA_LIMIT,
    observe: (state, at, out, outAt) => {
      for (let i = 0; i < 4; i++) out[outAt + i] = state[at + i]!;
    },
  };
}

/**
 * Balance a pole on a cart: +1 per step until the pole leans over 12° or the cart leaves ±2.4 m.
 * Source: A. Barto, R. Sutton, C. Anderson, "Neuronlike adaptive elements that can solve difficult learning
 * control problems" (1983).
 */
export function cartPole(options: object = {}, id = "CartPole-v1"): ArrayEnv<Float32Array> {
  checkOptions(id, options, []);
  const high = [2 * X_LIMIT, Infinity, 2 * THETA_LIMIT, Infinity];
  return arrayEnv({
    id,
    dynamics: dynamics(id),
    observationSpace: new Box(
      high.map((x) => -x),
      high,
    ),
    actionSpace: new Discrete(2),
    actionNames: ["left", "right"],
    render: (state, action) => draw(state, action),
  });
}

const WIDTH = 61;
const HEIGHT = 8;

function draw(state: Float64Array, action: string | undefined): string {
  const [x, , theta] = state as unknown as [number, number, number];
  const cart = Math.round((x / (2 * X_LIMIT) + 0.5) * (WIDTH - 1));
  const lines = Array.from({ length: HEIGHT }, () => Array<string>(WIDTH).fill(" "));
  // A letter is about twice as high as wide.
  for (let i = 0; i < HEIGHT; i++) {
    const column = Math.round(cart + 2 * i * Math.tan(theta));
    if (column >= 0 && column < WIDTH) lines[HEIGHT - 1 - i]![column] = "|";
  }
  const track = Array.from({ length: WIDTH }, (_, c) => (Math.abs(c - cart) <= 2 ? "#" : "-")).join("");
  const head = `x ${x.toFixed(3)}, angle ${((theta * 180) / Math.PI).toFixed(2)}°${action === undefined ? "" : ` (${action})`}`;
  return `${head}\n${lines.map((line) => line.join("").trimEnd()).join("\n")}\n${track}\n`;
}
