import type { ChartSpec } from "./chart.ts";
import { axis, colours, finite, frame, type Labels } from "./parts.ts";
import { PALETTE } from "./theme.ts";

export interface Bar {
  name: string;
  value: number;
  /** Bars of the same name are drawn side by side, one for each group. */
  group?: string;
  /** The ends of an error bar (both or neither). */
  low?: number;
  high?: number;
}

/** Pixels that a letter of a name takes. */
const LETTER = 6.5;

/** Bars in the given order, horizontal unless `upright`; each is labelled with its value unless `values` is false. */
export function barChart(
  labels: Labels,
  bars: readonly Bar[],
  options: { upright?: boolean; values?: boolean; format?: string; width?: number; height?: number } = {},
): ChartSpec {
  const { upright = false, values: written = true, format = ".4~g", width, height } = options;
  bars.forEach((bar, i) => {
    for (const v of [bar.value, bar.low ?? 0, bar.high ?? 0]) finite(labels, bar.name, v, i);
  });
  const names = new Set(bars.map((bar) => bar.name));
  const longest = Math.max(...[...names].map((each) => each.length));
  /** Names that would run into one another are tilted. */
  const crowded = upright && width !== undefined && longest * LETTER > width / names.size;
  const groups = [...new Set(bars.flatMap((bar) => bar.group ?? []))];
  const name = {
    field: "name",
    type: "nominal",
    title: (upright ? labels.x : labels.y) ?? null,
    sort: null,
    axis: { grid: false, labelAngle: crowded ? -25 : 0, labelLimit: 260 },
  };
  const value = { field: "value", ...axis(upright ? labels.y : labels.x) };
  const grouped = groups.length > 0;
  const offset = grouped ? { [upright ? "xOffset" : "yOffset"]: { field: "group", sort: groups } } : {};
  const color = {
    field: "group",
    type: "nominal",
    title: null,
    scale: colours(groups),
    legend: { orient: "bottom" },
  };
  const [across, along] = upright ? ["x", "y"] : ["y", "x"];
  const place = { [across!]: name, ...offset };
  const errors = bars.filter((bar) => bar.low !== undefined && bar.high !== undefined);
  return {
    ...frame(
      labels,
      upright && width === undefined ? { step: 48 } : width,
      upright ? height : (height ?? { step: 30 }),
    ),
    data: { values: bars },
    layer: [
      {
        mark: { type: "bar", color: PALETTE[0] },
        encoding: { ...place, [along!]: value, ...(grouped ? { color } : {}) },
      },
      ...(errors.length > 0
        ? [
            {
              data: { values: errors },
              mark: { type: "rule", color: "#222222", strokeWidth: 1.5 },
              encoding: { ...place, [along!]: { ...value, field: "low" }, [`${along}2`]: { field: "high" } },
            },
          ]
        : []),
      ...(written && errors.length === 0
        ? [
            {
              mark: upright
                ? { type: "text", dy: { expr: "datum.value < 0 ? 9 : -7" }, fontSize: 11 }
                : {
                    type: "text",
                    dx: { expr: "datum.value < 0 ? -4 : 4" },
                    align: { expr: "datum.value < 0 ? 'right' : 'left'" },
                    fontSize: 11,
                  },
              encoding: { ...place, [along!]: value, text: { field: "value", type: "quantitative", format } },
            },
          ]
        : []),
    ],
  };
}
