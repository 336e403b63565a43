import type { Config } from "vega-lite";

/** Okabe and Ito's palette (2008), distinguishable with every common colour blindness; the palest come last. */
export const PALETTE = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "#000000",
  "#F0E442",
] as const;

/** Ten colours for more classes than `PALETTE` holds: Paul Tol's "muted" scheme, with a dark grey. */
export const PALETTE_10 = [
  "#CC6677",
  "#332288",
  "#DDCC77",
  "#117733",
  "#88CCEE",
  "#882255",
  "#44AA99",
  "#999933",
  "#AA4499",
  "#777777",
] as const;

/** Vega's colour schemes for matrices: from low to high, and from below to above zero. */
export const SEQUENTIAL = "viridis";
export const DIVERGING = "blueorange";

export const INK = "#222222";
export const BACKGROUND = "#ffffff";
const GRID = "#e5e5e5";
/** The last four have Chinese letters. In PNG files text is set in the first, which comes with the package. */
export const FONT_STACK =
  "DejaVu Sans, Verdana, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, WenQuanYi Micro Hei, sans-serif";

/** What the colours become on a dark screen; those of data stay, but for black. */
const DARK_BACKGROUND = "#16181d";
const DARK: readonly (readonly [selector: string, change: string])[] = [
  ["> rect:first-of-type", `fill:${DARK_BACKGROUND}`],
  [`[fill="${INK}"]`, "fill:#e8e8e8"],
  ['[fill="#000000"]', "fill:#f4f4f4"],
  ['[stroke="#000000"]', "stroke:#f4f4f4"],
  [`[stroke="${GRID}"]`, "stroke:#34373e"],
  [`[stroke="${BACKGROUND}"]`, `stroke:${DARK_BACKGROUND}`],
];

/** The class of every picture that follows the theme of the screen. */
export const THEMED = "marks";

/** SVG text of class "marks" that follows the theme of the screen. What draws no style sheets, as PNG files, stays light. */
export function themed(svg: string): string {
  const rules = DARK.map(([selector, change]) => `svg.${THEMED} ${selector}{${change}}`).join("");
  return svg.replace(
    /^<svg[^>]*>/,
    (start) => `${start}<style>@media (prefers-color-scheme:dark){${rules}}</style>`,
  );
}

/** Mean width of a letter of DejaVu Sans, in units of the font size. */
export const EM = 0.62;

/** The look of every chart: fonts, sizes and colours. */
export const THEME = {
  background: BACKGROUND,
  padding: 12,
  font: FONT_STACK,
  view: { stroke: null, continuousWidth: 480, continuousHeight: 300, discreteHeight: 300 },
  title: {
    fontSize: 16,
    fontWeight: "bold",
    color: INK,
    anchor: "start",
    offset: 14,
    subtitleFontSize: 12,
    subtitleColor: INK,
  },
  axis: {
    labelFontSize: 12,
    labelFlush: false,
    titleFontSize: 13,
    titleFontWeight: "normal",
    titlePadding: 8,
    labelColor: INK,
    titleColor: INK,
    domainColor: "#888888",
    tickColor: "#888888",
    gridColor: GRID,
  },
  legend: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
    labelColor: INK,
    titleColor: INK,
    labelLimit: 0,
    symbolSize: 90,
  },
  header: { labelFontSize: 12, titleFontSize: 13, labelColor: INK, titleColor: INK },
  text: { color: INK },
  line: { strokeWidth: 2 },
  range: { category: [...PALETTE], heatmap: { scheme: SEQUENTIAL }, ramp: { scheme: SEQUENTIAL } },
} satisfies Config;
