import { type Body, Vec2 } from "planck";
import { Dots } from "../../render/dots.ts";
import { label, path, picture, polygon, rect } from "../../render/shapes.ts";
import { HEIGHT, LANDER, type LanderWorld, LEG_SIZE, PAD_Y, SCALE, WIDTH } from "./lander-world.ts";

interface Shown {
  readonly main: number;
  readonly side: number;
  readonly direction: number;
}
type Point = readonly [number, number];

/** Points of a body, given in pixels around its centre, in the world's metres. */
function placed(body: Body, points: readonly Point[]): Point[] {
  return points.map(([x, y]) => {
    const at = body.getWorldPoint(new Vec2(x / SCALE, y / SCALE));
    return [at.x, at.y];
  });
}

const [W, H] = LEG_SIZE;
const LEG: readonly Point[] = [
  [-W, -H],
  [W, -H],
  [W, H],
  [-W, H],
];
/** Where the flags stand: two pieces of ground to the left and right of the middle, less one each. */
const FLAGS = [(WIDTH / 10) * 4, (WIDTH / 10) * 6] as const;

function head({ lander }: LanderWorld, { main, side, direction }: Shown): string {
  const { x, y } = lander.getPosition();
  const engines = [main > 0 ? "main" : "", side > 0 ? (direction < 0 ? "left" : "right") : ""].filter(
    (e) => e !== "",
  );
  const degrees = (lander.getAngle() * 180) / Math.PI;
  return `x ${(x - WIDTH / 2).toFixed(2)}, height ${(y - PAD_Y).toFixed(2)} m, angle ${degrees.toFixed(1)}°${engines.length > 0 ? ` (${engines.join(" and ")} engine)` : ""}`;
}

export function landerText(shown: LanderWorld, thrust: Shown): string {
  const dots = new Dots(60, 20);
  const scale = (dots.width - 1) / WIDTH;
  const at = ([x, y]: Point): Point => [x * scale, dots.height - 1 - y * scale];
  const outline = (points: readonly Point[], closed: boolean): void => {
    points.forEach((point, i) => {
      const next = points[i + 1] ?? (closed ? points[0] : undefined);
      if (next !== undefined) dots.line(...at(point), ...at(next));
    });
  };
  outline(shown.terrain, false);
  for (const x of FLAGS) dots.line(...at([x, PAD_Y]), ...at([x, PAD_Y + 1]));
  outline(placed(shown.lander, LANDER), true);
  for (const leg of shown.legs) outline(placed(leg, LEG), true);
  if (thrust.main > 0)
    outline(
      placed(shown.lander, [
        [0, -12],
        [0, -28],
      ]),
      false,
    );
  if (thrust.side > 0)
    outline(
      placed(shown.lander, [
        [18 * thrust.direction, 12],
        [32 * thrust.direction, 12],
      ]),
      false,
    );
  return `${head(shown, thrust)}\n${dots.toString()}`;
}

export function landerSvg(shown: LanderWorld, thrust: Shown): string {
  const at = ([x, y]: Point): Point => [x * SCALE, (HEIGHT - y) * SCALE];
  const pixels = (body: Body, points: readonly Point[]): Point[] => placed(body, points).map(at);
  const ground = [...shown.terrain.map(at), at([WIDTH, 0]), at([0, 0])];
  const flame = (points: readonly Point[]): string => polygon(pixels(shown.lander, points), "#f2a33c");
  const side = thrust.direction;
  return picture(WIDTH * SCALE, HEIGHT * SCALE, [
    rect(0, 0, WIDTH * SCALE, HEIGHT * SCALE, "#14171f"),
    polygon(ground, "#e6e6e6"),
    ...FLAGS.flatMap((x) => [
      path([at([x, PAD_Y]), at([x, PAD_Y + 1.6])], "#ffffff", 2),
      polygon([at([x, PAD_Y + 1.6]), at([x, PAD_Y + 1.2]), at([x + 0.8, PAD_Y + 1.4])], "#d9c400"),
    ]),
    ...(thrust.main > 0
      ? [
          flame([
            [-6, -11],
            [6, -11],
            [0, -30],
          ]),
        ]
      : []),
    ...(thrust.side > 0
      ? [
          flame([
            [17 * side, 14],
            [17 * side, 8],
            [32 * side, 11],
          ]),
        ]
      : []),
    ...shown.legs.map((leg) => polygon(pixels(leg, LEG), "#6650b8")),
    polygon(pixels(shown.lander, LANDER), "#8066e6"),
    label(10, 20, head(shown, thrust), { fill: "#ffffff" }),
  ]);
}
