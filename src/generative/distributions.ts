import { binaryCrossEntropyWithLogits } from "../nn/losses.ts";
import { asTensor, broadcastTo, type Operand, reshape, sigmoid } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

const LOG_2PI = Math.log(2 * Math.PI);

/** N(μ, diag σ²) over the last axis, as a Gaussian encoder gives it: `logVar` is log σ². */
export interface DiagonalGaussian {
  readonly mean: Tensor;
  readonly logVar: Tensor;
}

/** z = μ + σ ⊙ ε with ε ~ N(0, I), so that gradients reach μ and σ (Kingma and Welling 2014, section 2.4). */
export const reparameterize = ({ mean, logVar }: DiagonalGaussian, noise: Tensor): Tensor =>
  mean.add(logVar.mul(0.5).exp().mul(noise));

/**
 * KL(N(μ, σ²) ‖ N(0, 1)) of each dimension, in nats: ½(μ² + σ² − 1 − log σ²)
 * (Kingma and Welling 2014, appendix B). The sum over the last axis is the whole divergence.
 */
export const klPerDimension = ({ mean, logVar }: DiagonalGaussian): Tensor =>
  mean.square().add(logVar.exp()).sub(logVar.add(1)).mul(0.5);

/** log N(x; μ, diag σ²), summed over the last axis. */
export const logNormal = (x: Tensor, { mean, logVar }: DiagonalGaussian): Tensor => {
  const squares = x.sub(mean).square().mul(logVar.neg().exp());
  return squares.add(logVar).add(LOG_2PI).sum({ axes: -1 }).mul(-0.5);
};

/** log N(x; 0, I), summed over the last axis. */
export const logStandardNormal = (x: Tensor): Tensor => x.square().add(LOG_2PI).sum({ axes: -1 }).mul(-0.5);

/** The distribution of examples x [N, ...shape], given a decoder's outputs [N, ...shape] or [k, N, ...shape]. */
export interface Likelihood {
  /** log p(x | output), summed over each example: [N] or [k, N]. */
  logProb(x: Tensor, output: Tensor): Tensor;
  /** The expected example. */
  mean(output: Tensor): Tensor;
}

/** y [..., ...shape] as vectors [..., size], where an example of x [N, ...shape] is an image or a point. */
const flat = (y: Tensor, x: Tensor): Tensor => reshape(y, [...y.shape.slice(0, 1 - x.rank), -1]);

/** Independent Bernoulli pixels; the outputs are logits (Kingma and Welling 2014, appendix C.1). */
export const bernoulli: Likelihood = {
  logProb: (x, logits) => {
    const bits = binaryCrossEntropyWithLogits(logits, broadcastTo(x, logits.shape), { reduction: "none" });
    return flat(bits, x).sum({ axes: -1 }).neg();
  },
  mean: sigmoid,
};

/** Independent Gaussian pixels or coordinates around the outputs, all with the variance e^`logVar` (appendix C.2). */
export const gaussian = (logVar: Operand): Likelihood => ({
  logProb: (x, output) => logNormal(flat(x, x), { mean: flat(output, x), logVar: asTensor(logVar) }),
  mean: (output) => output,
});

/** Squared error of each example [N, ...shape], averaged over its pixels or coordinates: [N]. */
export const meanSquaredError = (x: Tensor, y: Tensor): Tensor =>
  flat(x.sub(y), x).square().mean({ axes: -1 });
