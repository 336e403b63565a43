import { z } from "zod";
import type { Model } from "../model/contract.ts";
import { lookAt } from "./pair-commands.ts";
import { count, examplesOf, PAIR_COMMANDS, PAIR_EXPORTS, PAIR_OPTIONS, pairPlayer, vocabulariesOf } from "./pair-model.ts"; // biome-ignore format: a list of names
import { Transformer } from "./pair-transformer.ts";
import { BLOCK_OPTIONS } from "./techniques.ts";

const Options = z.strictObject({
  ...BLOCK_OPTIONS,
  layers: count.default(3).describe("Transformer blocks, of the encoder and of the decoder"),
  heads: count.default(4).describe("attention heads per block"),
  width: count.default(128).describe("embedding width"),
  context: count.default(64).describe("the most tokens of a source, and of a target with its end"),
  activation: BLOCK_OPTIONS.activation.default("relu"),
  positions: BLOCK_OPTIONS.positions.default("sinusoidal"),
  crossAttention: z
    .boolean()
    .default(true)
    .describe("leave the attention to the source out: the decoder knows nothing of it"),
  ...PAIR_OPTIONS,
});

export const transformer: Model<typeof Options, Transformer> = {
  name: "transformer",
  options: Options,
  training: {
    data: "cmudict",
    batchSize: 64,
    lr: 1e-3,
    epochs: 10,
    optimizer: "adamw",
    beta2: 0.98,
    weightDecay: 0.01,
    lrSchedule: "cosine",
    warmup: 200,
    maxGradNorm: 1,
  },
  build: ({ feedForward, ...options }, spec) =>
    new Transformer({
      ...options,
      ...vocabulariesOf("transformer", spec),
      feedForward: feedForward ?? 4 * options.width,
    }),
  examples: ({ context }, data) => examplesOf("transformer", data, context),
  players: (module, { labelSmoothing }, plan) => [
    pairPlayer("transformer", module, plan, { labelSmoothing }),
  ],
  preview: (context) => lookAt(context),
  commands: PAIR_COMMANDS,
  exports: PAIR_EXPORTS,
};
