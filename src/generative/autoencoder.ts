import { z } from "zod";
import type { DataSpec } from "../data/spec.ts";
import { command } from "../model/contract.ts";
import { Module } from "../nn/module.ts";
import { sigmoid } from "../tensor/ops.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { learnBy } from "../train/learning.ts";
import type { Losses } from "../train/task.ts";
import { type Architecture, architecture, type Coder, makeDecoder, makeEncoder, sized, type UsualSizes } from "./coders.ts"; // biome-ignore format: a list of names
import { bernoulli, meanSquaredError } from "./distributions.ts";
import { fieldOf, likelihoodOf } from "./examples.ts";
import { fitted, type Prior } from "./latent.ts";
import { commonNumbers, draw, Evaluate, evaluated, exports, preview, Reconstruct, reconstruct, Sample, sample } from "./latent-commands.ts"; // biome-ignore format: a list of names
import type { LatentModel } from "./latent-model.ts";
import type { GenerativeModel } from "./model.ts";

export interface AutoencoderOptions extends Architecture {
  readonly reconstruction: "bernoulli" | "gaussian";
}

/** Reconstruction error per example [N], and the example that a decoder output stands for. */
const RECONSTRUCTIONS = {
  /** Cross-entropy of the pixels with σ(output), in nats, summed. */
  bernoulli: { distance: (x: Tensor, out: Tensor) => bernoulli.logProb(x, out).neg(), example: sigmoid },
  /** The squared error, averaged over the pixels or coordinates: a Gaussian of fixed variance. */
  gaussian: { distance: meanSquaredError, example: (out: Tensor) => out },
} as const;

/** Encoder and decoder (Hinton and Salakhutdinov 2006); only the size of the code limits it. */
export class Autoencoder extends Module implements LatentModel {
  readonly encoder: Coder;
  readonly decoder: Coder;
  readonly #options: AutoencoderOptions;

  constructor(shape: Shape, options: AutoencoderOptions) {
    super();
    this.encoder = makeEncoder(shape, options, options.latent);
    this.decoder = makeDecoder(shape, options);
    this.#options = options;
  }

  get latent(): number {
    return this.#options.latent;
  }

  get classes(): number {
    return 0;
  }

  get prior(): Prior {
    return fitted;
  }

  encode(x: Tensor): Tensor {
    return this.encoder.forward(x);
  }

  decode(z: Tensor): Tensor {
    return RECONSTRUCTIONS[this.#options.reconstruction].example(this.decoder.forward(z));
  }

  /** The error of reconstructing `x` from `input`: the example itself, or a damaged copy of it. */
  loss(x: Tensor, input: Tensor = x): Losses {
    const output = this.decoder.forward(this.encode(input));
    const { distance, example } = RECONSTRUCTIONS[this.#options.reconstruction];
    return { loss: distance(x, output).mean(), mse: meanSquaredError(x, example(output)).mean() };
  }
}

/** The options of autoencoders with these usual sizes. */
export const autoencoderOptions = (usual: UsualSizes) => ({
  ...architecture(usual),
  reconstruction: z
    .enum(["bernoulli", "gaussian"])
    .optional()
    .describe(
      "the loss: cross-entropy of the pixels, or the squared error (default: bernoulli; gaussian for points)",
    ),
});

/** An autoencoder for such data, with what the options leave out. @throws UserError where they do not go together. */
export function buildAutoencoder(
  model: string,
  options: z.output<z.ZodObject<ReturnType<typeof autoencoderOptions>>>,
  spec: DataSpec,
  usual: UsualSizes,
): Autoencoder {
  const { name, shape } = fieldOf(spec, model);
  const reconstruction = likelihoodOf(options.reconstruction, spec, "reconstruction");
  return new Autoencoder(shape, { ...sized(options, usual[name]), reconstruction });
}

/** One number can order points along a curve; a code of as many as the point has could copy it. */
const USUAL: UsualSizes = { images: { latent: 32, width: 500 }, points: { latent: 1, width: 128 } };
const Options = z.strictObject(autoencoderOptions(USUAL));

export const ae: GenerativeModel<typeof Options, Autoencoder> = {
  name: "ae",
  options: Options,
  training: { data: "mnist", batchSize: 128, lr: 2e-3, epochs: 10, lrSchedule: "cosine" },
  build: (options, spec) => buildAutoencoder("ae", options, spec, USUAL),
  players: (module, _, plan, spec) => {
    const { name: field } = fieldOf(spec, "ae");
    return [{ name: "autoencoder", module, loss: (batch) => module.loss(batch[field]!), ...learnBy(plan) }];
  },
  preview: (context) => preview(context),
  draw,
  commands: {
    sample: command(Sample, sample),
    reconstruct: command(Reconstruct, (context, options) => reconstruct(context, options)),
    evaluate: command(Evaluate, (context, options) =>
      evaluated(context, options, () => commonNumbers(context)),
    ),
  },
  exports,
};
