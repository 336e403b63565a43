import { z } from "zod";
import { pass } from "../data/passes.ts";
import type { DataSpec } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import { type Context, command } from "../model/contract.ts";
import { clamp, sum } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { learnBy } from "../train/learning.ts";
import { type Autoencoder, autoencoderOptions, buildAutoencoder } from "./autoencoder.ts";
import type { UsualSizes } from "./coders.ts";
import { CORRUPTION_NAMES, CORRUPTIONS, type Corruption, type CorruptionName } from "./corruption.ts";
import { meanSquaredError } from "./distributions.ts";
import { dataOf, fieldOf } from "./examples.ts";
import { commonNumbers, draw, Evaluate, evaluated, exports, preview, Reconstruct, reconstruct, Sample, sample } from "./latent-commands.ts"; // biome-ignore format: a list of names
import type { Damage, Values } from "./latent-model.ts";
import { psnr } from "./metrics/psnr.ts";
import type { GenerativeModel } from "./model.ts";

const USUAL: UsualSizes = { images: { latent: 32, width: 500 }, points: { latent: 2, width: 128 } };
const AMOUNTS = { images: 0.5, points: 0.2 } as const;

const Options = z.strictObject({
  ...autoencoderOptions(USUAL),
  corruption: z
    .enum(CORRUPTION_NAMES)
    .default("gaussian")
    .describe("how examples are corrupted: noise added, values set to 0, or pixels set to 0 or 1"),
  amount: z
    .number()
    .positive()
    .optional()
    .describe(
      `σ of the Gaussian noise (images span 0 … 1), or the fraction of values that is corrupted (default: ${AMOUNTS.images}; for points ${AMOUNTS.points})`,
    ),
});
type Options = z.output<typeof Options>;
type DenoisingContext = Context<Options, Autoencoder>;

/** @throws UserError where the corruption is one of pixels, and the data are points. */
function corruptionOf(
  { corruption, amount }: Pick<Options, "corruption" | "amount">,
  spec: DataSpec,
): Corruption {
  const { name } = fieldOf(spec, "dae");
  if (name === "points" && corruption === "salt-and-pepper")
    throw new UserError(
      `salt and pepper are the ends of a pixel's range, but ${spec.name} holds points: choose option \`corruption\` gaussian or masking`,
    );
  return CORRUPTIONS[corruption satisfies CorruptionName](amount ?? AMOUNTS[name]);
}

/** The model's own corruption as a function of host arrays. */
function damageOf(context: DenoisingContext): Damage {
  const program = context.compile(corruptionOf(context.options, context.spec), "corruption");
  return async (x) => (await program(x, context.key.split("corruption"))) as Values;
}

/** The denoising autoencoder (Vincent et al. 2010): it reconstructs an example from a corrupted copy. */
export const dae: GenerativeModel<typeof Options, Autoencoder> = {
  name: "dae",
  options: Options,
  training: { data: "mnist", batchSize: 128, lr: 2e-3, epochs: 6, lrSchedule: "cosine" },
  build: (options, spec) => buildAutoencoder("dae", options, spec, USUAL),
  players: (module, options, plan, spec) => {
    const corrupt = corruptionOf(options, spec);
    const { name: field } = fieldOf(spec, "dae");
    return [
      {
        name: "autoencoder",
        module,
        loss: (batch, key) => module.loss(batch[field]!, corrupt(batch[field]!, key)),
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
 * The mean squared error of the corrupted test examples, of the same clipped to [0, 1] (as a file or a screen would
 * show images), and of the outputs. For images as PSNR, in decibels.
 */
async function denoisingNumbers(context: DenoisingContext): Promise<Record<string, number>> {
  const { module: model } = context;
  const corrupt = corruptionOf(context.options, context.spec);
  const program = context.compile((x: Tensor, key: Key) => {
    const input = corrupt(x, key);
    const outputs = [input, clamp(input, 0, 1), model.decode(model.encode(input))];
    return outputs.map((output) => sum(meanSquaredError(x, output)));
  }, "denoising");
  const { test, kind } = await dataOf(context, "denoising");
  const errors = [0, 0, 0];
  for await (const { x, start } of pass(context, test, `denoising test ${kind}`))
    (await program(x, context.key.split("denoising").split(start))).forEach((error, i) => {
      errors[i]! += Number(error.data[0]) / test.length;
    });
  if (kind === "points") return { mseInput: errors[0]!, mseDenoised: errors[2]! };
  const [psnrInput, psnrInputClipped, psnrOutput] = errors.map(psnr) as [number, number, number];
  return { psnrInput, psnrInputClipped, psnrOutput, psnrGain: psnrOutput - psnrInput };
}
