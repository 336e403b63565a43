export * from "./index.ts";
export { nodeWorld, type OpenRunOptions, openRunIn, saveRun } from "./node.ts";
