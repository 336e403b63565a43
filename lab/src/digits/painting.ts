/** A picture of which a part is kept: pixels in [0, 1], and a mask that is 1 where they stay. */
import { MASKS } from "../../../src/generative/diffusion/masks.ts";
import { PIXELS, SIDE } from "./chain.ts";

export interface Painted {
  readonly pixels: Float32Array;
  readonly mask: Float32Array;
}

/** What the brush leaves: ink or paper, which is kept, or nothing. */
export const TOOLS = ["ink", "paper", "free"] as const;
export type Tool = (typeof TOOLS)[number];

/** Pixels around the brush that it reaches, and over which its edge is soft. */
const [REACH, EDGE] = [1.1, 0.8] as const;

/** The distance of a point from the line between two others. */
function distance(
  [x, y]: readonly [number, number],
  [ax, ay]: readonly [number, number],
  [bx, by]: readonly [number, number],
): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/** The picture after a stroke of the brush; places in pixels from the upper left corner. */
export function stroke(
  { pixels, mask }: Painted,
  tool: Tool,
  from: readonly [number, number],
  to: readonly [number, number],
): Painted {
  const next = { pixels: pixels.slice(), mask: mask.slice() };
  for (let i = 0; i < PIXELS; i++) {
    const away = distance([(i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5], from, to);
    const strength = Math.min(1, (REACH + EDGE - away) / EDGE);
    if (strength <= 0) continue;
    if (tool === "free") next.mask[i] = 0;
    else {
      const before = mask[i] === 1 ? pixels[i]! : 0;
      next.pixels[i] = tool === "ink" ? Math.max(before, strength) : Math.min(before, 1 - strength);
      next.mask[i] = 1;
    }
  }
  return next;
}

/** What can be kept of a digit, by the mask of the library that inpaints the rest. */
export const PARTS = {
  upper: "bottom",
  lower: "top",
  left: "right",
  right: "left",
  frame: "centre",
} as const;
export type Part = keyof typeof PARTS;

export const keeping = (digit: Float32Array, part: Part): Painted => ({
  pixels: digit.slice(),
  mask: MASKS[PARTS[part]]([1, 1, SIDE, SIDE]).data.slice(),
});

export const nothing = (): Painted => ({ pixels: new Float32Array(PIXELS), mask: new Float32Array(PIXELS) });

/** Ten test digits, from base64. */
export const digitsOf = (packed: string): readonly Float32Array[] => {
  const all = Float32Array.from(atob(packed), (c) => c.charCodeAt(0) / 255);
  return Array.from({ length: all.length / PIXELS }, (_, i) => all.slice(i * PIXELS, (i + 1) * PIXELS));
};
