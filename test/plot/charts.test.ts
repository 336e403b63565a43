import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import {
  barChart,
  type ChartSpec,
  chartSvg,
  heatMap,
  lineChart,
  PALETTE,
  scatterChart,
  sideBySide,
} from "../../src/plot/index.ts";
import { saveChart, svgToPng } from "../../src/plot/node.ts";

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

describe("charts as SVG", () => {
  test("lines: one path a line in palette order, bands, reference lines, titles", async () => {
    const wave = [0, 3, 1, 4];
    const svg = await chartSvg(
      lineChart(
        { title: "Returns", subtitle: "5 runs", x: "episode", y: "G" },
        [
          { name: "SARSA", y: wave, low: [-1, 2, 0, 3], high: [1, 4, 2, 5] },
          { name: "Q-learning", y: [1, null, 2, 2], dashed: true },
        ],
        { marks: [{ y: 2, name: "optimum" }] },
      ),
    );
    for (const words of ["Returns", "5 runs", "episode", ">G<", "SARSA", "Q-learning", "optimum"])
      expect(svg).toContain(words);
    const stroked = (k: number) =>
      new RegExp(`aria-roledescription="line mark"[^>]*stroke="${PALETTE[k]}"`, "g");
    expect([count(svg, stroked(0)), count(svg, stroked(1)), count(svg, stroked(2))]).toEqual([1, 1, 0]);
    expect(count(svg, /aria-roledescription="area mark"/g)).toBe(1);
    expect(count(svg, /aria-roledescription="rule mark"/g)).toBe(1);
  });

  test("scatter without classes: points, and no names", async () => {
    const points = { x: [0, 1, 2], y: [0, 1, 2] };
    const svg = await chartSvg(scatterChart({ title: "Points" }, points));
    expect(count(svg, /aria-roledescription="circle"/g)).toBe(3);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test("scatter: a point each, the class names at the medians", async () => {
    const svg = await chartSvg(
      scatterChart(
        { title: "Latent space" },
        { x: [0, 1, 2, 9], y: [0, 1, 2, 9], classes: [0, 0, 0, 2], names: ["cat", "dog", "owl"] },
      ),
    );
    expect(count(svg, /aria-roledescription="circle"/g)).toBe(4);
    // In the legend once, at the median twice (outline and ink); a class without points is nowhere.
    expect([count(svg, />cat</g), count(svg, />owl</g), count(svg, />dog</g)]).toEqual([3, 3, 0]);
  });

  test("bars: lying or upright, grouped, with error bars", async () => {
    const lying = await chartSvg(barChart({ title: "MSE" }, [{ name: "PCA", value: 0.0168 }]));
    expect(lying).toContain("0.0168");
    const bars = ["a", "b"].flatMap((name) =>
      ["x", "y"].map((group) => ({ name, group, value: 1, low: 0, high: 2 })),
    );
    const svg = await chartSvg(barChart({ title: "MSE" }, bars, { upright: true }));
    expect(count(svg, /aria-roledescription="bar"/g)).toBe(4);
    expect(count(svg, /aria-roledescription="rule mark"/g)).toBe(4);
  });

  test("heat map: a cell each, none for null, words, names", async () => {
    const options = {
      cells: [
        ["←", "↑"],
        ["→", ""],
      ],
      rows: ["north", "south"],
      scale: "diverging",
    } as const;
    const svg = await chartSvg(
      heatMap(
        { title: "v" },
        [
          [1, -1],
          [0, null],
        ],
        options,
      ),
    );
    expect(count(svg, /aria-roledescription="rect mark"/g)).toBe(3);
    for (const words of ["←", "↑", "→", "north", "south"]) expect(svg).toContain(words);
  });

  test("side by side: both charts under one title", async () => {
    const part = (title: string) => heatMap({ title }, [[1, 2]]);
    const svg = await chartSvg(sideBySide("Iteration 3", [part("values"), part("policy")]));
    for (const words of ["Iteration 3", "values", "policy"]) expect(svg).toContain(words);
  });
});

describe("what cannot be drawn is refused", () => {
  const labels = { title: "Loss" };
  test.each([
    [() => lineChart(labels, [{ name: "VAE", y: [1, Number.NaN] }]), 'chart "Loss": value 1 of "VAE" is NaN'],
    [
      () => lineChart(labels, [{ name: "VAE", y: [1, 0] }], { yScale: "log" }),
      "a log scale shows only values above 0",
    ],
    [() => lineChart(labels, [{ name: "VAE", x: [1], y: [1, 0] }]), '"VAE" has columns of 2 and 1 values'],
    [() => scatterChart(labels, { x: [1], y: [Number.POSITIVE_INFINITY] }), 'value 0 of "y" is Infinity'],
    [() => heatMap(labels, [[1, 2], [3]]), "row 1 has 1 cells, row 0 has 2"],
    [() => barChart(labels, [{ name: "b", value: Number.NaN }]), 'value 0 of "b" is NaN'],
  ])("%#", (make, sentence) => {
    expect(make).toThrow(sentence);
  });

  test("a specification that Vega-Lite warns about", async () => {
    const wrong = {
      data: { values: [{ a: 1 }] },
      mark: "bar",
      encoding: { x: { field: "a", aggregate: "nope" } },
    };
    await expect(chartSvg(wrong as unknown as ChartSpec)).rejects.toThrow("chart: ");
  });
});

describe("PNG", () => {
  const chart = lineChart({ title: "Loss", x: "step" }, [{ name: "VAE", y: [3, 2, 1] }], {
    width: 200,
    height: 100,
  });

  test("text is drawn without the machine's fonts", async () => {
    const svg = await chartSvg(chart);
    const ink = (png: Uint8Array): number => Uint8Array.from(decode(png).data).filter((v) => v < 80).length;
    const withText = ink(svgToPng(svg));
    const without = ink(svgToPng(svg.replace(/<text[\s\S]*?<\/text>/g, "")));
    expect(withText - without).toBeGreaterThan(1000);
  });

  test("scale multiplies the pixels, and the background is white", async () => {
    const svg = await chartSvg(chart);
    const [one, three] = [decode(svgToPng(svg, { scale: 1 })), decode(svgToPng(svg, { scale: 3 }))];
    expect([three.width, three.height]).toEqual([3 * one.width, 3 * one.height]);
    expect([...one.data.subarray(0, 4)]).toEqual([255, 255, 255, 255]);
  });

  test("saveChart writes the file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "galatea-plot-"));
    await saveChart(join(folder, "plots/loss.png"), chart);
    expect(decode(await readFile(join(folder, "plots/loss.png"))).width).toBeGreaterThan(400);
    await rm(folder, { recursive: true });
  });
});
