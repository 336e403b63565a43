import type { z } from "zod";
import type { DataSpec } from "../../data/spec.ts";
import type { Model, Player } from "../../model/contract.ts";
import { bernoulli, where } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { learnBy } from "../../train/learning.ts";
import { fieldOf, requireImages } from "../examples.ts";
import { diffusionCommands } from "./commands.ts";
import { type DiffusionConfig, type DiffusionDefinition, labelRows, modelOf } from "./config.ts";
import { diffusionLoss } from "./losses.ts";
import type { DiffusionNetwork } from "./model.ts";
import { scalingOf } from "./scaling.ts";

/** Images [N, C, H, W], each mirrored with probability ½. */
const mirrored = (images: Tensor, key: Key): Tensor =>
  where(bernoulli(key, 0.5, [images.shape[0]!, 1, 1, 1]).less(0.5), images, images.flip(3));

/** A diffusion model with the given network, trained by algorithm 1 of Ho et al. (2020). */
export function diffusionModel<S extends z.ZodObject>(
  about: Pick<Model<S>, "name" | "options" | "training">,
  network: (options: z.output<S>, spec: DataSpec, labels: number) => DiffusionNetwork,
): DiffusionDefinition<S> {
  const configOf = (options: z.output<S>): DiffusionConfig => options as unknown as DiffusionConfig;
  return {
    ...about,
    diffusion: true,
    build: (options, spec) => {
      const config = configOf(options);
      if (config.flip) requireImages(spec, "flip", "mirrors images");
      return network(options, spec, labelRows(spec, config));
    },
    players: (module, options, plan, spec) => {
      const config = configOf(options);
      const model = modelOf(module, config, spec);
      const { minSnr, labelDropout, flip } = config;
      const how = {
        weighting: minSnr === undefined ? ("plain" as const) : { minSnr },
        labelDropout: model.classes > 0 ? labelDropout : 0,
      };
      const { name: field } = fieldOf(spec, about.name);
      const { into } = scalingOf(model);
      const loss: Player["loss"] = (batch, key) => {
        const x = batch[field]!;
        const shown = flip ? mirrored(x, key.split("flip")) : x;
        return diffusionLoss(model, into(shown), batch.labels, key, how);
      };
      return [{ name: about.name, module, loss, ...learnBy(plan) }];
    },
    ...(diffusionCommands as Pick<DiffusionDefinition<S>, keyof typeof diffusionCommands>),
  };
}
