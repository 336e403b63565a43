import type { TopLevelSpec } from "vega-lite";
import { EM, THEME, themed } from "./theme.ts";

/**
 * A chart is plain data: a Vega-Lite specification, which Vega-Lite checks when it draws. `lineChart` and its siblings
 * make the usual ones. (It is not typed as Vega-Lite's `TopLevelSpec`, whose declarations do not compile under
 * exactOptionalPropertyTypes.)
 */
export type ChartSpec = object;

/** How Vega measures text: its types leave it out. */
interface TextMetrics {
  width: (item: { fontSize?: number }, text: string | number | null | undefined) => number;
}

/**
 * Draw a chart as SVG text, in Node or in a browser.
 * @throws Error where Vega-Lite or Vega reports an error or a warning.
 */
export async function chartSvg(spec: ChartSpec): Promise<string> {
  const [vega, lite] = await Promise.all([import("vega"), import("vega-lite")]);
  // Without a canvas Vega takes 0.8 em per letter, which leaves gaps and cuts names: this is the shipped font's mean.
  (vega as unknown as { textMetrics: TextMetrics }).textMetrics.width = (item, text) =>
    EM * String(text ?? "").length * (item.fontSize ?? 11);
  const logger = vega.logger(vega.Warn, undefined, (_method, _level, args) => {
    throw new Error(`chart: ${args.map((a) => (a instanceof Error ? a.message : String(a))).join(" ")}`);
  });
  const { spec: compiled } = lite.compile(spec as TopLevelSpec, { config: THEME, logger });
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logger });
  try {
    return themed(await view.toSVG());
  } finally {
    view.finalize();
  }
}
