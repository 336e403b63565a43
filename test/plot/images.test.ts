import { decode } from "fast-png";
import { expect, test } from "vitest";
import { raster } from "../../src/data/image.ts";
import { imageFigure } from "../../src/plot/index.ts";
import { svgToPng } from "../../src/plot/node.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";

test("rows of pictures with their names, in sharp pixels", async () => {
  const svg = await imageFigure({
    title: "Autoencoder <32>",
    subtitle: "test digits",
    columns: ["seven", "two"],
    rows: [
      { name: "input", images: ndarray(Float32Array.of(0, 1, 1, 0, 1, 1, 0, 0), [2, 1, 2, 2]) },
      { name: "reconstruction", images: [raster(2, 2, 1), raster(2, 2, 1)] },
    ],
    size: 40,
  });
  for (const words of ["Autoencoder &#60;32&#62;", "test digits", "seven", "two", "input", "reconstruction"])
    expect(svg).toContain(`>${words}</text>`);
  const png = decode(svgToPng(svg, { scale: 1 }));
  const [, x, y] = /<image x="([\d.]+)" y="([\d.]+)"/.exec(svg)!.map(Number) as [number, number, number];
  const at = (dx: number, dy: number) => png.data[4 * (Math.floor(y + dy) * png.width + Math.floor(x + dx))];
  // The corners of the first digit's four pixels, each 20 × 20 on the page: no shade between black and white.
  expect([at(3, 3), at(17, 3), at(23, 3), at(37, 3), at(3, 23), at(37, 23)]).toEqual([
    0, 0, 255, 255, 255, 0,
  ]);
});
