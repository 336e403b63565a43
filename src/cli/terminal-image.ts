import type { WriteStream } from "node:tty";
import { imageGrid, type Raster, resize, toGray, toRasters, toRgb } from "../data/image.ts";
import type { NdArray } from "../tensor/ndarray.ts";

/** A terminal's colours: 24-bit, the 256 of xterm, or none. */
export type TerminalColour = "truecolor" | "256" | "none";

export interface Terminal {
  columns: number;
  colour: TerminalColour;
}

/** The terminal behind `stream`. NO_COLOR, FORCE_COLOR and TERM count, by Node's own rules; a pipe has no colour. */
export function terminalOf(stream: NodeJS.WriteStream): Terminal {
  if (!stream.isTTY) return { columns: 80, colour: "none" };
  const tty = stream as unknown as WriteStream;
  const depth = tty.getColorDepth();
  return { columns: tty.columns || 80, colour: depth >= 24 ? "truecolor" : depth >= 8 ? "256" : "none" };
}

/**
 * A picture as lines of text. With colour each character shows two pixels, one above the other, as a half block;
 * without, one ASCII shade for both. Pictures wider than the terminal are shrunk.
 */
export function terminalImage(image: Raster, { columns, colour }: Terminal): string {
  const width = Math.min(image.width, columns);
  const height = Math.max(1, Math.round((image.height * width) / image.width));
  const fitted = width === image.width ? image : resize(image, width, height);
  return colour === "none" ? asciiArt(fitted) : halfBlocks(fitted, colour === "256");
}

/** From black to white on a dark terminal, by the ink of each character. */
const SHADES = " .:-=+*#%@";

function asciiArt(image: Raster): string {
  const { width, height, data } = resize(toGray(image), image.width, Math.ceil(image.height / 2));
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => SHADES[Math.floor((data[y * width + x]! * SHADES.length) / 256)])
      .join("")
      .trimEnd(),
  ).join("\n");
}

function halfBlocks(image: Raster, indexed: boolean): string {
  const { width, height, data } = toRgb(image);
  const code = (x: number, y: number): string => {
    if (y === height) return "5;16"; // below an odd last row: black
    const at = 3 * (y * width + x);
    const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
    return indexed ? `5;${xterm256(r, g, b)}` : `2;${r};${g};${b}`;
  };
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = "";
    let before = "";
    for (let x = 0; x < width; x++) {
      const colours = `\x1b[38;${code(x, y)};48;${code(x, y + 1)}m`;
      line += `${colours === before ? "" : colours}▀`;
      before = colours;
    }
    lines.push(`${line}\x1b[0m`);
  }
  return lines.join("\n");
}

/** The nearest of xterm's 24 greys for greys, of its 6 × 6 × 6 cube for the rest. */
function xterm256(r: number, g: number, b: number): number {
  if (r === g && g === b) {
    if (r < 4) return 16;
    return r > 246 ? 231 : 232 + Math.min(23, Math.round((r - 8) / 10));
  }
  const level = (v: number): number => (v < 48 ? 0 : v < 115 ? 1 : Math.floor((v - 35) / 40));
  return 16 + 36 * level(r) + 6 * level(g) + level(b);
}

/**
 * A batch [N, C, H, W] in [0, 1] as a grid of pictures that fits the terminal: as many per row as stay recognisable,
 * and at most `rows` rows.
 */
export function terminalGrid(
  batch: NdArray<"float32">,
  terminal: Terminal,
  options: { rows?: number } = {},
): string {
  const images = toRasters(batch);
  const first = images[0];
  if (!first) return "";
  const side = Math.min(first.width, terminal.columns - 2, terminal.colour === "none" ? 24 : 20);
  const height = Math.max(1, Math.round((first.height * side) / first.width));
  const columns = Math.max(1, Math.min(images.length, Math.floor((terminal.columns - 1) / (side + 1))));
  const shown = images.slice(0, columns * (options.rows ?? 4));
  const small = shown.map((image) => (side < image.width ? resize(image, side, height) : image));
  const background = terminal.colour === "none" ? 0 : 60;
  return terminalImage(imageGrid(small, { columns, padding: 1, background }), terminal);
}
