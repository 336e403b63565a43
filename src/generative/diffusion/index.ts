export { slerp } from "../latent.ts";
export { type Bound, BoundEvaluator, type BoundOptions, discreteNll, priorKl, stepKl } from "./bound.ts";
export { ddpmUNet, type UNetSizes } from "./ddpm.ts";
export { CONFIG_FILE, loadUNet, modernState, saveUNet, WEIGHTS_FILE } from "./diffusers.ts";
export { DIT_PATCHES, DIT_SIZES, DIT_VARIANTS, DiT, type DiTOptions, ditVariant } from "./dit.ts";
export { denoiserPart, type PartOptions, type SamplerPartOptions, samplerPart } from "./exports.ts";
export { diffusionLoss, type LossOptions, lossWeights, type Weighting } from "./losses.ts";
export { DiffusionMlp, type MlpOptions } from "./mlp.ts";
export {
  type DiffusionModel,
  type DiffusionNetwork,
  type EstimateOptions,
  estimate,
  labelsFor,
  nullLabel,
} from "./model.ts";
export {
  type Estimate,
  type LevelOf,
  PARAMETERIZATIONS,
  type Parameterization,
  type Prediction,
} from "./prediction.ts";
export {
  ddim,
  ddimEncode,
  ddpm,
  dpmSolver,
  type Eta,
  type PlannedStep,
  type SamplingPlan,
  update,
  VARIANCES,
  type Variance,
  type Weights,
} from "./samplers.ts";
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
} from "./sampling.ts";
export { toModel, toPixels } from "./scaling.ts";
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
export { DDPM_CIFAR10, type UNetConfig, unetConfig } from "./unet-config.ts";
