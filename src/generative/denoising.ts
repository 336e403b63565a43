import { z } from "zod";
import { clamp, sum } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { AUTOENCODER_OPTIONS, Autoencoder } from "./autoencoder.ts";
import { imageShapeOf } from "./coders.ts";
import { CORRUPTION_NAMES, CORRUPTIONS, type Corruption, type CorruptionName } from "./corruption.ts";
import { meanSquaredError } from "./distributions.ts";
import * as hooks from "./latent-hooks.ts";
import { coding, type Images, pass } from "./latent-model.ts";
import { psnr } from "./metrics/psnr.ts";
import { type HookContext, hook, type ModelDefinition } from "./model.ts";
import { type Damage, preview } from "./pictures.ts";

const config = z.strictObject({
  ...AUTOENCODER_OPTIONS,
  corruption: z
    .enum(CORRUPTION_NAMES)
    .default("gaussian")
    .describe("how images are damaged: noise added, pixels set to 0, pixels set to 0 or 1"),
  amount: z
    .number()
    .positive()
    .default(0.5)
    .describe("σ of the Gaussian noise (images span 0 … 1), or the fraction of pixels that is damaged"),
});
type Config = z.output<typeof config>;

const corruptionOf = ({ corruption, amount }: Pick<Config, "corruption" | "amount">): Corruption =>
  CORRUPTIONS[corruption satisfies CorruptionName](amount);

/** The model's own corruption as a function of host arrays. */
function damageOf(context: HookContext<Config>): Damage {
  const program = context.compile(corruptionOf(context.config), "corruption");
  return async (images) => (await program(images, context.key.split("corruption"))) as Images;
}

/** The denoising autoencoder (Vincent et al. 2010): it is shown a damaged image and must give the image. */
export const dae: ModelDefinition<typeof config> = {
  name: "dae",
  description: "denoising autoencoder: from a damaged image to the image",
  config,
  training: { data: "mnist", batchSize: 128, lr: 2e-3, epochs: 6 },
  build: (options, data, plan) => {
    const module = new Autoencoder(imageShapeOf(data, "dae"), options);
    const corrupt = corruptionOf(options);
    const player = hooks.player(module, plan, ({ images }, key) =>
      module.loss(images!, corrupt(images!, key)),
    );
    return { name: "dae", module, players: [player] };
  },
  preview: async (context) => preview(context, coding(context), damageOf(context)),
  sample: hook(z.strictObject(hooks.SAMPLE), hooks.sample),
  reconstruct: hook(z.strictObject(hooks.RECONSTRUCT), (context, options) =>
    hooks.reconstruct(context, options, damageOf(context)),
  ),
  draw: hooks.draw,
  evaluate: hook(z.strictObject(hooks.EVALUATE), (context, { samples }) =>
    hooks.evaluated(context, samples, async () => ({
      ...(await denoisingNumbers(context)),
      ...(await hooks.commonNumbers(context)),
    })),
  ),
  exports: hooks.exports,
};

/**
 * PSNR of the test set's mean squared error, in decibels: of the damaged images, of the same clipped to [0, 1]
 * (what a file or a screen can hold), and of the outputs.
 */
async function denoisingNumbers(context: HookContext<Config>): Promise<Record<string, number>> {
  const model = context.task.module as Autoencoder;
  const corrupt = corruptionOf(context.config);
  const program = context.compile((x: Tensor, key: Key) => {
    const input = corrupt(x, key);
    const outputs = [input, clamp(input, 0, 1), model.decode(model.encode(input))];
    return outputs.map((output) => sum(meanSquaredError(x, output)));
  }, "denoising");
  const { test } = context.data;
  const errors = [0, 0, 0];
  for await (const { images, start } of pass(context, test, "denoising test images"))
    (await program(images, context.key.split("denoising").split(start))).forEach((error, i) => {
      errors[i]! += Number(error.data[0]) / test.length;
    });
  const [psnrInput, psnrInputClipped, psnrOutput] = errors.map(psnr) as [number, number, number];
  return { psnrInput, psnrInputClipped, psnrOutput, psnrGain: psnrOutput - psnrInput };
}
