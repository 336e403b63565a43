import { UserError } from "../../errors.ts";
import type { EpisodeOptions } from "../env.ts";
import { Dots } from "../render/dots.ts";
import { circle, label, path, picture } from "../render/shapes.ts";
import { show } from "../show.ts";
import { Box } from "../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "./array.ts";
import { checkOptions, numberOption } from "./options.ts";

const MAX_SPEED = 8;
const MAX_TORQUE = 2;
const DT = 0.05;
const TORQUE_COST = Math.fround(0.001);
/** Episodes begin within ±x_init (rad) and ±y_init (rad/s). */
const START = { x_init: Math.PI, y_init: 1 } as const;

/** An angle in [−π, π), upright 0. */
function normalized(theta: number): number {
  const turned = (theta + Math.PI) % (2 * Math.PI);
  return (turned < 0 ? turned + 2 * Math.PI : turned) - Math.PI;
}

function startBound(id: string, options: EpisodeOptions, name: keyof typeof START): number {
  const bound = options[name] ?? START[name];
  if (typeof bound === "number" && bound >= 0 && bound < Number.POSITIVE_INFINITY) return bound;
  throw new UserError(`${id}: reset's ${name} must be a number ≥ 0, not ${show(bound)}`);
}

/** State: θ, θ̇ (rad, rad/s), and the reward of the step that led there. Observation: cos θ, sin θ, θ̇. */
function dynamics(id: string, g: number): ArrayDynamics {
  return {
    stateSize: 3,
    initial: (state, at, rng, options) => {
      if (options !== undefined) checkOptions(`${id}'s reset`, options, Object.keys(START));
      const x = options === undefined ? START.x_init : startBound(id, options, "x_init");
      const y = options === undefined ? START.y_init : startBound(id, options, "y_init");
      state[at] = rng.uniform(-x, x);
      state[at + 1] = rng.uniform(-y, y);
      state[at + 2] = 0;
    },
    step: (state, at, actions, actionAt) => {
      const theta = state[at]!;
      const thetaDot = state[at + 1]!;
      const u = Math.min(Math.max(actions[actionAt]!, -MAX_TORQUE), MAX_TORQUE);
      const angle = normalized(theta);
      // NumPy keeps what the torque alone makes in its single precision.
      const cost =
        angle * angle + 0.1 * (thetaDot * thetaDot) + Math.fround(TORQUE_COST * Math.fround(u * u));
      const speed = thetaDot + (((3 * g) / 2) * Math.sin(theta) + Math.fround(3 * u)) * DT;
      const next = Math.min(Math.max(speed, -MAX_SPEED), MAX_SPEED);
      // Semi-implicit Euler: the angle moves with the new velocity. It is not wrapped.
      state[at] = theta + next * DT;
      state[at + 1] = next;
      state[at + 2] = -cost;
    },
    reward: (state, at, out, outAt) => {
      out[outAt] = state[at + 2]!;
    },
    terminal: () => false,
    observe: (state, at, out, outAt) => {
      out[outAt] = Math.cos(state[at]!);
      out[outAt + 1] = Math.sin(state[at]!);
      out[outAt + 2] = state[at + 1]!;
    },
  };
}

export interface PendulumOptions {
  /** Gravity, m/s². */
  readonly g?: number;
}

/**
 * Swing a pendulum up by a weak motor and hold it there: −(θ² + 0.1 θ̇² + 0.001 u²) a step for the torque u, of the
 * angle and velocity before it. It never terminates. `reset({ options: { x_init, y_init } })` bounds the start.
 */
export function pendulum(
  options: PendulumOptions = {},
  id = "Pendulum-v1",
): ArrayEnv<Float32Array, Float32Array> {
  checkOptions(id, options, ["g"]);
  const { g = 10 } = options;
  const high = [1, 1, MAX_SPEED];
  return arrayEnv<Float32Array, Float32Array>({
    id,
    dynamics: dynamics(id, numberOption(id, "g", g, 0, 1e6)),
    observationSpace: new Box(
      high.map((x) => -x),
      high,
    ),
    actionSpace: new Box(-MAX_TORQUE, MAX_TORQUE, [1]),
    idle: () => Float32Array.of(0),
    render: (state, action) => `${head(state, action)}\n${rod(state[0]!)}`,
    renderSvg: draw,
  });
}

function head(state: Float64Array, torque: string | undefined): string {
  const degrees = (normalized(state[0]!) * 180) / Math.PI;
  return `angle ${degrees.toFixed(1)}°, speed ${state[1]!.toFixed(2)} rad/s${torque === undefined ? "" : ` (torque ${torque})`}`;
}

function rod(theta: number): string {
  const dots = new Dots(24, 12);
  const [cx, cy, length] = [24, 24, 20];
  const [x, y] = [cx - length * Math.sin(theta), cy - length * Math.cos(theta)];
  for (const side of [-0.7, 0, 0.7]) dots.line(cx + side, cy + side, x + side, y + side);
  dots.disc(x, y, 3);
  dots.disc(cx, cy, 1);
  return dots.toString();
}

function draw(state: Float64Array, torque: string | undefined): string {
  const theta = state[0]!;
  const [cx, cy, length] = [150, 160, 110];
  const [x, y] = [cx - length * Math.sin(theta), cy - length * Math.cos(theta)];
  return picture(300, 300, [
    label(10, 22, head(state, torque), { size: 13 }),
    path(
      [
        [cx, cy],
        [x, y],
      ],
      "#cc4d4d",
      22,
    ),
    circle(cx, cy, 5, "#111111"),
  ]);
}
