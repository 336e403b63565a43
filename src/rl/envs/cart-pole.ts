import { Dots } from "../render/dots.ts";
import { circle, label, path, picture, rect } from "../render/shapes.ts";
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
    reward: (_state, _at, out, outAt) => {
      out[outAt] = 1;
    },
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
    render: text,
    renderSvg: draw,
  });
}

function head(state: Float64Array, action: string | undefined): string {
  const degrees = (state[2]! * 180) / Math.PI;
  return `x ${state[0]!.toFixed(3)}, angle ${degrees.toFixed(2)}°${action === undefined ? "" : ` (${action})`}`;
}

function text(state: Float64Array, action: string | undefined): string {
  const dots = new Dots(61, 8);
  const [x, y] = [(state[0]! / (2 * X_LIMIT) + 0.5) * (dots.width - 1), dots.height - 5];
  const theta = state[2]!;
  dots.line(0, dots.height - 1, dots.width - 1, dots.height - 1);
  for (let row = y; row < dots.height - 1; row++) dots.line(x - 6, row, x + 6, row);
  for (const side of [0, 1])
    dots.line(x + side, y, x + side + 25 * Math.sin(theta), y - 25 * Math.cos(theta));
  return `${head(state, action)}\n${dots.toString()}`;
}

function draw(state: Float64Array, action: string | undefined): string {
  const [w, h] = [480, 220];
  const [x, y] = [(state[0]! / (2 * X_LIMIT) + 0.5) * w, h - 30];
  const theta = state[2]!;
  const top = [x + 120 * Math.sin(theta), y - 12 - 120 * Math.cos(theta)] as const;
  return picture(w, h, [
    label(10, 22, head(state, action)),
    rect(0, y - 1, w, 2, "#333333"),
    rect(x - 25, y - 12, 50, 24, "#222222"),
    path([[x, y - 12], top], "#ca9865", 9),
    circle(x, y - 12, 4, "#8184cb"),
  ]);
}
