export * from "./index.ts";
export { openRuler, rulerOnDemand, SHIPPED_RULERS } from "./metrics/ruler.node.ts";
