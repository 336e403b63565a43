export { listRuns } from "./folders.node.ts";
export * from "./index.ts";
export { createRun, openRunFolder, RunFolder } from "./node.ts";
export { type Mpi, openMpi } from "./parallel/mpi.node.ts";
export { RunWriter } from "./run-writer.node.ts";
