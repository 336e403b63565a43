import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "../files/node.ts";
import { type ChartSpec, chartSvg } from "./chart.ts";

const require = createRequire(import.meta.url);
const FONT = "DejaVu Sans";
const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) =>
  fileURLToPath(new URL(`../../assets/fonts/${file}`, import.meta.url)),
);

/**
 * SVG text to PNG bytes. `scale` is device pixels per SVG pixel. Text is set in the shipped DejaVu Sans, never in
 * a system font, so the same SVG gives the same picture everywhere.
 */
export function svgToPng(svg: string, options: { scale?: number } = {}): Uint8Array {
  const { scale = 2 } = options;
  const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: FONT, sansSerifFamily: FONT };
  // A native library, loaded on first use.
  const { Resvg } = require("@resvg/resvg-js") as typeof import("@resvg/resvg-js");
  return new Resvg(svg, { font, fitTo: { mode: "zoom", value: scale } }).render().asPng();
}

export const savePng = (path: string, bytes: Uint8Array): Promise<void> => writeFileAtomic(path, bytes);

/** Draw a chart into a PNG file. */
export async function saveChart(
  path: string,
  spec: ChartSpec,
  options: { scale?: number } = {},
): Promise<void> {
  await savePng(path, svgToPng(await chartSvg(spec), options));
}
