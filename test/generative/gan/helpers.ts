import { Gan } from "../../../src/generative/gan/game.ts";
import { gan } from "../../../src/generative/gan/gan.ts";
import type { DiscriminatorOptions } from "../../../src/generative/gan/networks.ts";
import { type Trained, type TrainingOptions, trainedBy } from "../helpers.ts";

export const OPTIONS: DiscriminatorOptions = {
  network: "mlp",
  latent: 3,
  width: 8,
  depth: 2,
  channels: 4,
  discriminatorNorm: "none",
  conditional: "none",
  pack: 1,
  minibatchStddev: false,
};

export const makeGan = (
  shape: readonly number[],
  options: Partial<DiscriminatorOptions> = {},
  classes = 0,
): Gan => new Gan(shape, { ...OPTIONS, ...options }, classes);

/** A small GAN, trained for a few steps with all else as `galatea train gan` has it. */
export const trainedGan = (
  options: Record<string, unknown>,
  steps: number,
  training: Partial<TrainingOptions> = {},
): Promise<Trained<Gan>> =>
  trainedBy(
    gan,
    { latent: 4, width: 32, depth: 2, channels: 8, ...options },
    { lr: 2e-3, ...training, steps },
  );
