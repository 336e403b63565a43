/** Draws a look at a model on a canvas. */
import type { Layer, Look, View } from "./models.ts";

export interface Colours {
  readonly ground: string;
  readonly data: string;
  readonly ink: string;
  readonly accent: string;
  readonly hue: string;
}

interface Scene {
  readonly view: View;
  readonly real: Float32Array | undefined;
  readonly look: Look | undefined;
  readonly layers: ReadonlySet<Layer>;
  readonly colours: Colours;
}

/** From the plane to pixels: y grows upwards there, and downwards here. */
const project =
  ({ x, y, reach }: View, side: number) =>
  (px: number, py: number) =>
    [((px - x) / reach + 1) * (side / 2), (1 - (py - y) / reach) * (side / 2)] as const;

export function paint(context: CanvasRenderingContext2D, side: number, scene: Scene): void {
  const { view, real, look, layers, colours } = scene;
  const at = project(view, side);
  context.clearRect(0, 0, side, side);
  if (look?.judge && layers.has("judge")) shade(context, side, look.judge, colours.hue);
  if (real && layers.has("data")) dots(context, real, at, colours.data, side / 260, 0.8);
  if (look?.grid && layers.has("grid"))
    lines(context, look.grid.lines, look.grid.points, at, colours.hue, look.grid.points > 100 ? 1.8 : 0.9);
  if (look?.field && layers.has("field")) arrows(context, look.field, at, (1.7 * side) / 19, colours.hue);
  if (look?.ways && layers.has("ways")) ways(context, look.ways, at, colours.hue);
  if (look && layers.has("samples")) dots(context, look.samples, at, colours.accent, side / 240, 0.75);
}

type At = ReturnType<typeof project>;

function dots(
  context: CanvasRenderingContext2D,
  points: Float32Array,
  at: At,
  colour: string,
  radius: number,
  opacity: number,
): void {
  context.fillStyle = colour;
  context.globalAlpha = opacity;
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = at(points[i]!, points[i + 1]!);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
  context.globalAlpha = 1;
}

function lines(
  context: CanvasRenderingContext2D,
  points: Float32Array,
  each: number,
  at: At,
  colour: string,
  width: number,
): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.globalAlpha = 0.65;
  context.beginPath();
  for (let i = 0; i < points.length / 2; i++) {
    const [x, y] = at(points[2 * i]!, points[2 * i + 1]!);
    if (i % each === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** Arrows, all drawn shorter alike, so that the longest is `longest` pixels long. */
function arrows(
  context: CanvasRenderingContext2D,
  { at: from, by }: NonNullable<Look["field"]>,
  at: At,
  longest: number,
  colour: string,
): void {
  let length = 1e-12;
  for (let i = 0; i < by.length; i += 2) length = Math.max(length, Math.hypot(by[i]!, by[i + 1]!));
  const scale = longest / length;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.1;
  context.globalAlpha = 0.8;
  for (let i = 0; i < from.length; i += 2) {
    const [x, y] = at(from[i]!, from[i + 1]!);
    const [dx, dy] = [by[i]! * scale, -by[i + 1]! * scale];
    const long = Math.hypot(dx, dy);
    if (long < 1.2) continue;
    const [ux, uy] = [dx / long, dy / long];
    const head = Math.min(5, long / 2);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + dx - ux * head, y + dy - uy * head);
    context.stroke();
    context.beginPath();
    context.moveTo(x + dx, y + dy);
    context.lineTo(x + dx - head * (ux + 0.5 * uy), y + dy - head * (uy - 0.5 * ux));
    context.lineTo(x + dx - head * (ux - 0.5 * uy), y + dy - head * (uy + 0.5 * ux));
    context.fill();
  }
  context.globalAlpha = 1;
}

/** The ways of points, from faint (noise) to strong. */
function ways(
  context: CanvasRenderingContext2D,
  { steps, points }: NonNullable<Look["ways"]>,
  at: At,
  colour: string,
): void {
  const count = points.length / steps / 2;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  for (let s = 1; s < steps; s++) {
    context.globalAlpha = 0.15 + (0.6 * s) / steps;
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const [before, now] = [2 * ((s - 1) * count + i), 2 * (s * count + i)];
      context.moveTo(...at(points[before]!, points[before + 1]!));
      context.lineTo(...at(points[now]!, points[now + 1]!));
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** The judge's opinion as a shade, from none where it is lowest on the plane to full where it is highest. */
function shade(
  context: CanvasRenderingContext2D,
  side: number,
  { side: places, values }: NonNullable<Look["judge"]>,
  colour: string,
): void {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const small = new OffscreenCanvas(places, places);
  const cells = small.getContext("2d")!;
  cells.fillStyle = colour;
  values.forEach((value, i) => {
    cells.globalAlpha = (0.45 * (value - low)) / Math.max(high - low, 1e-6);
    // Rows are counted from below.
    cells.fillRect(i % places, places - 1 - Math.floor(i / places), 1, 1);
  });
  context.drawImage(small, 0, 0, side, side);
}
