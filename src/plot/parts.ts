import type { ChartSpec } from "./chart.ts";
import { PALETTE, PALETTE_10 } from "./theme.ts";

export type Numbers = ArrayLike<number>;
export type ScaleType = "linear" | "log";

/** A chart's title, and its axes' titles with units. */
export interface Labels {
  title: string;
  subtitle?: string;
  x?: string;
  y?: string;
}

export const frame = (labels: Labels, width?: number | object, height?: number | object): object => ({
  title: { text: labels.title, ...(labels.subtitle ? { subtitle: labels.subtitle } : {}) },
  ...(width === undefined ? {} : { width }),
  ...(height === undefined ? {} : { height }),
});

export const axis = (title: string | undefined): object => ({ type: "quantitative", title: title ?? null });

/** Colours repeat beyond ten names. */
export function colours(names: readonly string[]): object {
  const palette = names.length <= PALETTE.length ? PALETTE : PALETTE_10;
  return { domain: names, range: names.map((_, i) => palette[i % palette.length]) };
}

export function finite(
  labels: Labels,
  name: string,
  value: number | null | undefined,
  index: number,
  scale?: ScaleType,
): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new RangeError(
      `chart "${labels.title}": value ${index} of "${name}" is ${value}; it must be a finite number`,
    );
  if (scale === "log" && value <= 0)
    throw new RangeError(
      `chart "${labels.title}": value ${index} of "${name}" is ${value}; a log scale shows only values above 0`,
    );
  return value;
}

export function sameLength(
  labels: Labels,
  name: string,
  values: ArrayLike<unknown>,
  others: readonly (ArrayLike<unknown> | undefined)[],
): void {
  for (const other of others)
    if (other && other.length !== values.length)
      throw new RangeError(
        `chart "${labels.title}": "${name}" has columns of ${values.length} and ${other.length} values`,
      );
}

/** Charts side by side under one title, in rows of `columns` (all in one row by default). */
export function sideBySide(title: string, charts: readonly ChartSpec[], columns = charts.length): ChartSpec {
  return {
    title: { text: title, anchor: "middle" },
    concat: charts,
    columns,
    resolve: { scale: { color: "independent", strokeDash: "independent" } },
  };
}
