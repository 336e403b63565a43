import type { ChartSpec } from "./chart.ts";
import { finite, frame, type Labels } from "./parts.ts";
import { DIVERGING, SEQUENTIAL } from "./theme.ts";

export interface HeatMapOptions {
  /** Names of the rows and columns, 0, 1, 2 … by default. */
  rows?: readonly string[];
  columns?: readonly string[];
  /** Text in the cells: given strings, or the values in a d3 number format such as ".2f". */
  cells?: readonly (readonly string[])[] | string;
  /** A diverging scale is white at 0. */
  scale?: "sequential" | "diverging";
  /** What the colour means, with its unit. */
  legend?: string;
  /** The side of a cell, pixels. */
  cell?: number;
}

/** A matrix as coloured cells, row 0 at the top. `null` leaves a cell empty. */
export function heatMap(
  labels: Labels,
  values: readonly ArrayLike<number | null>[],
  options: HeatMapOptions = {},
): ChartSpec {
  const { rows, columns, cells, scale = "sequential", legend } = options;
  const height = values.length;
  const width = values[0]?.length ?? 0;
  const flat = values.flatMap((row, i) => {
    if (row.length !== width)
      throw new RangeError(`chart "${labels.title}": row ${i} has ${row.length} cells, row 0 has ${width}`);
    return Array.from(row, (value, j) => ({
      row: i,
      column: j,
      value: value === null ? null : finite(labels, `row ${i}`, value, j),
      ...(typeof cells === "object" ? { words: cells[i]?.[j] ?? "" } : {}),
    }));
  });
  const known = flat.flatMap((c) => c.value ?? []);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const far = Math.max(-least, most) || 1;
  const side = options.cell ?? Math.max(2, Math.min(48, Math.floor(560 / Math.max(width, height, 1))));
  const names = (given: readonly string[] | undefined): object => ({
    grid: false,
    domain: false,
    ticks: false,
    labelAngle: 0,
    labelOverlap: true,
    ...(given ? { labelExpr: `${JSON.stringify(given)}[datum.value]` } : {}),
  });
  const place = {
    x: { field: "column", type: "ordinal", title: labels.x ?? null, axis: names(columns) },
    y: { field: "row", type: "ordinal", title: labels.y ?? null, axis: names(rows) },
  };
  const light =
    scale === "diverging"
      ? `abs(datum.value) < ${0.55 * far}`
      : `datum.value > ${least + 0.55 * (most - least)}`;
  return {
    ...frame(labels, width * side, height * side),
    data: { values: flat },
    layer: [
      {
        transform: [{ filter: "datum.value !== null" }],
        mark: { type: "rect" },
        encoding: {
          ...place,
          color: {
            field: "value",
            type: "quantitative",
            title: legend ?? null,
            legend: { gradientLength: Math.min(300, height * side) },
            scale:
              scale === "diverging" ? { scheme: DIVERGING, domain: [-far, far] } : { scheme: SEQUENTIAL },
          },
        },
      },
      ...(cells === undefined
        ? []
        : [
            {
              mark: { type: "text", fontSize: Math.min(13, side / 3) },
              encoding: {
                ...place,
                text:
                  typeof cells === "string"
                    ? { field: "value", type: "quantitative", format: cells }
                    : { field: "words", type: "nominal" },
                color: {
                  condition: { test: `datum.value === null || ${light}`, value: "#111111" },
                  value: "#ffffff",
                },
              },
            },
          ]),
    ],
  };
}
