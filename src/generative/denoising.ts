import { z } from "zod";
import { pass } from "../data/passes.ts";
import { type Context, command } from "../model/contract.ts";
import { clamp, sum } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { learnBy } from "../train/learning.ts";
import { AUTOENCODER_OPTIONS, Autoencoder } from "./autoencoder.ts";
import { imageShapeOf, imagesOf } from "./coders.ts";
import { CORRUPTION_NAMES, CORRUPTIONS, type Corruption, type CorruptionName } from "./corruption.ts";
import { meanSquaredError } from "./distributions.ts";
import { commonNumbers, draw, Evaluate, evaluated, exports, Reconstruct, reconstruct, Sample, sample } from "./latent-commands.ts"; // biome-ignore format: a list of names
import type { Images } from "./latent-model.ts";
import { psnr } from "./metrics/psnr.ts";
import type { GenerativeModel } from "./model.ts";
import { type Damage, preview } from "./pictures.ts";

const Options = z.strictObject({
  ...AUTOENCODER_OPTIONS,
  corruption: z
    .enum(CORRUPTION_NAMES)
    .default("gaussian")
    .describe("how images are corrupted: noise added, pixels set to 0, or pixels set to 0 or 1"),
  amount: z
    .number()
    .positive()
    .default(0.5)
    .describe("σ of the Gaussian noise (images span 0 … 1), or the fraction of pixels that is corrupted"),
});
type Options = z.output<typeof Options>;
type DenoisingContext = Context<Options, Autoencoder>;

const corruptionOf = ({ corruption, amount }: Pick<Options, "corruption" | "amount">): Corruption =>
  CORRUPTIONS[corruption satisfies CorruptionName](amount);

/** The model's own corruption as a function of host arrays. */
function damageOf(context: DenoisingContext): Damage {
  const program = context.compile(corruptionOf(context.options), "corruption");
  return async (images) => (await program(images, context.key.split("corruption"))) as Images;
}

/** The denoising autoencoder (Vincent et al. 2010): it reconstructs an image from a corrupted copy. */
export const dae: GenerativeModel<typeof Options, Autoencoder> = {
  name: "dae",
  options: Options,
  training: { data: "mnist", batchSize: 128, lr: 2e-3, epochs: 6, lrSchedule: "cosine" },
  build: (options, spec) => new Autoencoder(imageShapeOf(spec, "dae"), options),
  players: (module, options, plan) => {
    const corrupt = corruptionOf(options);
    return [
      {
        name: "autoencoder",
        module,
        loss: ({ images }, key) => module.loss(images!, corrupt(images!, key)),
        ...learnBy(plan),
      },
    ];
  },
  preview: (context) => preview(context, damageOf(context)),
  draw,
  commands: {
    sample: command(Sample, sample),
    reconstruct: command(Reconstruct, (context: DenoisingContext, options) =>
      reconstruct(context, options, damageOf(context)),
    ),
    evaluate: command(Evaluate, (context: DenoisingContext, options) =>
      evaluated(context, options, async () => ({
        ...(await denoisingNumbers(context)),
        ...(await commonNumbers(context)),
      })),
    ),
  },
  exports,
};

/**
 * PSNR by the test set's mean squared error, in decibels: of the corrupted images, of the same clipped to [0, 1]
 * (as a file or a screen would show them), and of the outputs.
 */
async function denoisingNumbers(context: DenoisingContext): Promise<Record<string, number>> {
  const { module: model } = context;
  const corrupt = corruptionOf(context.options);
  const program = context.compile((x: Tensor, key: Key) => {
    const input = corrupt(x, key);
    const outputs = [input, clamp(input, 0, 1), model.decode(model.encode(input))];
    return outputs.map((output) => sum(meanSquaredError(x, output)));
  }, "denoising");
  const { test } = await imagesOf(context, "denoising");
  const errors = [0, 0, 0];
  for await (const { images, start } of pass(context, test, "denoising test images"))
    (await program(images, context.key.split("denoising").split(start))).forEach((error, i) => {
      errors[i]! += Number(error.data[0]) / test.length;
    });
  const [psnrInput, psnrInputClipped, psnrOutput] = errors.map(psnr) as [number, number, number];
  return { psnrInput, psnrInputClipped, psnrOutput, psnrGain: psnrOutput - psnrInput };
}
