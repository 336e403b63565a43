import { expect, test } from "vitest";
import { chartSvg } from "../../src/plot/chart.ts";
import { imageFigure } from "../../src/plot/images.ts";
import { svgToPng } from "../../src/plot/node.ts";
import { scatterChart } from "../../src/plot/scatter.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";

const charts = async (): Promise<string[]> => [
  await chartSvg(
    scatterChart(
      { title: "编码", subtitle: "codes", x: "x", y: "y" },
      { x: [0, 1], y: [1, 0], classes: [0, 1], names: ["一", "two"] },
    ),
  ),
  await imageFigure({ title: "图像", rows: [{ name: "one", images: ndarray(new Float32Array(4), [1, 1, 2, 2]) }] }), // biome-ignore format: one line
];

test("pictures follow a dark theme, and leave the rest of a page alone", async () => {
  for (const svg of await charts()) {
    const [, style = ""] = /^<svg[^>]*class="marks"[^>]*><style>(.*?)<\/style>/.exec(svg) ?? [];
    expect(style).toMatch(/^@media \(prefers-color-scheme:dark\)\{.*\}$/);
    const selectors = [...style.slice(style.indexOf("{") + 1).matchAll(/([^{}]+)\{/g)].map((m) => m[1]!);
    expect(selectors.every((selector) => selector.startsWith("svg.marks "))).toBe(true);
    // Every colour of letters is one that the dark theme changes.
    const inks = [...svg.matchAll(/<text[^>]*fill="([^"]+)"/g)].map((m) => m[1]!);
    for (const ink of new Set(inks)) expect(style).toContain(`[fill="${ink}"]`);
    expect(svg).toContain("Noto Sans CJK SC");
  }
});

test("as PNG they stay light", async () => {
  for (const svg of await charts())
    expect(svgToPng(svg)).toEqual(svgToPng(svg.replace(/<style>.*?<\/style>/, "")));
});
