import { adam } from "../../optim/adam.ts";
import type { Schedule } from "../../optim/optimizer.ts";
import { constant, linear } from "../../optim/schedules.ts";
import { minimum } from "../../tensor/ops.ts";
import type { Batch } from "../../train/task.ts";
import type { ModelDefinition, Plan } from "../model.ts";
import { fieldOf, GAN, gameOf, networksOf } from "./config.ts";
import { discriminatorLoss, generatorLoss, type Real } from "./gan.ts";
import { ganHooks } from "./hooks.ts";

/** Constant, and in the last part of the training, `decay`, on a line to 0. */
const schedule = (lr: number, { steps }: Plan, decay: number): Schedule =>
  decay === 0 ? constant(lr) : (step) => minimum(linear(lr / decay, { steps })(step), lr);

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
    const { beta1, beta2, decay, ema, discriminatorSteps, discriminatorLr = plan.lr } = config;
    const optimizer = adam({ betas: [beta1, beta2] });
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
          schedule: schedule(discriminatorLr, plan, decay),
          repeats: discriminatorSteps,
        },
        {
          name: "generator",
          module: module.generator,
          loss: (batch, key) => generatorLoss(module, real(batch), key, game),
          optimizer,
          schedule: schedule(plan.lr, plan, decay),
          ...(ema > 0 && { ema }),
        },
      ],
    };
  },
  ...ganHooks,
};
