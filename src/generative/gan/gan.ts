import { z } from "zod";
import { command, exporting } from "../../model/contract.ts";
import { learnBy } from "../../train/learning.ts";
import type { Batch } from "../../train/task.ts";
import { fieldOf } from "../examples.ts";
import type { GenerativeModel } from "../model.ts";
import { discriminatorLoss, type Gan, generatorLoss, type Real } from "./game.ts";
import { preview } from "./look.ts";
import { buildGan, type GanContext, GanOptions, gameOf } from "./options.ts";
import { draw, Evaluate, evaluate, Sample, sample } from "./samples.ts";

/** Generative adversarial networks (Goodfellow et al. 2014), in their many published forms. */
export const gan: GenerativeModel<typeof GanOptions, Gan> = {
  name: "gan",
  options: GanOptions,
  training: { data: "mnist", batchSize: 64, lr: 2e-4, epochs: 10, beta1: 0.5, cooldown: 0.5, ema: 0.999 },
  build: buildGan,
  players: (module, options, plan, spec) => {
    const game = gameOf(options, plan.batchSize);
    const { name: field } = fieldOf(spec, "gan");
    const real = (batch: Batch): Real => ({
      x: batch[field]!,
      labels: module.classes > 0 ? batch.labels : undefined,
    });
    return [
      {
        name: "discriminator",
        module: module.discriminator,
        loss: (batch, key) => discriminatorLoss(module, real(batch), key, game),
        repeats: options.discriminatorSteps,
        ...learnBy(plan, { lr: options.discriminatorLr, ema: 0 }),
      },
      {
        name: "generator",
        module: module.generator,
        loss: (batch, key) => generatorLoss(module, real(batch), key, game),
        ...learnBy(plan),
      },
    ];
  },
  preview,
  draw,
  commands: { sample: command(Sample, sample), evaluate: command(Evaluate, evaluate) },
  exports: exporting(z.strictObject({}), ({ module, spec }: Pick<GanContext, "module" | "spec">, batch) => {
    const { name, shape } = fieldOf(spec, "gan");
    const labels = module.classes > 0 ? { labels: { shape: [batch], dtype: "int32" } as const } : {};
    return {
      generator: {
        description: name === "images" ? "noise to images in [0, 1]" : "noise to points",
        inputs: { z: { shape: [batch, module.latent], dtype: "float32" }, ...labels },
        run: ({ z, labels }) => ({ [name]: module.generator.forward(z!, labels) }),
      },
      discriminator: {
        description: `${name} to scores; higher is more real`,
        inputs: { [name]: { shape: [batch, ...shape], dtype: "float32" }, ...labels },
        run: (inputs) => ({ scores: module.discriminator.forward(inputs[name]!, inputs.labels).scores }),
      },
    };
  }),
};
