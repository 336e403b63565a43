import { z } from "zod";
import type { DataSpec } from "../data/spec.ts";
import { type Context, command, type Player } from "../model/contract.ts";
import { Module, Parameter } from "../nn/module.ts";
import { broadcastTo, exp, mul, narrow, normal, oneHot, reshape } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { learnBy } from "../train/learning.ts";
import type { Losses } from "../train/task.ts";
import { type Architecture, architecture, type Coder, makeDecoder, makeEncoder, sized, type UsualSizes } from "./coders.ts"; // biome-ignore format: a list of names
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
import { conditionsOf, fieldOf, likelihoodOf } from "./examples.ts";
import { type Prior, standardNormal } from "./latent.ts";
import { commonNumbers, draw, evaluated, exports, preview, Reconstruct, reconstruct, Sample, sample } from "./latent-commands.ts"; // biome-ignore format: a list of names
import type { LatentModel } from "./latent-model.ts";
import { MEASURING } from "./metrics/quality.ts";
import type { GenerativeModel } from "./model.ts";
import { activeUnits, binarize, binarizes, bounds, importanceBound } from "./vae-bounds.ts";

export interface VaeOptions extends Architecture {
  readonly decoder: "bernoulli" | "gaussian";
  /** Standard deviation of a Gaussian decoder's pixels or coordinates; "learned": one for all of them. */
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

  constructor(shape: Shape, options: VaeOptions, classes = 0) {
    super();
    this.encoder = makeEncoder(shape, options, 2 * options.latent, classes);
    this.decoder = makeDecoder(shape, options, classes);
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

  /** q(z|x) of examples [N, ...shape]: mean and log variance [N, D]. */
  posterior(x: Tensor, labels?: Tensor): DiagonalGaussian {
    const outputs = this.encoder.forward(x, this.#condition(labels));
    const d = this.#latent;
    return { mean: narrow(outputs, -1, 0, d), logVar: narrow(outputs, -1, d, 2 * d) };
  }

  /** The mean of q(z|x). */
  encode(x: Tensor, labels?: Tensor): Tensor {
    return this.posterior(x, labels).mean;
  }

  /** The mean of p(x|z): images in [0, 1], or points. */
  decode(z: Tensor, labels?: Tensor): Tensor {
    return this.likelihood.mean(this.decoder.forward(z, this.#condition(labels)));
  }

  /**
   * The two terms of the lower bound for each example, from one z per example: ELBO = logLikelihood − Σ kl
   * (Kingma and Welling 2014, equations 3 and 10).
   */
  bound(x: Tensor, key: Key, labels?: Tensor): { logLikelihood: Tensor; kl: Tensor } {
    const q = this.posterior(x, labels);
    const z = reparameterize(q, normal(key, q.mean.shape));
    const output = this.decoder.forward(z, this.#condition(labels));
    return { logLikelihood: this.likelihood.logProb(x, output), kl: klPerDimension(q) };
  }

  /**
   * log w = log p(x, z) − log q(z|x) of k samples z ~ q(z|x) for each example: [k, N]. The log of the mean of w over
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

/** The negative bound of a batch, in nats per example, with its parts. */
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

const USUAL: UsualSizes = { images: { latent: 20, width: 400 }, points: { latent: 2, width: 128 } };

const Options = z.strictObject({
  ...architecture(USUAL),
  decoder: z
    .enum(["bernoulli", "gaussian"])
    .optional()
    .describe(
      "distribution of the pixels or coordinates, given the code (default: bernoulli; gaussian for points)",
    ),
  binarization: z
    .enum(["dynamic", "none"])
    .default("dynamic")
    .describe(
      "bernoulli decoder: draw each pixel from its grey value again at each step, or use the grey value",
    ),
  sigma: z
    .union([z.number().positive(), z.literal("learned")])
    .default("learned")
    .describe(
      "gaussian decoder: standard deviation of the pixels or coordinates; learned: one for all of them",
    ),
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
    .describe("test images, or points, for the importance-weighted bound; all of them when left out"),
});

/** A VAE for such data, with what the options leave out. @throws UserError where they do not go together. */
function buildVae(options: VaeConfig, spec: DataSpec): Vae {
  const { name, shape } = fieldOf(spec, "vae");
  const decoder = likelihoodOf(options.decoder, spec, "decoder");
  return new Vae(
    shape,
    { ...sized(options, USUAL[name]), decoder },
    conditionsOf(spec, options.conditional, "vae"),
  );
}

export const vae: GenerativeModel<typeof Options, Vae> = {
  name: "vae",
  options: Options,
  training: { data: "mnist", batchSize: 128, lr: 1e-3, epochs: 10, lrSchedule: "cosine" },
  build: buildVae,
  players: (module, options, plan, spec) => {
    const warmup = options.klWarmup * plan.stepsPerEpoch;
    const { name: field } = fieldOf(spec, "vae");
    const loss: Player["loss"] = (batch, key, step) => {
      const example = batch[field]!;
      const x = binarizes(module, options) ? binarize(example, key.split("binarize")) : example;
      return vaeLoss(module, x, key.split("noise"), step, { ...options, warmup }, batch.labels);
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
