export * from "./index.ts";
export { createRun, listRuns, openRunFolder, RunFolder } from "./node.ts";
export { RunWriter } from "./run-writer.node.ts";
