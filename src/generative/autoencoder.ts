import { z } from "zod";
import type { ImageShape } from "../data/dataset.ts";
import { command } from "../model/contract.ts";
import { Module } from "../nn/module.ts";
import { sigmoid } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { learnBy } from "../train/learning.ts";
import type { Losses } from "../train/task.ts";
import {
  ARCHITECTURE,
  type Architecture,
  type Coder,
  imageShapeOf,
  makeDecoder,
  makeEncoder,
} from "./coders.ts";
import { bernoulli, meanSquaredError } from "./distributions.ts";
import { fitted, type Prior } from "./latent.ts";
import { commonNumbers, draw, Evaluate, evaluated, exports, Reconstruct, reconstruct, Sample, sample } from "./latent-commands.ts"; // biome-ignore format: a list of names
import type { LatentModel } from "./latent-model.ts";
import type { GenerativeModel } from "./model.ts";
import { preview } from "./pictures.ts";

export interface AutoencoderOptions extends Architecture {
  readonly reconstruction: "bernoulli" | "gaussian";
}

/** Reconstruction error per image [N], and the image that a decoder output stands for. */
const RECONSTRUCTIONS = {
  /** Cross-entropy of the pixels with σ(output), in nats, summed. */
  bernoulli: { distance: (x: Tensor, out: Tensor) => bernoulli.logProb(x, out).neg(), image: sigmoid },
  /** The squared error, averaged over the pixels: a Gaussian of fixed variance. */
  gaussian: { distance: meanSquaredError, image: (out: Tensor) => out },
} as const;

/** Encoder and decoder (Hinton and Salakhutdinov 2006); only the size of the code limits it. */
export class Autoencoder extends Module implements LatentModel {
  readonly encoder: Coder;
  readonly decoder: Coder;
  readonly #options: AutoencoderOptions;

  constructor(image: ImageShape, options: AutoencoderOptions) {
    super();
    this.encoder = makeEncoder(image, options, options.latent);
    this.decoder = makeDecoder(image, options);
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
    return RECONSTRUCTIONS[this.#options.reconstruction].image(this.decoder.forward(z));
  }

  /** The error of reconstructing `x` from `input`: the image itself, or a damaged copy of it. */
  loss(x: Tensor, input: Tensor = x): Losses {
    const output = this.decoder.forward(this.encode(input));
    const { distance, image } = RECONSTRUCTIONS[this.#options.reconstruction];
    return { loss: distance(x, output).mean(), mse: meanSquaredError(x, image(output)).mean() };
  }
}

export const AUTOENCODER_OPTIONS = {
  ...ARCHITECTURE,
  reconstruction: z
    .enum(["bernoulli", "gaussian"])
    .default("bernoulli")
    .describe("the loss: cross-entropy of the pixels, or their squared error"),
};

const Options = z.strictObject(AUTOENCODER_OPTIONS);

export const ae: GenerativeModel<typeof Options, Autoencoder> = {
  name: "ae",
  options: Options,
  training: { data: "mnist", batchSize: 128, lr: 2e-3, epochs: 10, lrSchedule: "cosine" },
  build: (options, spec) => new Autoencoder(imageShapeOf(spec, "ae"), options),
  players: (module, _, plan) => [
    { name: "autoencoder", module, loss: ({ images }) => module.loss(images!), ...learnBy(plan) },
  ],
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
