import { imageGrid, type Raster, toRasters } from "../data/image.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import { BACKGROUND, FONT_STACK, INK, THEMED, themed } from "./theme.ts";

export interface ImageRow {
  /** Written to the left of the row: "input", "reconstruction". */
  name?: string;
  /** A batch [N, C, H, W] in [0, 1], or pictures of one size. */
  images: NdArray<"float32"> | readonly Raster[];
}

export interface ImageFigure {
  title: string;
  subtitle?: string;
  rows: readonly ImageRow[];
  /** Written above the columns. */
  columns?: readonly string[];
  /** Width of one picture in pixels. 64 by default. */
  size?: number;
}

const PADDING = 12;
const GAP = 4;

/** Rows of pictures with a title, row names and column names, as SVG text. Pixels stay sharp squares. */
export async function imageFigure(figure: ImageFigure): Promise<string> {
  // Loaded only when a figure is drawn.
  const { encodePng } = await import("../data/png.ts");
  const { title, subtitle, rows, columns = [], size = 64 } = figure;
  // DejaVu Sans takes about 0.62 em per character; a little more keeps long names off the pictures.
  const textWidth = (words: string, fontSize: number): number => 0.68 * fontSize * words.length;
  const margin = Math.max(0, ...rows.map((row) => textWidth(row.name ?? "", 13)));
  const left = PADDING + (margin > 0 ? margin + 8 : 0);
  const top = PADDING + 22 + (subtitle ? 18 : 0) + (columns.length > 0 ? 20 : 0) + 6;
  let y = top;
  let right = left;
  const body = rows.map((row) => {
    const images = "dtype" in row.images ? toRasters(row.images) : row.images;
    const n = images.length;
    // Enlarged beforehand, because viewers differ in whether they blur.
    const scale = Math.max(1, Math.round((2 * size) / (images[0]?.width ?? 1)));
    const grid = imageGrid(images, { columns: n, padding: 0, scale });
    const [width, height] = [n * size, (grid.height * n * size) / grid.width];
    const name = row.name ? text(row.name, left - 8, y + height / 2 + 4, { size: 13, anchor: "end" }) : "";
    const picture = `<image x="${left}" y="${y}" width="${width}" height="${height}" image-rendering="optimizeSpeed" href="${dataUrl(encodePng(grid))}"/>`;
    y += height + GAP;
    right = Math.max(right, left + width);
    return name + picture;
  });
  const heads = columns.map((words, i) =>
    text(words, left + (i + 0.5) * size, top - 8, { size: 12, anchor: "middle" }),
  );
  const width = Math.ceil(Math.max(right, PADDING + textWidth(title, 16)) + PADDING);
  const height = Math.ceil(y - GAP + PADDING);
  const parts = [
    `<svg class="${THEMED}" xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" fill="${BACKGROUND}"/>`,
    text(title, PADDING, PADDING + 15, { size: 16, bold: true }),
    subtitle ? text(subtitle, PADDING, PADDING + 34, { size: 12 }) : "",
    ...heads,
    ...body,
    "</svg>",
  ];
  return themed(parts.join("\n"));
}

function text(
  words: string,
  x: number,
  y: number,
  style: { size: number; anchor?: string; bold?: boolean },
): string {
  const { size, anchor = "start", bold = false } = style;
  const escaped = words.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  const weight = bold ? ' font-weight="bold"' : "";
  return `<text x="${x}" y="${y}" font-family="${FONT_STACK}" font-size="${size}" fill="${INK}" text-anchor="${anchor}"${weight}>${escaped}</text>`;
}

function dataUrl(png: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < png.length; i += 0x8000) binary += String.fromCharCode(...png.subarray(i, i + 0x8000));
  return `data:image/png;base64,${btoa(binary)}`;
}
