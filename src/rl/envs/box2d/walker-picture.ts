import { type Body, Vec2 } from "planck";
import { Dots } from "../../render/dots.ts";
import { label, path, picture, polygon, rect } from "../../render/shapes.ts";
import {
  GRASS,
  HEIGHT,
  HULL,
  LEG_HEIGHT,
  LEG_WIDTH,
  LENGTH,
  SCALE,
  START_PAD,
  STEP,
  type WalkerWorld,
  WIDTH,
} from "./walker-world.ts";

type Point = readonly [number, number];

/** Points of a body, in metres around its centre, in the world. */
const placed = (body: Body, points: readonly Point[]): Point[] =>
  points.map(([x, y]) => {
    const at = body.getWorldPoint(new Vec2(x, y));
    return [at.x, at.y];
  });

const hullOf = ({ hull }: WalkerWorld): Point[] =>
  placed(
    hull,
    HULL.map(([x, y]) => [x / SCALE, y / SCALE] as const),
  );

function legOf(body: Body, part: number): Point[] {
  const [w, h] = [((part % 2 === 0 ? 1 : 0.8) * LEG_WIDTH) / 2, LEG_HEIGHT / 2];
  return placed(body, [
    [-w, -h],
    [w, -h],
    [w, h],
    [-w, h],
  ]);
}

function head({ hull, contact }: WalkerWorld): string {
  const degrees = (hull.getAngle() * 180) / Math.PI;
  const feet = contact.feet.filter(Boolean).length;
  const way = (hull.getPosition().x - (STEP * START_PAD) / 2).toFixed(1);
  return `${way} of ${((LENGTH - GRASS) * STEP).toFixed(0)} m, leaning ${degrees.toFixed(0)}°, ${feet} ${feet === 1 ? "foot" : "feet"} on the ground`;
}

/** The left end of what is seen: the walker stays in the first third. */
const leftOf = ({ hull }: WalkerWorld): number => Math.max(0, hull.getPosition().x - WIDTH / 3);

const inSight = (points: readonly Point[], left: number): Point[] =>
  points.filter(([x]) => x >= left - STEP && x <= left + WIDTH + STEP);

export function walkerText(shown: WalkerWorld): string {
  const dots = new Dots(60, 20);
  const left = leftOf(shown);
  const scale = (dots.width - 1) / WIDTH;
  const at = ([x, y]: Point): Point => [(x - left) * scale, dots.height - 1 - y * scale];
  const outline = (points: readonly Point[], closed: boolean): void => {
    points.forEach((point, i) => {
      const next = points[i + 1] ?? (closed ? points[0] : undefined);
      if (next !== undefined) dots.line(...at(point), ...at(next));
    });
  };
  outline(
    shown.terrain.filter(([x]) => x >= left && x <= left + WIDTH),
    false,
  );
  outline(hullOf(shown), true);
  for (const [part, body] of shown.legs.entries()) outline(legOf(body, part), true);
  return `${head(shown)}\n${dots.toString()}`;
}

const FLAG = (STEP * START_PAD) / 2 - 1.5;

export function walkerSvg(shown: WalkerWorld): string {
  const left = leftOf(shown);
  const at = ([x, y]: Point): Point => [(x - left) * SCALE, (HEIGHT - y) * SCALE];
  const ground = inSight(shown.terrain, left);
  const [first, last] = [ground[0]!, ground.at(-1)!];
  const base = HEIGHT / 4;
  const clouds = shown.clouds.filter((cloud) => inSight(cloud, left).length > 0);
  const legs = [...shown.legs.entries()].map(([part, body]) =>
    polygon(legOf(body, part).map(at), ["#3b3a78", "#54539c", "#6f5aa8", "#8d7cc2"][part]!),
  );
  return picture(WIDTH * SCALE, HEIGHT * SCALE, [
    rect(0, 0, WIDTH * SCALE, HEIGHT * SCALE, "#d7d7ff"),
    ...clouds.map((cloud) => polygon(cloud.map(at), "#ffffff")),
    polygon([...ground.map(at), at([last[0], 0]), at([first[0], 0])], "#66994c"),
    path(ground.map(at), "#4d7a33", 2),
    path([at([FLAG, base]), at([FLAG, base + 1.7])], "#1d2733", 2),
    polygon([at([FLAG, base + 1.7]), at([FLAG, base + 1.3]), at([FLAG + 0.8, base + 1.5])], "#e63300"),
    ...legs.slice(0, 2),
    polygon(hullOf(shown).map(at), "#7f66e6"),
    ...legs.slice(2),
    label(10, 20, head(shown)),
  ]);
}
