import type { ChartSpec } from "./chart.ts";
import { axis, colours, finite, frame, type Labels, type Numbers, sameLength } from "./parts.ts";
import { BACKGROUND, INK, PALETTE } from "./theme.ts";

export interface Scatter {
  x: Numbers;
  y: Numbers;
  /** A class index for each point; each class has its own colour, and its name at its median. */
  classes?: ArrayLike<number>;
  names?: readonly string[];
}

/** Points in the plane, such as a map of a latent space coloured by class. */
export function scatterChart(labels: Labels, points: Scatter, options: { size?: number } = {}): ChartSpec {
  const { x, y, classes } = points;
  sameLength(labels, "points", x, [y, classes]);
  const nameOf = (k: number): string => points.names?.[k] ?? String(k);
  const values = Array.from(x, (_, i) => ({
    x: finite(labels, "x", x[i], i),
    y: finite(labels, "y", y[i], i),
    ...(classes ? { class: nameOf(classes[i]!) } : {}),
  }));
  const present = [...new Set(Array.from(classes ?? []))].sort((a, b) => a - b);
  const names = present.map(nameOf);
  const medians = names.map((name) => {
    const mine = values.filter((v) => v.class === name);
    return { class: name, x: median(mine.map((v) => v.x)), y: median(mine.map((v) => v.y)) };
  });
  const side = options.size ?? 460;
  const position = {
    x: { field: "x", ...axis(labels.x), scale: { zero: false } },
    y: { field: "y", ...axis(labels.y), scale: { zero: false } },
  };
  const color = {
    field: "class",
    type: "nominal",
    title: null,
    scale: colours(names),
    legend: { symbolOpacity: 1, symbolType: "circle" },
  };
  const text = { field: "class" };
  return {
    ...frame(labels, side, side),
    layer: [
      {
        data: { values },
        mark: { type: "circle", size: values.length > 2000 ? 9 : 24, opacity: 0.7, color: PALETTE[0] },
        encoding: { ...position, ...(classes ? { color } : {}) },
      },
      // The white outline below each name keeps it readable on its own points. Without classes there are none to place.
      ...(classes ? [{ stroke: BACKGROUND, strokeWidth: 4 }, { fill: INK }] : []).map((ink) => ({
        data: { values: medians },
        mark: { type: "text", fontSize: 15, fontWeight: "bold", ...ink },
        encoding: { ...position, text },
      })),
    ],
  };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}
