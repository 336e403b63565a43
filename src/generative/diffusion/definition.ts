import { z } from "zod";
import { UserError } from "../../errors.ts";
import { adam } from "../../optim/adam.ts";
import { constant, cooldown, warmup } from "../../optim/schedules.ts";
import { bernoulli, flip, less, where } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Data } from "../../train/examples.ts";
import { imageShapeOf } from "../coders.ts";
import type { ModelDefinition } from "../model.ts";
import { DIFFUSION, type DiffusionConfig, diffusionOf, labelsOf, modelOf, names } from "./config.ts";
import { DIT_VARIANTS, DiT } from "./dit.ts";
import { exports } from "./exports.ts";
import * as hooks from "./hooks.ts";
import { diffusionLoss } from "./losses.ts";
import { type DiffusionNetwork, toModel } from "./model.ts";
import { UNet } from "./unet.ts";
import { ddpmUNet } from "./unet-config.ts";

const count = z.int().min(1);

const unetConfig = z.strictObject({
  ...DIFFUSION,
  width: count.default(16).describe("channels of the first level"),
  multipliers: z.array(count).min(1).default([1, 2, 4]).describe("channels of each level, in units of width"),
  attentionAt: z
    .array(count)
    .default([7])
    .describe("resolutions, in pixels, at which pixels attend to one another"),
  layersPerBlock: count.default(1).describe("residual blocks a level (one more on the way up)"),
  groups: count.default(8).describe("groups of GroupNorm"),
  dropout: z.number().min(0).lt(1).default(0).describe("dropout in the residual blocks"),
});

const ditConfig = z.strictObject({
  ...DIFFUSION,
  variant: z
    .enum(names(DIT_VARIANTS))
    .optional()
    .describe("a published size (patch, depth, width and heads together), instead of the four options below"),
  patch: count.default(4).describe("side of a patch in pixels: each is one token"),
  depth: count.default(6).describe("transformer blocks"),
  width: count.default(128).describe("size of a token"),
  heads: count.default(4).describe("attention heads"),
});

/** Half of the images, by the key, mirrored. */
const mirrored = (images: Tensor, key: Key): Tensor =>
  where(less(bernoulli(key, 0.5, [images.shape[0]!, 1, 1, 1]), 0.5), images, flip(images, 3));

/** The one way diffusion models are trained (Ho et al. 2020, algorithm 1); the network is the difference. */
function definition<S extends z.ZodObject>(
  about: Pick<ModelDefinition<S>, "name" | "description" | "config" | "training">,
  network: (config: z.output<S>, data: Data, labels: number) => DiffusionNetwork,
): ModelDefinition<S> {
  return {
    ...about,
    build: (options, data, plan) => {
      const config = options as unknown as DiffusionConfig;
      const module = network(options, data, labelsOf(data, config));
      const model = modelOf(module, config, data);
      const { minSnr, labelDropout } = config;
      const how = {
        weighting: minSnr === undefined ? ("plain" as const) : { minSnr },
        labelDropout: model.classes > 0 ? labelDropout : 0,
      };
      return {
        name: about.name,
        module,
        players: [
          {
            name: about.name,
            module,
            loss: ({ images, labels }, key) => {
              const shown = config.flip ? mirrored(images!, key.split("flip")) : images!;
              return diffusionLoss(model, toModel(shown), labels, key, how);
            },
            optimizer: adam(),
            schedule: cooldown(plan.steps, config.cooldown, warmup(config.warmup, constant(plan.lr))),
            clip: config.clip,
            ema: config.ema,
          },
        ],
      };
    },
    ...(hooks.diffusionHooks as Partial<ModelDefinition<S>>),
    diffusion: (context) => diffusionOf(context as Parameters<typeof diffusionOf>[0]),
    exports: exports as unknown as NonNullable<ModelDefinition<S>["exports"]>,
  };
}

export const ddpm = definition(
  {
    name: "ddpm",
    description: "denoising diffusion with a U-Net: images out of noise, step by step",
    config: unetConfig,
    training: { data: "mnist", batchSize: 32, lr: 1e-3, epochs: 5 },
  },
  (config, data, labels) => {
    const [channels, height, width] = imageShapeOf(data, "ddpm") as [number, number, number];
    if (height !== width) throw new UserError(`ddpm takes square images, not ${height} × ${width}`);
    return new UNet(ddpmUNet({ ...config, channels, size: height, labels }));
  },
);

export const dit = definition(
  {
    name: "dit",
    description: "denoising diffusion with a transformer over patches (DiT, adaLN-Zero)",
    config: ditConfig,
    training: { data: "mnist", batchSize: 32, lr: 1e-3, epochs: 5 },
  },
  (config, data, labels) => {
    const { variant, patch, depth, width, heads } = config;
    const shape = imageShapeOf(data, "dit");
    return new DiT({ ...(variant ? DIT_VARIANTS[variant]! : { patch, depth, width, heads }), shape, labels });
  },
);
