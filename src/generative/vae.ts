import { z } from "zod";
import type { ImageShape } from "../data/dataset.ts";
import { type Context, command, type Player } from "../model/contract.ts";
import { Module, Parameter } from "../nn/module.ts";
import { broadcastTo, exp, mul, narrow, normal, oneHot, reshape } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { learnBy } from "../train/learning.ts";
import type { Losses } from "../train/task.ts";
import { ARCHITECTURE, type Architecture, type Coder, conditionsOf, imageShapeOf, makeDecoder, makeEncoder } from "./coders.ts"; // biome-ignore format: a list of names
import {
  bernoulli,
  type DiagonalGaussian,
  gaussian,
  klPerDimension,
  type Likelihood,
  logNormal,
  logStandardNormal,
  reparameterize,
} from "./distributions.ts";
import { type Prior, standardNormal } from "./latent.ts";
import { commonNumbers, draw, evaluated, exports, Reconstruct, reconstruct, Sample, sample } from "./latent-commands.ts"; // biome-ignore format: a list of names
import type { LatentModel } from "./latent-model.ts";
import { MEASURING } from "./metrics/quality.ts";
import type { GenerativeModel } from "./model.ts";
import { preview } from "./pictures.ts";
import { activeUnits, binarize, binarizes, bounds, importanceBound } from "./vae-bounds.ts";

export interface VaeOptions extends Architecture {
  readonly decoder: "bernoulli" | "gaussian";
  /** Standard deviation of a Gaussian decoder's pixels; "learned": one for all pixels. */
  readonly sigma: number | "learned";
}

/**
 * Auto-encoding variational Bayes (Kingma and Welling 2014): a Gaussian encoder q(z|x) = N(μ, diag σ²), the prior
 * p(z) = N(0, I), and a Bernoulli or Gaussian decoder p(x|z). With classes, both halves also see the class
 * (Sohn et al. 2015).
 */
export class Vae extends Module implements LatentModel {
  readonly encoder: Coder;
  readonly decoder: Coder;
  /** log σ² of a Gaussian decoder that learns it (Rybkin et al. 2021). */
  readonly logVar: Parameter | undefined;
  readonly #latent: number;
  readonly #classes: number;
  readonly #fixedLikelihood: Likelihood | undefined;

  constructor(image: ImageShape, options: VaeOptions, classes = 0) {
    super();
    this.encoder = makeEncoder(image, options, 2 * options.latent, classes);
    this.decoder = makeDecoder(image, options, classes);
    this.#latent = options.latent;
    this.#classes = classes;
    if (options.decoder === "bernoulli") this.#fixedLikelihood = bernoulli;
    else if (options.sigma !== "learned") this.#fixedLikelihood = gaussian(2 * Math.log(options.sigma));
    else this.logVar = new Parameter([], () => Float32Array.of(-2));
  }

  get latent(): number {
    return this.#latent;
  }

  get classes(): number {
    return this.#classes;
  }

  get prior(): Prior {
    return standardNormal;
  }

  /** Read it while tracing: it may depend on the learned variance. */
  get likelihood(): Likelihood {
    return this.#fixedLikelihood ?? gaussian(this.logVar!);
  }

  #condition(labels: Tensor | undefined): Tensor | undefined {
    if (this.#classes === 0) return undefined;
    if (!labels) throw new TypeError("a class-conditional VAE needs labels");
    // Scaled to the size of a dimension of the code, so that the class is used as early in training as the code.
    return oneHot(labels, this.#classes).mul(Math.sqrt(this.#classes));
  }

  /** q(z|x) of images [N, C, H, W]: mean and log variance [N, D]. */
  posterior(x: Tensor, labels?: Tensor): DiagonalGaussian {
    const outputs = this.encoder.forward(x, this.#condition(labels));
    const d = this.#latent;
    return { mean: narrow(outputs, -1, 0, d), logVar: narrow(outputs, -1, d, 2 * d) };
  }

  /** The mean of q(z|x). */
  encode(x: Tensor, labels?: Tensor): Tensor {
    return this.posterior(x, labels).mean;
  }

  /** The mean of p(x|z): images in [0, 1]. */
  decode(z: Tensor, labels?: Tensor): Tensor {
    return this.likelihood.mean(this.decoder.forward(z, this.#condition(labels)));
  }

  /**
   * The two terms of the lower bound for each image, from one z per image: ELBO = logLikelihood − Σ kl
   * (Kingma and Welling 2014, equations 3 and 10).
   */
  bound(x: Tensor, key: Key, labels?: Tensor): { logLikelihood: Tensor; kl: Tensor } {
    const q = this.posterior(x, labels);
    const z = reparameterize(q, normal(key, q.mean.shape));
    const output = this.decoder.forward(z, this.#condition(labels));
    return { logLikelihood: this.likelihood.logProb(x, output), kl: klPerDimension(q) };
  }

  /**
   * log w = log p(x, z) − log q(z|x) of k samples z ~ q(z|x) for each image: [k, N]. The log of the mean of w over
   * the samples is the importance-weighted bound (Burda et al. 2016, equation 8).
   */
  logWeights(x: Tensor, key: Key, k: number, labels?: Tensor): Tensor {
    const q = this.posterior(x, labels);
    const [n, d] = q.mean.shape as [number, number];
    const z = reparameterize(q, normal(key, [k, n, d]));
    const condition = this.#condition(labels);
    const repeated =
      condition && reshape(broadcastTo(condition, [k, ...condition.shape]), [k * n, condition.shape[1]!]);
    const output = this.decoder.forward(reshape(z, [k * n, d]), repeated);
    const logLikelihood = this.likelihood.logProb(x, reshape(output, [k, ...x.shape]));
    return logLikelihood.add(logStandardNormal(z)).sub(logNormal(z, q));
  }
}

export interface VaeLossOptions {
  /** Weight of the KL term: 1 is the bound, more favours disentangled factors (Higgins et al. 2017). */
  readonly beta: number;
  /** Steps over which the weight of the KL term grows from 0 to `beta` (Bowman et al. 2016); 0: at once. */
  readonly warmup: number;
  /** Nats of each latent dimension that cost nothing (Kingma et al. 2016, equation 15). */
  readonly freeBits: number;
}

/** The negative bound of a batch, in nats per image, with its parts. */
export function vaeLoss(
  model: Vae,
  x: Tensor,
  key: Key,
  step: Tensor,
  { beta, warmup, freeBits }: VaeLossOptions,
  labels?: Tensor,
): Losses {
  const { logLikelihood, kl } = model.bound(x, key, labels);
  const reconstruction = logLikelihood.mean().neg();
  // Free bits apply to the minibatch average, so that one image may use more than another.
  const perDimension = kl.mean({ axes: 0 });
  const klTerm = perDimension.sum();
  const charged = freeBits > 0 ? perDimension.maximum(freeBits).sum() : klTerm;
  const weight =
    warmup > 0
      ? step
          .mul(1 / warmup)
          .minimum(1)
          .mul(beta)
      : beta;
  return {
    loss: reconstruction.add(charged.mul(weight)),
    elbo: reconstruction.add(klTerm).neg(),
    reconstruction,
    kl: klTerm,
    ...(model.logVar ? { sigma: exp(mul(model.logVar, 0.5)) } : {}),
  };
}

const Options = z.strictObject({
  ...ARCHITECTURE,
  latent: ARCHITECTURE.latent.default(20),
  width: ARCHITECTURE.width.default(400),
  decoder: z
    .enum(["bernoulli", "gaussian"])
    .default("bernoulli")
    .describe("distribution of the pixels, given the code"),
  binarization: z
    .enum(["dynamic", "none"])
    .default("dynamic")
    .describe(
      "bernoulli decoder: draw each pixel from its grey value again at each step, or use the grey value",
    ),
  sigma: z
    .union([z.number().positive(), z.literal("learned")])
    .default("learned")
    .describe("gaussian decoder: standard deviation of the pixels; learned: one for all pixels"),
  beta: z.number().min(0).default(1).describe("weight of the KL term; above 1 it is a β-VAE"),
  klWarmup: z
    .number()
    .min(0)
    .default(1)
    .describe("epochs over which the weight of the KL term grows from 0 to beta"),
  freeBits: z
    .number()
    .min(0)
    .default(0)
    .describe("nats per latent dimension that cost nothing in the KL term"),
  conditional: z.boolean().default(false).describe("condition encoder and decoder on the class"),
});
export type VaeConfig = z.output<typeof Options>;
export type VaeContext = Context<VaeConfig, Vae>;

const Evaluate = z.strictObject({
  ...MEASURING,
  importanceSamples: z
    .int()
    .min(1)
    .default(100)
    .describe("k of the importance-weighted bound; larger is tighter and slower"),
  images: z
    .int()
    .min(1)
    .optional()
    .describe("test images for the importance-weighted bound; all of them when left out"),
});

export const vae: GenerativeModel<typeof Options, Vae> = {
  name: "vae",
  options: Options,
  training: { data: "mnist", batchSize: 128, lr: 1e-3, epochs: 10, lrSchedule: "cosine" },
  build: (options, spec) =>
    new Vae(imageShapeOf(spec, "vae"), options, conditionsOf(spec, options.conditional, "vae")),
  players: (module, options, plan) => {
    const warmup = options.klWarmup * plan.stepsPerEpoch;
    const loss: Player["loss"] = ({ images, labels }, key, step) => {
      const x = binarizes(options) ? binarize(images!, key.split("binarize")) : images!;
      return vaeLoss(module, x, key.split("noise"), step, { ...options, warmup }, labels);
    };
    return [{ name: "autoencoder", module, loss, ...learnBy(plan) }];
  },
  preview: (context) => preview(context),
  draw,
  commands: {
    sample: command(Sample, sample),
    reconstruct: command(Reconstruct, (context, options) => reconstruct(context, options)),
    evaluate: command(Evaluate, (context: VaeContext, options) =>
      evaluated(context, options, async () => ({
        ...(await bounds(context)),
        ...(await importanceBound(context, options.importanceSamples, options.images)),
        ...(await activeUnits(context)),
        ...(await commonNumbers(context)),
      })),
    ),
  },
  exports,
};
