import type { TopLevelSpec } from "vega-lite";
import { THEME } from "./theme.ts";

/** A chart is plain data: a Vega-Lite specification. `lineChart` and its siblings make the usual ones. */
export type ChartSpec = TopLevelSpec;

/**
 * Draw a chart as SVG text, in Node or in a browser.
 * @throws Error where Vega-Lite or Vega objects to the specification: a warning of theirs stops the drawing too.
 */
export async function chartSvg(spec: ChartSpec): Promise<string> {
  const [vega, lite] = await Promise.all([import("vega"), import("vega-lite")]);
  const logger = vega.logger(vega.Warn, undefined, (_method, _level, args) => {
    throw new Error(`chart: ${args.map((a) => (a instanceof Error ? a.message : String(a))).join(" ")}`);
  });
  const { spec: compiled } = lite.compile(spec, { config: THEME, logger });
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logger });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
