export { Autoencoder, type AutoencoderOptions, ae } from "./autoencoder.ts";
export { classifier } from "./classifier.ts";
export { Classifier, type ClassifierOptions } from "./classifier-network.ts";
export type { Architecture } from "./coders.ts";
export { CORRUPTIONS, type Corruption, type CorruptionName } from "./corruption.ts";
export { dae } from "./denoising.ts";
export { ddpm } from "./diffusion/ddpm.ts";
export { dit } from "./diffusion/dit.ts";
export * from "./distributions.ts";
export * from "./gan/index.ts";
export * as latent from "./latent.ts";
export type { LatentModel } from "./latent-model.ts";
export { classHistogram, inceptionScore, klFromUniform, predictions, recognised } from "./metrics/classes.ts";
export { type Coverage, coverage, mixtureOf } from "./metrics/coverage.ts";
export { frechetDistance, type Gaussian, gaussianOf } from "./metrics/frechet.ts";
export { linearProbe } from "./metrics/linear-probe.ts";
export { decodePca, encodePca, fitPca, type Pca, pcaReconstructionError } from "./metrics/pca.ts";
export {
  type PrecisionRecall,
  type PrecisionRecallOptions,
  precisionRecall,
} from "./metrics/precision-recall.ts";
export { psnr } from "./metrics/psnr.ts";
export { floors, type QualityParts, quality, sampleQuality } from "./metrics/quality.ts";
export { type Measured, type Ruler, readRuler, rulerOf } from "./metrics/ruler.ts";
export { sharpness } from "./metrics/sharpness.ts";
export * from "./model.ts";
export { Vae, type VaeLossOptions, type VaeOptions, vae, vaeLoss } from "./vae.ts";
export { binarize } from "./vae-bounds.ts";
