import { Dots } from "../render/dots.ts";
import { circle, label, path, picture } from "../render/shapes.ts";
import { Box, Discrete } from "../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "./array.ts";
import { resetBounds } from "./bounds.ts";
import { checkOptions } from "./options.ts";

// Two equal links of length 1 m, mass 1 kg and moment of inertia 1 kg m², their centres in the middle.
const CENTRE = 0.5;
const GRAVITY = 9.8;
const DT = 0.2;
const MAX_SPEED_1 = 4 * Math.PI;
const MAX_SPEED_2 = 9 * Math.PI;
const START = [-0.1, 0.1] as const;

/** The angular accelerations at θ1, θ2, θ̇1, θ̇2 under a torque at the joint: Sutton & Barto, 1st edition, Section 11.3. */
function accelerations(y: Float64Array, torque: number, out: Float64Array): void {
  const theta1 = y[0]!;
  const theta2 = y[1]!;
  const dTheta1 = y[2]!;
  const dTheta2 = y[3]!;
  const cos2 = Math.cos(theta2);
  const sin2 = Math.sin(theta2);
  const d1 = CENTRE ** 2 + (1 + CENTRE ** 2 + 2 * CENTRE * cos2) + 2;
  const d2 = CENTRE ** 2 + CENTRE * cos2 + 1;
  const phi2 = CENTRE * GRAVITY * Math.sin(theta1 + theta2);
  const phi1 =
    -CENTRE * dTheta2 * dTheta2 * sin2 -
    2 * CENTRE * dTheta2 * dTheta1 * sin2 +
    (CENTRE + 1) * GRAVITY * Math.sin(theta1) +
    phi2;
  const ddTheta2 =
    (torque + (d2 / d1) * phi1 - CENTRE * dTheta1 * dTheta1 * sin2 - phi2) /
    (CENTRE ** 2 + 1 - (d2 * d2) / d1);
  out[0] = dTheta1;
  out[1] = dTheta2;
  out[2] = -(d2 * ddTheta2 + phi1) / d1;
  out[3] = ddTheta2;
}

/** Turned by whole circles into [−π, π]. */
function wrapped(x: number): number {
  while (x > Math.PI) x -= 2 * Math.PI;
  while (x < -Math.PI) x += 2 * Math.PI;
  return x;
}

const limited = (x: number, limit: number): number => Math.min(Math.max(x, -limit), limit);

/** State: θ1 from hanging down, θ2 from the first link, their velocities. Observation: cos and sin of both, velocities. */
function dynamics(id: string): ArrayDynamics {
  // Work space of one step, used again by the next.
  const y = new Float64Array(4);
  const k = Array.from({ length: 4 }, () => new Float64Array(4));
  const [k1, k2, k3, k4] = k as [Float64Array, Float64Array, Float64Array, Float64Array];
  const terminal = (state: Float64Array, at: number): boolean =>
    -Math.cos(state[at]!) - Math.cos(state[at + 1]! + state[at]!) > 1;
  return {
    stateSize: 4,
    initial: (state, at, rng, options) => {
      const bounds = resetBounds(id, options, START);
      for (let i = 0; i < 4; i++) state[at + i] = Math.fround(rng.uniform(bounds[0], bounds[1]));
    },
    step: (state, at, actions, actionAt) => {
      const torque = actions[actionAt]! - 1;
      // One step of Runge and Kutta's fourth-order method, the torque held.
      for (let i = 0; i < 4; i++) y[i] = state[at + i]!;
      accelerations(y, torque, k1);
      for (let i = 0; i < 4; i++) y[i] = state[at + i]! + (DT / 2) * k1[i]!;
      accelerations(y, torque, k2);
      for (let i = 0; i < 4; i++) y[i] = state[at + i]! + (DT / 2) * k2[i]!;
      accelerations(y, torque, k3);
      for (let i = 0; i < 4; i++) y[i] = state[at + i]! + DT * k3[i]!;
      accelerations(y, torque, k4);
      for (let i = 0; i < 4; i++) {
        y[i] = state[at + i]! + (DT / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!);
      }
      state[at] = wrapped(y[0]!);
      state[at + 1] = wrapped(y[1]!);
      state[at + 2] = limited(y[2]!, MAX_SPEED_1);
      state[at + 3] = limited(y[3]!, MAX_SPEED_2);
    },
    reward: (state, at, out, outAt) => {
      out[outAt] = terminal(state, at) ? 0 : -1;
    },
    terminal,
    observe: (state, at, out, outAt) => {
      out[outAt] = Math.cos(state[at]!);
      out[outAt + 1] = Math.sin(state[at]!);
      out[outAt + 2] = Math.cos(state[at + 1]!);
      out[outAt + 3] = Math.sin(state[at + 1]!);
      out[outAt + 4] = state[at + 2]!;
      out[outAt + 5] = state[at + 3]!;
    },
  };
}

/**
 * Swing the free end of two links above a line by a motor between them: −1 a step until it is there.
 * Source: R. Sutton, "Generalization in reinforcement learning: successful examples using sparse coarse coding"
 * (1996), with the equations of Sutton & Barto's book.
 */
export function acrobot(options: object = {}, id = "Acrobot-v1"): ArrayEnv<Float32Array> {
  checkOptions(id, options, []);
  const high = [1, 1, 1, 1, MAX_SPEED_1, MAX_SPEED_2];
  return arrayEnv({
    id,
    dynamics: dynamics(id),
    observationSpace: new Box(
      high.map((x) => -x),
      high,
    ),
    actionSpace: new Discrete(3),
    actionNames: ["torque -1", "torque 0", "torque +1"],
    idle: () => 1,
    render: (state, action) => `${head(state, action)}\n${links(state)}`,
    renderSvg: draw,
  });
}

function head(state: Float64Array, action: string | undefined): string {
  const [a, b] = Array.from(state.subarray(0, 2), (x) => ((x * 180) / Math.PI).toFixed(1));
  return `angles ${a}°, ${b}°${action === undefined ? "" : ` (${action})`}`;
}

/** The joint and the free end, in links from the fixed end, x to the right and y down. */
function ends(state: Float64Array): readonly [number, number, number, number] {
  const [theta1, both] = [state[0]!, state[0]! + state[1]!];
  const [x, y] = [Math.sin(theta1), Math.cos(theta1)];
  return [x, y, x + Math.sin(both), y + Math.cos(both)];
}

function links(state: Float64Array): string {
  const dots = new Dots(26, 13);
  const [cx, cy, length] = [26, 26, 12];
  const [jx, jy, fx, fy] = ends(state).map((v, i) => (i % 2 === 0 ? cx : cy) + length * v) as [
    number,
    number,
    number,
    number,
  ];
  for (let x = 0; x < dots.width; x += 4) dots.dot(x, cy - length);
  dots.line(cx, cy, jx, jy);
  dots.line(jx, jy, fx, fy);
  dots.disc(cx, cy, 1.5);
  dots.disc(jx, jy, 1.5);
  dots.disc(fx, fy, 1);
  return dots.toString();
}

function draw(state: Float64Array, action: string | undefined): string {
  const [cx, cy, length] = [150, 165, 60];
  const [jx, jy, fx, fy] = ends(state);
  const joint = [cx + length * jx, cy + length * jy] as const;
  const line = cy - length;
  return picture(300, 300, [
    label(10, 22, head(state, action)),
    path(
      [
        [0, line],
        [300, line],
      ],
      "#555555",
      2,
    ),
    path([[cx, cy], joint, [cx + length * fx, cy + length * fy]], "#00a8a8", 12),
    circle(cx, cy, 6, "#c8b900"),
    circle(joint[0], joint[1], 6, "#c8b900"),
  ]);
}
