export { type Bar, barChart } from "./bars.ts";
export { type ChartSpec, chartSvg } from "./chart.ts";
export { type HeatMapOptions, heatMap } from "./heatmap.ts";
export { type ImageFigure, type ImageRow, imageFigure } from "./images.ts";
export { type Line, type LineOptions, lineChart } from "./lines.ts";
export { type Labels, sideBySide } from "./parts.ts";
export { type Scatter, scatterChart } from "./scatter.ts";
export { PALETTE, PALETTE_10, THEME } from "./theme.ts";
