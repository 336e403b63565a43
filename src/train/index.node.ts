export * from "./index.ts";
export {
  checkpointSteps,
  createRun,
  listRuns,
  openRun,
  type RunConfig,
  type RunFolder,
  readCheckpoint,
  writeCheckpoint,
} from "./node.ts";
export { RunWriter } from "./run-writer.node.ts";
