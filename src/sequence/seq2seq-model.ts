import { z } from "zod";
import type { Model } from "../model/contract.ts";
import { ATTENTIONS } from "./alignment.ts";
import { lookAt } from "./pair-commands.ts";
import { count, examplesOf, PAIR_COMMANDS, PAIR_EXPORTS, PAIR_OPTIONS, pairPlayer, vocabulariesOf } from "./pair-model.ts"; // biome-ignore format: a list of names
import { CELLS, type CellName, Seq2seq } from "./seq2seq.ts";

const Options = z.strictObject({
  cell: z
    .enum(Object.keys(CELLS) as [CellName, ...CellName[]])
    .default("lstm")
    .describe("recurrent cell"),
  width: count.default(128).describe("width of the states of encoder and decoder"),
  embedding: count.default(64).describe("embedding width"),
  layers: count.default(1).describe("recurrent layers, of the encoder and of the decoder"),
  bidirectional: z
    .boolean()
    .default(true)
    .describe("read the source in one direction only; otherwise the two directions share the width"),
  attention: z
    .enum(ATTENTIONS)
    .default("general")
    .describe("score of the attention; none: a fixed code, the encoder's last state"),
  inputFeeding: z
    .boolean()
    .default(false)
    .describe("with attention dot or general: a step also reads what the last step made of its context"),
  scheduledSampling: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      "share of target tokens that, at the end of the training, are the model's own; it rises from 0 linearly",
    ),
  ...PAIR_OPTIONS,
});

export const seq2seq: Model<typeof Options, Seq2seq> = {
  name: "seq2seq",
  options: Options,
  training: {
    data: "cmudict",
    batchSize: 64,
    lr: 3e-3,
    epochs: 8,
    lrSchedule: "cosine",
    warmup: 100,
    maxGradNorm: 1,
  },
  build: (options, spec) => new Seq2seq({ ...options, ...vocabulariesOf("seq2seq", spec) }),
  examples: (_, data) => examplesOf("seq2seq", data),
  players: (module, { labelSmoothing, scheduledSampling }, plan) => [
    pairPlayer("seq2seq", module, plan, { labelSmoothing, own: scheduledSampling }),
  ],
  preview: (context) => lookAt(context),
  commands: PAIR_COMMANDS,
  exports: PAIR_EXPORTS,
};
