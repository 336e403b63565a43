export { listRuns } from "./folders.node.ts";
export * from "./index.ts";
export { createRun, openRunFolder, RunFolder } from "./node.ts";
export { RunWriter } from "./run-writer.node.ts";
