/** The options of a GAN, and the checks that they go together. */
import { z } from "zod";
import type { DataSpec } from "../../data/spec.ts";
import { UserError } from "../../errors.ts";
import type { Context } from "../../model/contract.ts";
import { conditionsOf, fieldOf } from "../examples.ts";
import { type GameOptions, Gan } from "./game.ts";
import { LOSSES, type LossName } from "./losses.ts";

const count = z.int().min(1);
const names = Object.keys(LOSSES) as [LossName, ...LossName[]];

export const GanOptions = z.strictObject({
  network: z
    .enum(["mlp", "dcgan"])
    .optional()
    .describe(
      "fully connected layers, or convolutions that halve the image (default: dcgan; mlp for points)",
    ),
  latent: count.default(64).describe("dimensions of the noise z ~ N(0, I)"),
  width: count.default(128).describe("mlp: units of a hidden layer"),
  depth: count.default(3).describe("mlp: hidden layers"),
  channels: count
    .default(32)
    .describe("dcgan: channels of the largest feature map; each halving doubles them"),
  loss: z.enum(names).default("non-saturating").describe("adversarial loss"),
  conditional: z
    .enum(["none", "acgan", "projection"])
    .default("none")
    .describe(
      "condition the generator on the class; the discriminator classifies (AC-GAN) or compares its features with an embedding of the class (projection)",
    ),
  discriminatorNorm: z
    .enum(["none", "batch", "spectral"])
    .default("spectral")
    .describe("normalisation of the discriminator"),
  discriminatorSteps: count.default(1).describe("discriminator updates per generator update"),
  discriminatorLr: z
    .number()
    .positive()
    .optional()
    .describe("peak learning rate of the discriminator (default: that of the generator)"),
  gradientPenalty: z
    .number()
    .min(0)
    .optional()
    .describe("weight λ of the gradient penalty (default: 10 with wgan-gp, else 0: none)"),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      "one-sided label smoothing: subtracted from the target of real examples (minimax, non-saturating, least-squares)",
    ),
  pack: count.default(1).describe("examples that the discriminator judges together (PacGAN)"),
  minibatchStddev: z
    .boolean()
    .default(false)
    .describe("show the discriminator how much groups of four examples vary"),
  unrolled: z
    .int()
    .min(0)
    .default(0)
    .describe("discriminator steps that the generator looks ahead (unrolled GAN); 0: none"),
  unrolledLr: z.number().positive().default(0.1).describe("learning rate of those steps"),
});
export type GanOptions = z.output<typeof GanOptions>;
export type GanContext = Context<GanOptions, Gan>;

/** @throws UserError where these options do not fit the data. */
export function buildGan(options: GanOptions, spec: DataSpec): Gan {
  const { name, shape } = fieldOf(spec, "gan");
  const { network = name === "images" ? "dcgan" : "mlp", conditional } = options;
  if (network === "dcgan" && name === "points")
    throw new UserError(
      `a dcgan generates images, but ${spec.name} holds points: choose option \`network\` mlp`,
    );
  return new Gan(shape, { ...options, network }, conditionsOf(spec, conditional !== "none", "gan"));
}

/** The losses and their settings. @throws UserError where options do not go together. */
export function gameOf(options: GanOptions, batchSize: number): GameOptions {
  const { loss: name, discriminatorNorm, labelSmoothing, conditional, pack, unrolled, unrolledLr } = options;
  const loss = LOSSES[name];
  const { gradientPenalty = loss.penalty } = options;
  if (labelSmoothing > 0 && !loss.smooths)
    throw new UserError(
      `the ${name} loss has no targets to smooth: leave option \`labelSmoothing\` out, or choose another loss, ` +
        `option \`loss\` ${names.filter((key) => LOSSES[key].smooths).join(", ")}`,
    );
  if (gradientPenalty > 0 && discriminatorNorm === "batch")
    throw new UserError(
      "the gradient penalty is taken per example, but batch norm mixes examples: use option `discriminatorNorm` none or spectral",
    );
  if (pack > 1 && conditional !== "none")
    throw new UserError(
      "packed examples belong to several classes: leave out option `pack` or option `conditional`",
    );
  if (batchSize % pack !== 0)
    throw new UserError(
      `the discriminator judges ${pack} examples together: option \`batchSize\` must be a multiple of that, not ${batchSize}`,
    );
  return { loss, gradientPenalty, labelSmoothing, unrolled, unrolledLr };
}
