import { escaped } from "./text-svg.ts";

/** A number of pixels as short text. */
const px = (x: number): string => String(Math.round(x * 100) / 100);

/** SVG text: a white picture with shapes on it, the first at the back. */
export function picture(width: number, height: number, shapes: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}">` +
    `<rect width="${px(width)}" height="${px(height)}" fill="#ffffff"/>${shapes.join("")}</svg>\n`
  );
}

export function rect(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${fill}"/>`;
}

export function circle(x: number, y: number, r: number, fill: string): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(r)}" fill="${fill}"/>`;
}

type Point = readonly [number, number];
const list = (points: readonly Point[]): string => points.map(([x, y]) => `${px(x)},${px(y)}`).join(" ");

export function polygon(points: readonly Point[], fill: string): string {
  return `<polygon points="${list(points)}" fill="${fill}"/>`;
}

/** A line through the points, with round ends. */
export function path(points: readonly Point[], stroke: string, width: number): string {
  return `<polyline points="${list(points)}" fill="none" stroke="${stroke}" stroke-width="${px(width)}" stroke-linecap="round" stroke-linejoin="round"/>`;
}

/** Text whose baseline begins at (x, y), or is centred there. */
export function label(
  x: number,
  y: number,
  text: string,
  { size = 14, fill = "#1d2733", centred = false }: { size?: number; fill?: string; centred?: boolean } = {},
): string {
  return `<text x="${px(x)}" y="${px(y)}" font-family="sans-serif" font-size="${px(size)}" fill="${fill}"${centred ? ' text-anchor="middle"' : ""}>${escaped(text)}</text>`;
}
