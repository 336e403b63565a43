export * from "./index.ts";
export { saveChart, savePng, svgToPng } from "./node.ts";
