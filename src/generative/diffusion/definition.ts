import { z } from "zod";
import type { DataSpec } from "../../data/spec.ts";
import { UserError } from "../../errors.ts";
import type { Model, Player } from "../../model/contract.ts";
import { bernoulli, flip, less, where } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { learnBy } from "../../train/learning.ts";
import { imageShapeOf } from "../coders.ts";
import { diffusionCommands } from "./commands.ts";
import { DIFFUSION, type DiffusionConfig, type DiffusionDefinition, LEARNS, labelRows, modelOf, names } from "./config.ts"; // biome-ignore format: a list of names
import { DIT_VARIANTS, DiT } from "./dit.ts";
import { diffusionLoss } from "./losses.ts";
import { type DiffusionNetwork, toModel } from "./model.ts";
import { UNet } from "./unet.ts";
import { ddpmUNet } from "./unet-config.ts";

const count = z.int().min(1);

const UNetOptions = z.strictObject({
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

const DitOptions = z.strictObject({
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
function diffusionModel<S extends z.ZodObject>(
  about: Pick<Model<S>, "name" | "description" | "options" | "training">,
  network: (options: z.output<S>, spec: DataSpec, labels: number) => DiffusionNetwork,
): DiffusionDefinition<S> {
  const configOf = (options: z.output<S>): DiffusionConfig => options as unknown as DiffusionConfig;
  return {
    ...about,
    diffusion: true,
    build: (options, spec) => network(options, spec, labelRows(spec, configOf(options))),
    players: (module, options, plan, spec) => {
      const config = configOf(options);
      const model = modelOf(module, config, spec);
      const { minSnr, labelDropout, flip } = config;
      const how = {
        weighting: minSnr === undefined ? ("plain" as const) : { minSnr },
        labelDropout: model.classes > 0 ? labelDropout : 0,
      };
      const loss: Player["loss"] = ({ images, labels }, key) => {
        const shown = flip ? mirrored(images!, key.split("flip")) : images!;
        return diffusionLoss(model, toModel(shown), labels, key, how);
      };
      return [{ name: about.name, module, loss, ...learnBy(plan) }];
    },
    ...(diffusionCommands as Pick<DiffusionDefinition<S>, keyof typeof diffusionCommands>),
  };
}

export const ddpm = diffusionModel(
  {
    name: "ddpm",
    description: "denoising diffusion with a U-Net: images out of noise, step by step",
    options: UNetOptions,
    training: { data: "mnist", batchSize: 32, lr: 1e-3, epochs: 5, ...LEARNS },
  },
  (options, spec, labels) => {
    const [channels, height, width] = imageShapeOf(spec, "ddpm");
    if (height !== width) throw new UserError(`ddpm takes square images, not ${height} × ${width}`);
    return new UNet(ddpmUNet({ ...options, channels, size: height, labels }));
  },
);

export const dit = diffusionModel(
  {
    name: "dit",
    description: "denoising diffusion with a transformer over patches (DiT, adaLN-Zero)",
    options: DitOptions,
    training: { data: "mnist", batchSize: 32, lr: 1e-3, epochs: 5, ...LEARNS },
  },
  (options, spec, labels) => {
    const { variant, patch, depth, width, heads } = options;
    const shape = imageShapeOf(spec, "dit");
    return new DiT({ ...(variant ? DIT_VARIANTS[variant]! : { patch, depth, width, heads }), shape, labels });
  },
);
