import { z } from "zod";
import { UserError } from "../../errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Data } from "../../train/examples.ts";
import type { HookContext } from "../model.ts";
import { type GameOptions, Gan } from "./gan.ts";
import { LOSSES, type LossName } from "./losses.ts";

const count = z.int().min(1);

export const GAN = z.strictObject({
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
  loss: z
    .enum(Object.keys(LOSSES) as [LossName, ...LossName[]])
    .default("non-saturating")
    .describe("what the two sides minimise"),
  conditional: z
    .enum(["none", "acgan", "projection"])
    .default("none")
    .describe(
      "tell the generator the class; the discriminator classifies (AC-GAN) or compares with the class (projection)",
    ),
  discriminatorNorm: z
    .enum(["none", "batch", "spectral"])
    .default("spectral")
    .describe("how the discriminator is normalised"),
  discriminatorSteps: count.default(1).describe("steps of the discriminator for each of the generator"),
  discriminatorLr: z
    .number()
    .positive()
    .optional()
    .describe("its own peak learning rate (default: that of the generator)"),
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
    .describe("how far below 1 the target of real examples is (minimax, non-saturating, least-squares)"),
  pack: count.default(1).describe("examples that the discriminator judges together (PacGAN)"),
  minibatchStddev: z
    .boolean()
    .default(false)
    .describe("show the discriminator how much groups of four examples vary"),
  unrolled: z
    .int()
    .min(0)
    .default(0)
    .describe("steps of the discriminator that the generator looks ahead (unrolled GAN); 0: none"),
  unrolledLr: z.number().positive().default(0.1).describe("learning rate of those steps"),
  beta1: z.number().min(0).lt(1).default(0.5).describe("Adam: decay of the mean of gradients"),
  beta2: z.number().min(0).lt(1).default(0.999).describe("Adam: decay of the mean of their squares"),
  cooldown: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("share of the steps, at the end, over which the learning rates fall to zero"),
  ema: z
    .number()
    .min(0)
    .lt(1)
    .default(0.999)
    .describe("decay of the moving average of the generator; 0: keep none"),
});
export type GanConfig = z.output<typeof GAN>;
export type Context = HookContext<GanConfig>;

/** What one example of these data is: an image [C, H, W] or a point [2]. Data with neither are refused. */
export function fieldOf(data: Data): { readonly name: "images" | "points"; readonly shape: Shape } {
  for (const name of ["images", "points"] as const) {
    const field = data.train.fields[name];
    if (field) return { name, shape: field.shape };
  }
  throw new UserError(`gan learns from images or points; the data set "${data.name}" has neither`);
}

function classesOf(data: Data, { conditional }: GanConfig): number {
  if (conditional === "none") return 0;
  if (data.classes.length === 0 || !data.train.fields.labels)
    throw new UserError(`a conditional gan needs classes, and the data set "${data.name}" has none`);
  return data.classes.length;
}

export function networksOf(data: Data, config: GanConfig): Gan {
  const { name, shape } = fieldOf(data);
  const { network = name === "images" ? "dcgan" : "mlp" } = config;
  if (network === "dcgan" && name === "points")
    throw new UserError(`a dcgan draws images, and ${data.name} holds points: --network mlp`);
  return new Gan(shape, { ...config, network }, classesOf(data, config));
}

/** The rules of the game. What does not go together is refused with a sentence. */
export function gameOf(config: GanConfig, batchSize: number): GameOptions {
  const { loss: name, discriminatorNorm, labelSmoothing, conditional, pack, unrolled, unrolledLr } = config;
  const loss = LOSSES[name];
  const { gradientPenalty = loss.penalty } = config;
  const smoothing = Object.keys(LOSSES).filter((key) => LOSSES[key as LossName].smooths);
  if (labelSmoothing > 0 && !loss.smooths)
    throw new UserError(
      `the ${name} loss has no targets to smooth: leave --label-smoothing out, or use --loss ${smoothing.join(", ")}`,
    );
  if (gradientPenalty > 0 && discriminatorNorm === "batch")
    throw new UserError(
      "the gradient penalty is of each example by itself, and batch norm mixes them: use --discriminator-norm none or spectral",
    );
  if (pack > 1 && conditional !== "none")
    throw new UserError("examples packed together are of several classes: leave out --pack or --conditional");
  if (batchSize % pack !== 0)
    throw new UserError(
      `the discriminator judges ${pack} examples together: --batch-size must be a multiple of that, and ${batchSize} is not`,
    );
  return { loss, gradientPenalty, labelSmoothing, unrolled, unrolledLr };
}
