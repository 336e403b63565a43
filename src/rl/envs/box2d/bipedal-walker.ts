import { Vec2 } from "planck";
import { UserError } from "../../../errors.ts";
import type { EnvLike, EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../../env.ts";
import { Box } from "../../spaces.ts";
import { checkOptions } from "../options.ts";
import { Episode } from "./episode.ts";
import { walkerSvg, walkerText } from "./walker-picture.ts";
import {
  createWalkerWorld,
  freeOf,
  GRASS,
  HEIGHT,
  LENGTH,
  SCALE,
  STEP,
  TORQUE,
  type WalkerWorld,
  WIDTH,
} from "./walker-world.ts";

const FPS = 50;
const HIP_SPEED = 4;
const KNEE_SPEED = 6;
const RAYS = 10;
const RANGE = 160 / SCALE;
const JOINTS = [Math.PI, 5, Math.PI, 5];
const HIGH = [Math.PI, 5, 5, 5, ...JOINTS, 5, ...JOINTS, 5, ...Array.from({ length: RAYS }, () => 1)];
const LOW = HIGH.map((h, i) => (i === 8 || i === 13 ? 0 : -h));

const size = (a: number): number => Math.min(Math.abs(a), 1);

/**
 * Walk over rough ground by four motors, hips and knees, each with a torque in [−1, 1]. Observations: the hull's angle
 * and velocities, the joints' angles and speeds, contacts of the feet, and ten rays of a lidar. Rewards: 130 for 30 m ahead,
 * less 5 for each radian that the hull leans and less torque; −100 for a fall or for walking off to the left. Rules of
 * Gymnasium's BipedalWalker-v3, without its hardcore form, on the physics of planck: the same world, not the same digits.
 */
export class BipedalWalker implements EnvLike<Float32Array, Float32Array> {
  readonly id: string;
  readonly observationSpace = new Box(LOW, HIGH);
  readonly actionSpace = new Box(-1, 1, [4]);
  readonly #episode = new Episode<Float32Array>();
  #now: WalkerWorld | undefined;
  #shaping: number | undefined;

  constructor(options: object = {}, id = "BipedalWalker-v3") {
    checkOptions(id, options, []);
    this.id = id;
  }

  reset({ seed, options }: ResetArguments = {}): ResetResult<Float32Array> {
    if (options !== undefined) checkOptions(`${this.id}'s reset`, options, []);
    this.#now = createWalkerWorld(this.#episode.begin(seed));
    return { observation: this.#begin(), info: {} };
  }

  /** As in Gymnasium, an episode begins after a step without torque. */
  #begin(): Float32Array {
    this.#shaping = undefined;
    return this.#move(new Float32Array(4)).observation;
  }

  step(action: Float32Array): StepResult<Float32Array> {
    const kept = action.slice();
    this.#episode.took(kept);
    return this.#move(kept);
  }

  #move(action: Float32Array): StepResult<Float32Array> {
    const now = this.#now;
    if (now === undefined) throw new UserError(`${this.id}: step() before reset(). Call reset() first.`);
    const { world, hull, joints, contact } = now;
    joints.forEach((joint, i) => {
      joint.setMotorSpeed((i % 2 === 0 ? HIP_SPEED : KNEE_SPEED) * Math.sign(action[i]!));
      joint.setMaxMotorTorque(TORQUE * size(action[i]!));
    });
    world.step(1 / FPS, 6 * 30, 2 * 30);
    const [{ x, y }, velocity] = [hull.getPosition(), hull.getLinearVelocity()];
    const angle = hull.getAngle();
    const leg = (side: 0 | 1): number[] => {
      const [hip, knee] = [joints[2 * side]!, joints[2 * side + 1]!];
      return [
        hip.getJointAngle(),
        hip.getJointSpeed() / HIP_SPEED,
        knee.getJointAngle() + 1,
        knee.getJointSpeed() / KNEE_SPEED,
        Number(contact.feet[side]),
      ];
    };
    const lidar = Array.from({ length: RAYS }, (_, i) => {
      const down = (1.5 * i) / RAYS;
      const to = new Vec2(x + Math.sin(down) * RANGE, y - Math.cos(down) * RANGE);
      return freeOf(now, new Vec2(x, y), to);
    });
    const observation = Float32Array.from([
      angle,
      (2 * hull.getAngularVelocity()) / FPS,
      (0.3 * velocity.x * WIDTH) / FPS,
      (0.3 * velocity.y * HEIGHT) / FPS,
      ...leg(0),
      ...leg(1),
      ...lidar,
    ]);
    const shaping = (130 * x) / SCALE - 5 * Math.abs(angle);
    let reward = this.#shaping === undefined ? 0 : shaping - this.#shaping;
    this.#shaping = shaping;
    for (const a of action) reward -= 0.00035 * TORQUE * size(a);
    const lost = contact.hull || x < 0;
    if (lost) reward = -100;
    const terminated = lost || x > (LENGTH - GRASS) * STEP;
    return { observation, reward, terminated, truncated: false, info: {} };
  }

  snapshot(): EnvSnapshot {
    return this.#episode.snapshot();
  }

  restore(saved: EnvSnapshot): void {
    this.#now = undefined;
    this.#episode.restore(saved, (rng, actions) => {
      this.#now = createWalkerWorld(rng);
      this.#begin();
      for (const action of actions) this.#move(action);
    });
  }

  render(): string {
    return walkerText(this.#shown());
  }

  renderSvg(): string {
    return walkerSvg(this.#shown());
  }

  #shown(): WalkerWorld {
    if (this.#now === undefined)
      throw new UserError(`${this.id} has no state before reset(). Call reset() first.`);
    return this.#now;
  }
}
