export type { Checkpoint, CheckpointStore, Metrics, TrainEvent } from "./checkpoint.ts";
export { type Data, type Examples, type Fields, imageData, imageExamples, mixtureData } from "./examples.ts";
export { type PlanOptions, planFor, type TrainOptions, train } from "./loop.ts";
export type { Batch, HostBatch, Losses, Picture, Plan, Player, Task } from "./task.ts";
export { encodeEvent, eventFileName, eventFileStart, type TensorBoardEvent } from "./tensorboard.ts";
