import { adam } from "../../optim/adam.ts";
import { constant, cooldown as cooling } from "../../optim/schedules.ts";
import type { Batch } from "../../train/task.ts";
import type { ModelDefinition } from "../model.ts";
import { fieldOf, GAN, gameOf, networksOf } from "./config.ts";
import { discriminatorLoss, generatorLoss, type Real } from "./gan.ts";
import { ganHooks } from "./hooks.ts";

export const gan: ModelDefinition<typeof GAN> = {
  name: "gan",
  description: "generative adversarial network: one side draws, the other tells drawn from real",
  config: GAN,
  training: { data: "mnist", batchSize: 64, lr: 2e-4, epochs: 10 },
  batchesPerStep: ({ discriminatorSteps }) => discriminatorSteps,
  build: (config, data, plan) => {
    const module = networksOf(data, config);
    const game = gameOf(config, plan.batchSize);
    const field = fieldOf(data).name;
    const { beta1, beta2, cooldown, ema, discriminatorSteps, discriminatorLr = plan.lr } = config;
    const optimizer = adam({ betas: [beta1, beta2] });
    const falling = (lr: number) => cooling(plan.steps, cooldown, constant(lr));
    const real = (batch: Batch): Real => ({
      x: batch[field]!,
      labels: module.classes > 0 ? batch.labels : undefined,
    });
    return {
      name: "gan",
      module,
      players: [
        {
          name: "discriminator",
          module: module.discriminator,
          loss: (batch, key) => discriminatorLoss(module, real(batch), key, game),
          optimizer,
          schedule: falling(discriminatorLr),
          repeats: discriminatorSteps,
        },
        {
          name: "generator",
          module: module.generator,
          loss: (batch, key) => generatorLoss(module, real(batch), key, game),
          optimizer,
          schedule: falling(plan.lr),
          ...(ema > 0 && { ema }),
        },
      ],
    };
  },
  ...ganHooks,
};
