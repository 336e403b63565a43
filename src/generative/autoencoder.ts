import { z } from "zod";
import type { ImageShape } from "../data/dataset.ts";
import { Module } from "../nn/module.ts";
import { mean, neg, sigmoid } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Batch, Losses } from "../train/task.ts";
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
import * as hooks from "./latent-hooks.ts";
import { coding, type LatentModel } from "./latent-model.ts";
import { hook, type ModelDefinition } from "./model.ts";
import { preview } from "./pictures.ts";

export interface AutoencoderOptions extends Architecture {
  readonly reconstruction: "bernoulli" | "gaussian";
}

/** How far an output is from the image, for each image: [N]; and what the output shows. */
const RECONSTRUCTIONS = {
  /** Cross-entropy of the pixels with σ(output), in nats, summed. */
  bernoulli: { distance: (x: Tensor, out: Tensor) => neg(bernoulli.logProb(x, out)), image: sigmoid },
  /** The squared error, averaged over the pixels: a Gaussian of fixed variance. */
  gaussian: { distance: meanSquaredError, image: (out: Tensor) => out },
} as const;

/** Encoder and decoder (Hinton and Salakhutdinov 2006), with nothing in between but the size of the code. */
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

  /** The error in `x` as it is put out for `input`: the image itself, or a damaged copy of it. */
  loss(x: Tensor, input: Tensor = x): Losses {
    const output = this.decoder.forward(this.encode(input));
    const { distance, image } = RECONSTRUCTIONS[this.#options.reconstruction];
    return { loss: mean(distance(x, output)), mse: mean(meanSquaredError(x, image(output))) };
  }
}

export const AUTOENCODER_OPTIONS = {
  ...ARCHITECTURE,
  reconstruction: z
    .enum(["bernoulli", "gaussian"])
    .default("bernoulli")
    .describe("what is minimised: cross-entropy of the pixels, or their squared error"),
};

const config = z.strictObject(AUTOENCODER_OPTIONS);

export const ae: ModelDefinition<typeof config> = {
  name: "ae",
  description: "autoencoder: an image through a code of few numbers and back",
  config,
  training: { data: "mnist", batchSize: 128, lr: 2e-3, epochs: 10 },
  build: (options, data, plan) => {
    const module = new Autoencoder(imageShapeOf(data, "ae"), options);
    const loss = (batch: Batch): Losses => module.loss(batch.images!);
    return { name: "ae", module, players: [hooks.player(module, plan, loss)] };
  },
  preview: async (context) => preview(context, coding(context)),
  sample: hook(z.strictObject(hooks.SAMPLE), hooks.sample),
  reconstruct: hook(z.strictObject(hooks.RECONSTRUCT), (context, options) =>
    hooks.reconstruct(context, options),
  ),
  draw: hooks.draw,
  evaluate: hook(z.strictObject(hooks.EVALUATE), (context, { samples }) =>
    hooks.evaluated(context, samples, () => hooks.commonNumbers(context)),
  ),
  exports: hooks.exports,
};
