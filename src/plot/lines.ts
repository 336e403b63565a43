import type { ChartSpec } from "./chart.ts";
import {
  axis,
  colours,
  finite,
  frame,
  type Labels,
  type Numbers,
  type ScaleType,
  sameLength,
} from "./parts.ts";

/** One line. `null` in `y` leaves a gap. `low` and `high` (both or neither) draw a band around it. */
export interface Line {
  name: string;
  /** Defaults to 0, 1, 2 … */
  x?: Numbers;
  y: ArrayLike<number | null>;
  low?: Numbers;
  high?: Numbers;
  dashed?: boolean;
}

export interface LineOptions {
  xScale?: ScaleType;
  yScale?: ScaleType;
  /** Tick values of the x axis; chosen by the scale when left out. */
  xTicks?: readonly number[];
  /** Whether the y axis must include 0. */
  yZero?: boolean;
  /** Horizontal reference lines, each with its label. */
  marks?: readonly { y: number; name: string }[];
  /** Size of the plot without its axes, pixels. */
  width?: number;
  height?: number;
}

/** Lines over a common axis, each in its own colour. */
export function lineChart(labels: Labels, lines: readonly Line[], options: LineOptions = {}): ChartSpec {
  const { xScale = "linear", yScale = "linear", yZero = false, marks = [], xTicks, width, height } = options;
  const points = lines.flatMap((line) => {
    const { name, x, y, low, high } = line;
    sameLength(labels, name, y, [x, low, high]);
    const number = (values: ArrayLike<number | null>, i: number, scale: ScaleType = yScale): number =>
      finite(labels, name, values[i], i, scale);
    return Array.from(y, (value, i) => ({
      name,
      x: x ? number(x, i, xScale) : i,
      y: value === null ? null : number(y, i),
      ...(low && high ? { low: number(low, i), high: number(high, i) } : {}),
    }));
  });
  const names = lines.map((line) => line.name);
  const x = {
    field: "x",
    ...axis(labels.x),
    ...(xTicks && { axis: { values: xTicks } }),
    scale: xScale === "log" ? { type: "log" } : { zero: false, nice: false },
  };
  const y = { ...axis(labels.y), scale: yScale === "log" ? { type: "log" } : { zero: yZero } };
  const longest = Math.max(...names.map((name) => name.length));
  const legend =
    names.length > 1
      ? {
          orient: "bottom",
          columns: longest > 32 ? 1 : longest > 20 ? 2 : 3,
          symbolType: "stroke",
          symbolOpacity: 1,
          symbolStrokeWidth: 3,
        }
      : null;
  const byName = { field: "name", type: "nominal", title: null, legend };
  const color = { ...byName, scale: colours(names) };
  const strokeDash = {
    ...byName,
    scale: { domain: names, range: lines.map((line) => (line.dashed ? [5, 4] : [1, 0])) },
  };
  const banded = points.filter((p) => "low" in p);
  return {
    ...frame(labels, width, height),
    layer: [
      ...(banded.length > 0
        ? [
            {
              data: { values: banded },
              mark: { type: "area", opacity: 0.2 },
              encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
            },
          ]
        : []),
      {
        data: { values: points },
        // Few points are drawn as such: a point between two gaps has no line to show it.
        mark: { type: "line", strokeWidth: 2, point: lines.every((line) => line.y.length <= 30) },
        encoding: { x, y: { ...y, field: "y" }, color, strokeDash },
      },
      ...(marks.length > 0
        ? [
            {
              data: { values: marks },
              encoding: { y: { ...y, field: "y" } },
              layer: [
                { mark: { type: "rule", strokeDash: [2, 3], color: "#666666" } },
                {
                  mark: {
                    type: "text",
                    align: "right",
                    baseline: "bottom",
                    dy: -3,
                    fontSize: 11,
                    color: "#444444",
                  },
                  encoding: { text: { field: "name" }, x: { value: "width" } },
                },
              ],
            },
          ]
        : []),
    ],
  };
}
