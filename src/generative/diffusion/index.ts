export { type Bound, BoundEvaluator, type BoundOptions, discreteNll, priorKl, stepKl } from "./bound.ts";
export { ddim, ddimEncode, type Eta } from "./ddim.ts";
export { ddpm, type Variance } from "./ddpm.ts";
export { CONFIG_FILE, loadUNet, modernState, saveUNet, WEIGHTS_FILE } from "./diffusers.ts";
export { DIT_PATCHES, DIT_SIZES, DIT_VARIANTS, DiT, type DiTOptions, ditVariant } from "./dit.ts";
export { dpmSolver } from "./dpm-solver.ts";
export { denoiserPart, type PartOptions, type SamplerPartOptions, samplerPart } from "./exports.ts";
export { slerp } from "./interpolation.ts";
export { diffusionLoss, type LossOptions, lossWeights, type Weighting } from "./losses.ts";
export {
  type DiffusionModel,
  type DiffusionNetwork,
  labelsFor,
  nullLabel,
  type ReadOptions,
  readNetwork,
  toModel,
  toPixels,
} from "./model.ts";
export { type Plan, type PlannedStep, update, type Weights } from "./plan.ts";
export { PARAMETERIZATIONS, type Parameterization, type Prediction } from "./prediction.ts";
export {
  type Compile,
  type Inpainting,
  initialNoise,
  noiseFor,
  type Progress,
  type RunOptions,
  type SampleOptions,
  Sampler,
  type TraceOptions,
  traceSampler,
} from "./sampler.ts";
export {
  type BetaRange,
  cosine,
  type Level,
  linear,
  NoiseSchedule,
  noiseSchedule,
  type Posterior,
  SCHEDULES,
  type ScheduleName,
  type SigmoidOptions,
  scaledLinear,
  sigmoid,
} from "./schedule.ts";
export {
  type Convention,
  fullTrajectory,
  type Spacing,
  type Step,
  type Trajectory,
  type TrajectoryOptions,
  trajectory,
  visiting,
} from "./trajectory.ts";
export { UNet } from "./unet.ts";
export { DDPM_CIFAR10, ddpmUNet, type UNetConfig, type UNetSizes, unetConfig } from "./unet-config.ts";
