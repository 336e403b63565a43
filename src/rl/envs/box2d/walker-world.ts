import { type Body, Box, Edge, type Fixture, Polygon, RevoluteJoint, Vec2, World } from "planck";
import type { Generator } from "../../random.ts";

/** Pixels to a metre of the physics; the picture is 600 × 400. */
export const SCALE = 30;
export const WIDTH = 600 / SCALE;
export const HEIGHT = 400 / SCALE;
export const STEP = 14 / SCALE;
/** Points of the ground; where the walker begins it is level; its end is reached so many points before the last. */
export const LENGTH = 200;
export const START_PAD = 20;
export const GRASS = 10;
export const HULL = [
  [-30, 9],
  [6, 9],
  [34, 1],
  [34, -8],
  [-30, -8],
] as const;
export const LEG_WIDTH = 8 / SCALE;
export const LEG_HEIGHT = 34 / SCALE;
const LEG_DOWN = -8 / SCALE;
export const TORQUE = 80;
const FRICTION = 2.5;
const START_FORCE = 5;
const GROUND = 0x0001;
/** Parts of the walker touch the ground and not one another. */
const PART = { restitution: 0, filterCategoryBits: 0x0020, filterMaskBits: GROUND };

type Point = readonly [number, number];

/** The physics of an episode. Contacts are kept up to date as the world steps. */
export interface WalkerWorld {
  readonly world: World;
  readonly hull: Body;
  /** Upper and lower leg of the one side, then of the other. */
  readonly legs: readonly Body[];
  /** Hip, knee, hip, knee. */
  readonly joints: readonly RevoluteJoint[];
  readonly terrain: readonly Point[];
  readonly clouds: readonly (readonly Point[])[];
  readonly contact: { hull: boolean; readonly feet: [boolean, boolean] };
}

/** A slope that wanders, is drawn back to its height, and stays level for a point now and then. */
function drawTerrain(rng: Generator): Point[] {
  const middle = HEIGHT / 4;
  let [velocity, y, left] = [0, middle, START_PAD];
  let level = false;
  return Array.from({ length: LENGTH }, (_, i) => {
    if (!level) {
      velocity = 0.8 * velocity + 0.01 * Math.sign(middle - y);
      if (i > START_PAD) velocity += rng.uniform(-1, 1) / SCALE;
      y += velocity;
    }
    left--;
    level = left === 0;
    if (level) left = rng.integers(GRASS / 2, GRASS);
    return [i * STEP, y] as const;
  });
}

function drawClouds(rng: Generator): Point[][] {
  return Array.from({ length: LENGTH / 20 }, () => {
    const x = rng.uniform(0, LENGTH) * STEP;
    const y = (HEIGHT * 3) / 4;
    return Array.from({ length: 5 }, (_, a) => {
      const angle = (3.14 * 2 * a) / 5;
      const across = x + 15 * STEP * Math.sin(angle) + rng.uniform(0, 5 * STEP);
      return [across, y + 5 * STEP * Math.cos(angle) + rng.uniform(0, 5 * STEP)] as const;
    });
  });
}

/** A new walker at the beginning of new ground, that has just been pushed. */
export function createWalkerWorld(rng: Generator): WalkerWorld {
  const world = new World({ gravity: new Vec2(0, -10) });
  const terrain = drawTerrain(rng);
  const earth = world.createBody();
  for (let i = 1; i < terrain.length; i++)
    earth.createFixture({
      shape: new Edge(new Vec2(...terrain[i - 1]!), new Vec2(...terrain[i]!)),
      friction: FRICTION,
      filterCategoryBits: GROUND,
    });
  const clouds = drawClouds(rng);

  const [x, y] = [(STEP * START_PAD) / 2, HEIGHT / 4 + 2 * LEG_HEIGHT];
  const hull = world.createBody({ type: "dynamic", position: new Vec2(x, y) });
  const shape = new Polygon(HULL.map(([a, b]) => new Vec2(a / SCALE, b / SCALE)));
  hull.createFixture({ shape, density: 5, friction: 0.1, ...PART });
  hull.applyForceToCenter(new Vec2(rng.uniform(-START_FORCE, START_FORCE), 0), true);

  const legs: Body[] = [];
  const joints: RevoluteJoint[] = [];
  const add = (side: -1 | 1, part: "upper" | "lower", onto: Body): Body => {
    const upper = part === "upper";
    const leg = world.createBody({
      type: "dynamic",
      position: new Vec2(x, y - LEG_HEIGHT * (upper ? 0.5 : 1.5) - LEG_DOWN),
      angle: side * 0.05,
    });
    const half = ((upper ? 1 : 0.8) * LEG_WIDTH) / 2;
    leg.createFixture({ shape: new Box(half, LEG_HEIGHT / 2), density: 1, ...PART });
    const joint = new RevoluteJoint({
      bodyA: onto,
      bodyB: leg,
      localAnchorA: new Vec2(0, upper ? LEG_DOWN : -LEG_HEIGHT / 2),
      localAnchorB: new Vec2(0, LEG_HEIGHT / 2),
      // Planck would take the angle that the bodies have now; Box2D takes 0.
      referenceAngle: 0,
      enableMotor: true,
      enableLimit: true,
      maxMotorTorque: TORQUE,
      motorSpeed: upper ? side : 1,
      lowerAngle: upper ? -0.8 : -1.6,
      upperAngle: upper ? 1.1 : -0.1,
    });
    world.createJoint(joint);
    legs.push(leg);
    joints.push(joint);
    return leg;
  };
  for (const side of [-1, 1] as const) add(side, "lower", add(side, "upper", hull));

  const contact = { hull: false, feet: [false, false] as [boolean, boolean] };
  const touch = (began: boolean) => (at: { getFixtureA(): Fixture; getFixtureB(): Fixture }) => {
    const bodies = [at.getFixtureA().getBody(), at.getFixtureB().getBody()];
    if (began && bodies.includes(hull)) contact.hull = true;
    for (const foot of [0, 1] as const) if (bodies.includes(legs[2 * foot + 1]!)) contact.feet[foot] = began;
  };
  world.on("begin-contact", touch(true));
  world.on("end-contact", touch(false));
  return { world, hull, legs, joints, terrain, clouds, contact };
}

/** What of a ray's length is free before it meets the ground: 1 where it does not. */
export function freeOf({ world }: WalkerWorld, from: Vec2, to: Vec2): number {
  let free = 1;
  world.rayCast(from, to, (fixture, _point, _normal, fraction) => {
    if ((fixture.getFilterCategoryBits() & GROUND) === 0) return -1;
    free = fraction;
    return fraction;
  });
  return free;
}
