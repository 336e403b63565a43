import { Vec2 } from "planck";
import { UserError } from "../../../errors.ts";
import type { EnvLike, EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../../env.ts";
import type { Generator } from "../../random.ts";
import { Box, Discrete } from "../../spaces.ts";
import { booleanOption, checkOptions, numberOption } from "../options.ts";
import { Episode } from "./episode.ts";
import { landerSvg, landerText } from "./lander-picture.ts";
import {
  createLanderWorld,
  HEIGHT,
  type LanderWorld,
  LEG_DOWN,
  PAD_Y,
  SCALE,
  WIDTH,
} from "./lander-world.ts";

const FPS = 50;
const MAIN_POWER = 13;
const MAIN_Y = 4;
const SIDE_POWER = 0.6;
const SIDE_AWAY = 12;
const SIDE_HEIGHT = 14;
const HIGH = [2.5, 2.5, 10, 10, 2 * Math.PI, 10, 1, 1];
const LOW = [-2.5, -2.5, -10, -10, -2 * Math.PI, -10, 0, 0];

export interface LunarLanderOptions {
  /** Two throttles in [−1, 1] instead of four actions: main engine, side engines. */
  readonly continuous?: boolean;
  /** m/s², from −12 to 0. */
  readonly gravity?: number;
  readonly enable_wind?: boolean;
  readonly wind_power?: number;
  readonly turbulence_power?: number;
}

/** Power of the main engine, and power and side (−1 left, 1 right) of the side engines. */
interface Thrust {
  readonly main: number;
  readonly side: number;
  readonly direction: number;
}

function discreteThrust(action: number): Thrust {
  const side = action === 1 || action === 3;
  return { main: action === 2 ? 1 : 0, side: side ? 1 : 0, direction: side ? action - 2 : 0 };
}

function continuousThrust([main, side]: Float32Array): Thrust {
  const size = Math.abs(side!);
  return {
    main: main! > 0 ? (main! + 1) * 0.5 : 0,
    side: size > 0.5 ? size : 0,
    direction: Math.sign(side!),
  };
}

const thrustOf = (action: number | Float32Array): Thrust =>
  typeof action === "number" ? discreteThrust(action) : continuousThrust(action);

/**
 * Land a module on the pad between two flags. Actions: nothing, left engine, main engine, right engine; or two
 * throttles. Rewards are differences of a potential (near, slow, upright, legs on the ground), less fuel; −100 for a
 * crash or for leaving, +100 for coming to rest. Rules of Gymnasium's LunarLander-v3 on the physics of planck, a Box2D
 * in JavaScript: the same world, not the same digits.
 */
export class LunarLander implements EnvLike<Float32Array, number | Float32Array> {
  readonly id: string;
  readonly observationSpace = new Box(LOW, HIGH);
  readonly actionSpace: Discrete | Box;
  readonly actionNames: readonly string[] | undefined;
  readonly #options: Required<LunarLanderOptions>;
  readonly #episode = new Episode<number | Float32Array>();
  #now: LanderWorld | undefined;
  #wind = 0;
  #torque = 0;
  #shaping: number | undefined;
  #thrust: Thrust = discreteThrust(0);
  #rng!: Generator;

  constructor(options: LunarLanderOptions = {}, id = "LunarLander-v3") {
    checkOptions(id, options, ["continuous", "gravity", "enable_wind", "wind_power", "turbulence_power"]);
    const { continuous = false, gravity = -10, enable_wind = false } = options;
    const { wind_power = 15, turbulence_power = 1.5 } = options;
    this.id = id;
    this.#options = {
      continuous: booleanOption(id, "continuous", continuous),
      gravity: numberOption(id, "gravity", gravity, -12, 0),
      enable_wind: booleanOption(id, "enable_wind", enable_wind),
      wind_power: numberOption(id, "wind_power", wind_power, 0, 20),
      turbulence_power: numberOption(id, "turbulence_power", turbulence_power, 0, 2),
    };
    this.actionSpace = continuous ? new Box(-1, 1, [2]) : new Discrete(4);
    this.actionNames = continuous ? undefined : ["nothing", "left engine", "main engine", "right engine"];
  }

  reset({ seed, options }: ResetArguments = {}): ResetResult<Float32Array> {
    if (options !== undefined) checkOptions(`${this.id}'s reset`, options, []);
    return { observation: this.#begin(this.#episode.begin(seed)), info: {} };
  }

  #begin(rng: Generator): Float32Array {
    const { gravity, enable_wind } = this.#options;
    this.#rng = rng;
    this.#now = createLanderWorld(gravity, rng);
    if (enable_wind) {
      this.#wind = rng.integers(-9999, 9999);
      this.#torque = rng.integers(-9999, 9999);
    }
    this.#shaping = undefined;
    // As in Gymnasium, an episode begins after a step in which nothing is done.
    return this.#move(discreteThrust(0)).observation;
  }

  step(action: number | Float32Array): StepResult<Float32Array> {
    const kept = typeof action === "number" ? action : action.slice();
    this.#episode.took(kept);
    return this.#move(thrustOf(kept));
  }

  /** Never periodic: tanh(sin 2kx + sin πkx), k = 0.01. */
  #gusts(now: LanderWorld): void {
    const gust = (x: number): number => Math.tanh(Math.sin(0.02 * x) + Math.sin(Math.PI * 0.01 * x));
    if (now.contact.legs[0] || now.contact.legs[1]) return;
    now.lander.applyForceToCenter(new Vec2(gust(this.#wind++) * this.#options.wind_power, 0), true);
    now.lander.applyTorque(gust(this.#torque++) * this.#options.turbulence_power, true);
  }

  #fire({ lander }: LanderWorld, { main, side, direction }: Thrust): void {
    const [sin, cos] = [Math.sin(lander.getAngle()), Math.cos(lander.getAngle())];
    const d0 = this.#rng.uniform(-1, 1) / SCALE;
    const d1 = this.#rng.uniform(-1, 1) / SCALE;
    const { x, y } = lander.getPosition();
    if (main > 0) {
      const ox = sin * (MAIN_Y / SCALE + 2 * d0) - cos * d1;
      const oy = -cos * (MAIN_Y / SCALE + 2 * d0) - sin * d1;
      const push = new Vec2(-ox * MAIN_POWER * main, -oy * MAIN_POWER * main);
      lander.applyLinearImpulse(push, new Vec2(x + ox, y + oy), true);
    }
    if (side > 0) {
      const away = 3 * d1 + (direction * SIDE_AWAY) / SCALE;
      const ox = sin * d0 - cos * away;
      const oy = -cos * d0 - sin * away;
      const push = new Vec2(-ox * SIDE_POWER * side, -oy * SIDE_POWER * side);
      // 17 and not 14 in x is Gymnasium's own.
      const at = new Vec2(x + ox - (sin * 17) / SCALE, y + oy + (cos * SIDE_HEIGHT) / SCALE);
      lander.applyLinearImpulse(push, at, true);
    }
  }

  #move(thrust: Thrust): StepResult<Float32Array> {
    const now = this.#now;
    if (now === undefined) throw new UserError(`${this.id}: step() before reset(). Call reset() first.`);
    const { world, lander, contact } = now;
    this.#thrust = thrust;
    if (this.#options.enable_wind) this.#gusts(now);
    this.#fire(now, thrust);
    world.step(1 / FPS, 6 * 30, 2 * 30);
    const [position, velocity] = [lander.getPosition(), lander.getLinearVelocity()];
    const x = (position.x - WIDTH / 2) / (WIDTH / 2);
    const y = (position.y - (PAD_Y + LEG_DOWN / SCALE)) / (HEIGHT / 2);
    const vx = (velocity.x * (WIDTH / 2)) / FPS;
    const vy = (velocity.y * (HEIGHT / 2)) / FPS;
    const angle = lander.getAngle();
    const [first, second] = contact.legs.map(Number) as [number, number];
    const shaping =
      -100 * Math.sqrt(x * x + y * y) -
      100 * Math.sqrt(vx * vx + vy * vy) -
      100 * Math.abs(angle) +
      10 * first +
      10 * second;
    let reward =
      (this.#shaping === undefined ? 0 : shaping - this.#shaping) - thrust.main * 0.3 - thrust.side * 0.03;
    this.#shaping = shaping;
    const lost = contact.body || Math.abs(x) >= 1;
    const rests = !lander.isAwake();
    if (lost) reward = -100;
    if (rests) reward = 100;
    const observation = Float32Array.of(
      x,
      y,
      vx,
      vy,
      angle,
      (20 * lander.getAngularVelocity()) / FPS,
      first,
      second,
    );
    return { observation, reward, terminated: lost || rests, truncated: false, info: {} };
  }

  snapshot(): EnvSnapshot {
    return this.#episode.snapshot();
  }

  restore(saved: EnvSnapshot): void {
    this.#now = undefined;
    this.#episode.restore(saved, (rng, actions) => {
      this.#begin(rng);
      for (const action of actions) this.#move(thrustOf(action));
    });
  }

  render(): string {
    return landerText(this.#shown(), this.#thrust);
  }

  renderSvg(): string {
    return landerSvg(this.#shown(), this.#thrust);
  }

  #shown(): LanderWorld {
    if (this.#now === undefined)
      throw new UserError(`${this.id} has no state before reset(). Call reset() first.`);
    return this.#now;
  }
}
