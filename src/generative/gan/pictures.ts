import type { Mixture } from "../../data/mixtures.ts";
import type { ChartSpec } from "../../plot/chart.ts";
import { axis, frame } from "../../plot/parts.ts";
import { PALETTE } from "../../plot/theme.ts";
import type { NdArray } from "../../tensor/ndarray.ts";

export interface MixtureFigure {
  readonly title: string;
  readonly subtitle?: string;
  /** Side of the plot, pixels. */
  readonly size?: number;
}

const DOTS = { type: "circle", size: 5, opacity: 0.6, color: PALETTE[0] };

/** Points [N, 2] over the modes of a mixture, each a ring of 3σ (at least a few pixels wide); points far out are not shown. */
export function mixtureChart(
  { title, subtitle, size = 380 }: MixtureFigure,
  points: NdArray<"float32">,
  { centres, sigma }: Mixture,
): ChartSpec {
  const far = Math.max(...centres.flat().map(Math.abs));
  const reach = Math.max(1.3 * far, far + 4 * sigma);
  const domain = [-reach, reach];
  const pixels = (2 * 3 * sigma * size) / (2 * reach);
  const encoding = {
    x: { field: "x", ...axis("x"), scale: { domain } },
    y: { field: "y", ...axis("y"), scale: { domain } },
  };
  const values = Array.from({ length: points.shape[0]! }, (_, i) => ({
    x: points.data[2 * i]!,
    y: points.data[2 * i + 1]!,
  })).filter(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)) <= reach);
  const rings = centres.map(([x, y]) => ({ x, y }));
  // A mark's size is its area in square pixels.
  const ring = { type: "point", size: Math.max(12, pixels + 4) ** 2, color: "#888888", strokeWidth: 1.2 };
  return {
    ...frame({ title, ...(subtitle && { subtitle }) }, size, size),
    layer: [
      { data: { values: rings }, mark: ring, encoding },
      {
        data: { values },
        mark: DOTS,
        encoding,
      },
    ],
  };
}

/** Points [N, D] of an unknown distribution, by their first two coordinates; where D = 1, over their index. */
export function pointChart(
  { title, subtitle, size = 380 }: MixtureFigure,
  points: NdArray<"float32">,
): ChartSpec {
  const [n, d] = points.shape as readonly [number, number];
  const values = Array.from({ length: n }, (_, i) => {
    const [first, second] = points.data.subarray(i * d, i * d + 2);
    return d === 1 ? { x: i, y: first } : { x: first, y: second };
  });
  const [x, y] = d === 1 ? ["draw", "x"] : ["x[0]", "x[1]"];
  const scale = { zero: false };
  return {
    ...frame({ title, ...(subtitle && { subtitle }) }, size, size),
    data: { values },
    mark: DOTS,
    encoding: { x: { field: "x", ...axis(x), scale }, y: { field: "y", ...axis(y), scale } },
  };
}
