export { GradientAccumulator } from "./accumulator.ts";
export { type AdamOptions, adam, adamW } from "./adam.ts";
export { clipGradNorm, globalNorm } from "./clip.ts";
export { Ema } from "./ema.ts";
export type { Optimizer, OptimizerFactory, Schedule } from "./optimizer.ts";
export { type RmsPropOptions, rmsprop } from "./rmsprop.ts";
export * as schedules from "./schedules.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
