import { type Body, Box, Edge, Polygon, RevoluteJoint, Vec2, World } from "planck";
import type { Generator } from "../../random.ts";

/** Pixels to a metre of the physics; the picture is 600 × 400. */
export const SCALE = 30;
export const WIDTH = 600 / SCALE;
export const HEIGHT = 400 / SCALE;
export const LANDER = [
  [-14, 17],
  [-17, 0],
  [-17, -10],
  [17, -10],
  [17, 0],
  [14, 17],
] as const;
export const LEG_SIZE = [2, 8] as const;
export const LEG_DOWN = 18;
export const PAD_Y = HEIGHT / 4;

const LEG_AWAY = 20;
const LEG_TORQUE = 40;
const START_FORCE = 1000;
const POINTS = 11;
/** Parts of the lander touch the ground and not one another. */
const GROUND_ONLY = { filterMaskBits: 0x0001 };

/** The physics of an episode. Contacts are kept up to date as the world steps. */
export interface LanderWorld {
  readonly world: World;
  readonly lander: Body;
  readonly legs: readonly [Body, Body];
  /** The surface of the moon. */
  readonly terrain: readonly (readonly [number, number])[];
  readonly contact: { body: boolean; readonly legs: [boolean, boolean] };
}

/** Heights of the ground, smoothed over three points; level at the pad. */
function drawTerrain(rng: Generator): (readonly [number, number])[] {
  const heights = Array.from({ length: POINTS + 1 }, () => rng.uniform(0, HEIGHT / 2));
  const middle = Math.floor(POINTS / 2);
  heights.fill(PAD_Y, middle - 2, middle + 3);
  return Array.from({ length: POINTS }, (_, i) => {
    const before = heights[i === 0 ? POINTS : i - 1]!;
    return [(WIDTH / (POINTS - 1)) * i, 0.33 * (before + heights[i]! + heights[i + 1]!)] as const;
  });
}

/** A leg: −1 the one at the right, 1 the one at the left, as Gymnasium has them. */
function addLeg(world: World, lander: Body, side: -1 | 1): Body {
  const leg = world.createBody({
    type: "dynamic",
    position: new Vec2(WIDTH / 2 - (side * LEG_AWAY) / SCALE, HEIGHT),
    angle: side * 0.05,
  });
  leg.createFixture({
    shape: new Box(LEG_SIZE[0] / SCALE, LEG_SIZE[1] / SCALE),
    density: 1,
    restitution: 0,
    filterCategoryBits: 0x0020,
    ...GROUND_ONLY,
  });
  world.createJoint(
    new RevoluteJoint({
      bodyA: lander,
      bodyB: leg,
      localAnchorA: new Vec2(0, 0),
      localAnchorB: new Vec2((side * LEG_AWAY) / SCALE, LEG_DOWN / SCALE),
      // Planck would take the angle that the bodies have now; Box2D takes 0.
      referenceAngle: 0,
      enableMotor: true,
      enableLimit: true,
      maxMotorTorque: LEG_TORQUE,
      motorSpeed: 0.3 * side,
      lowerAngle: side === -1 ? 0.9 - 0.5 : -0.9,
      upperAngle: side === -1 ? 0.9 : -0.9 + 0.5,
    }),
  );
  return leg;
}

/** A new moon with a lander above it that has just been pushed. */
export function createLanderWorld(gravity: number, rng: Generator): LanderWorld {
  const world = new World({ gravity: new Vec2(0, gravity) });
  const terrain = drawTerrain(rng);
  const moon = world.createBody();
  moon.createFixture({ shape: new Edge(new Vec2(0, 0), new Vec2(WIDTH, 0)) });
  for (let i = 1; i < terrain.length; i++) {
    const [from, to] = [terrain[i - 1]!, terrain[i]!];
    moon.createFixture({ shape: new Edge(new Vec2(...from), new Vec2(...to)), density: 0, friction: 0.1 });
  }
  const lander = world.createBody({ type: "dynamic", position: new Vec2(WIDTH / 2, HEIGHT) });
  lander.createFixture({
    shape: new Polygon(LANDER.map(([x, y]) => new Vec2(x / SCALE, y / SCALE))),
    density: 5,
    friction: 0.1,
    restitution: 0,
    filterCategoryBits: 0x0010,
    ...GROUND_ONLY,
  });
  const force = () => rng.uniform(-START_FORCE, START_FORCE);
  lander.applyForceToCenter(new Vec2(force(), force()), true);
  const legs = [addLeg(world, lander, -1), addLeg(world, lander, 1)] as const;
  const contact = { body: false, legs: [false, false] as [boolean, boolean] };
  const touch =
    (began: boolean) => (at: { getFixtureA(): { getBody(): Body }; getFixtureB(): { getBody(): Body } }) => {
      const bodies = [at.getFixtureA().getBody(), at.getFixtureB().getBody()];
      if (began && bodies.includes(lander)) contact.body = true;
      legs.forEach((leg, i) => {
        if (bodies.includes(leg)) contact.legs[i] = began;
      });
    };
  world.on("begin-contact", touch(true));
  world.on("end-contact", touch(false));
  return { world, lander, legs: [legs[0], legs[1]], terrain, contact };
}
