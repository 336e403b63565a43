import { Dots } from "../render/dots.ts";
import { circle, label, path, picture } from "../render/shapes.ts";

/** Of both mountain cars: where the road begins and ends, and the speed limit. */
export const MIN_POSITION = -1.2;
export const MAX_POSITION = 0.6;
export const MAX_SPEED = 0.07;
export const GRAVITY = 0.0025;

const height = (x: number): number => Math.sin(3 * x);
const share = (x: number): number => (x - MIN_POSITION) / (MAX_POSITION - MIN_POSITION);

function head(state: Float64Array, action: string | undefined): string {
  const [x, v] = state as unknown as [number, number];
  return `position ${x.toFixed(3)}, velocity ${v.toFixed(4)}${action === undefined ? "" : ` (${action})`}`;
}

/** The car between its hills, and the flag at the goal, in letters. */
export function hillsText(goal: number): (state: Float64Array, action: string | undefined) => string {
  return (state, action) => {
    const dots = new Dots(52, 12);
    const [w, h] = [dots.width - 1, dots.height - 1];
    const at = (x: number): readonly [number, number] => [share(x) * w, h - ((height(x) + 1) / 2) * (h - 12)];
    for (let i = 0; i <= w; i += 0.5) dots.dot(...at(MIN_POSITION + (i / w) * (MAX_POSITION - MIN_POSITION)));
    const [fx, fy] = at(goal);
    dots.line(fx, fy, fx, fy - 9);
    dots.line(fx, fy - 9, fx + 4, fy - 7);
    const [cx, cy] = at(state[0]!);
    dots.disc(cx, cy - 4, 3);
    return `${head(state, action)}\n${dots.toString()}`;
  };
}

/** The same as a picture. */
export function hillsSvg(goal: number): (state: Float64Array, action: string | undefined) => string {
  return (state, action) => {
    const [w, h] = [450, 260];
    const at = (x: number): readonly [number, number] => [share(x) * w, h - 30 - ((height(x) + 1) / 2) * 150];
    const road = Array.from({ length: 91 }, (_, i) =>
      at(MIN_POSITION + (i / 90) * (MAX_POSITION - MIN_POSITION)),
    );
    const [fx, fy] = at(goal);
    const [x, y] = at(state[0]!);
    // The slope, by the derivative of the road.
    const turn = Math.atan2(-3 * Math.cos(3 * state[0]!) * 75, w / (MAX_POSITION - MIN_POSITION));
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const on = (along: number, up: number): readonly [number, number] => [
      x + along * cos + up * sin,
      y + along * sin - up * cos,
    ];
    return picture(w, h, [
      label(10, 22, head(state, action)),
      path(road, "#333333", 2),
      path(
        [
          [fx, fy],
          [fx, fy - 40],
        ],
        "#333333",
        2,
      ),
      path(
        [
          [fx + 2, fy - 35],
          [fx + 20, fy - 30],
        ],
        "#c8b900",
        9,
      ),
      path([on(-12, 13), on(12, 13)], "#222222", 12),
      circle(...on(-10, 5), 5, "#888888"),
      circle(...on(10, 5), 5, "#888888"),
    ]);
  };
}
