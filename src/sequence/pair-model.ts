/** What the models of pairs (seq2seq, transformer) have in common: examples, loss, commands. */
import { z } from "zod";
import type { Data, PairData } from "../data/data.ts";
import type { DataSpec, PairSpec } from "../data/spec.ts";
import { tokenizerOf } from "../data/tokenizers.ts";
import { UserError } from "../errors.ts";
import { type Context, command, type ExampleSets, exporting, type Player } from "../model/contract.ts";
import { argmax, cast, div, equal, greaterEqual, maximum, mul, sum, where } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { learnBy } from "../train/learning.ts";
import type { Plan } from "../train/task.ts";
import { type EncoderDecoder, targetLoss } from "./encoder-decoder.ts";
import { readAndNext } from "./examples.ts";
import { Attention, attentionCommand } from "./pair-attention.ts";
import { Evaluate, evaluate, Translate, translateCommand } from "./pair-commands.ts";
import { pairParts } from "./pair-decoder.ts";
import { pairSets } from "./pairs.ts";

export const count = z.int().min(1).max(100_000);

/** Options of both. */
export const PAIR_OPTIONS = {
  dropout: z.number().min(0).lt(1).default(0.1).describe("dropout probability"),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe("mix the target tokens with the uniform distribution in the training loss"),
};

/** The tokenizers of these data. @throws UserError where they are no pairs. */
export function pairsOf(model: string, spec: DataSpec): PairSpec {
  if (spec.kind === "pairs") return spec;
  throw new UserError(
    `${model} learns from pairs of a source and a target, and the data set "${spec.name}" holds ${spec.kind}: choose cmudict, task:reverse or pairs:FILE`,
  );
}

/** Tokens of a source and of a target, its end included. */
export function vocabulariesOf(
  model: string,
  spec: DataSpec,
): { sourceVocabSize: number; vocabSize: number } {
  const { source, target } = pairsOf(model, spec);
  return { sourceVocabSize: tokenizerOf(source).vocabSize, vocabSize: tokenizerOf(target).vocabSize + 1 };
}

export function examplesOf(model: string, data: Data, most?: number): ExampleSets {
  pairsOf(model, data.spec);
  return pairSets(data as PairData, most);
}

/** The share of tokens that are the likeliest of their logits [B, T, V]. */
function accuracy(logits: Tensor, next: Tensor): Tensor {
  const own = greaterEqual(next, 0);
  const right = cast(equal(argmax(logits, -1), next), "float32");
  return div(sum(where(own, right, 0)), maximum(sum(cast(own, "float32")), 1));
}

/** One player, which learns under teacher forcing; `own` rises along the training to the share of its own tokens it reads. */
export function pairPlayer(
  name: string,
  module: EncoderDecoder,
  plan: Plan,
  { labelSmoothing, own = 0 }: { readonly labelSmoothing: number; readonly own?: number },
): Player {
  return {
    name,
    module,
    loss: ({ source, target }, key, step) => {
      const { read, next } = readAndNext(target!);
      const share = own > 0 ? mul(step, own / plan.steps) : undefined;
      const logits = module.forward(source!, read, { key, own: share });
      return { loss: targetLoss(logits, next, { labelSmoothing }) };
    },
    validate: ({ source, target }) => {
      const { read, next } = readAndNext(target!);
      const logits = module.forward(source!, read);
      return { loss: targetLoss(logits, next), token_accuracy: accuracy(logits, next) };
    },
    ...learnBy(plan),
  };
}

export const PAIR_COMMANDS = {
  translate: command(
    Translate,
    (context: Context<unknown, EncoderDecoder>, options) => translateCommand(context, options),
    "write a target for a source",
  ),
  attention: command(
    Attention,
    (context: Context<unknown, EncoderDecoder>, options) => attentionCommand(context, options),
    "draw what a model looks at, layer by layer and head by head",
  ),
  evaluate: command(Evaluate, (context: Context<unknown, EncoderDecoder>, options) =>
    evaluate(context, options),
  ),
};

const Lengths = z.strictObject({
  sourceLength: count.default(32).describe("the most tokens of a source"),
  targetLength: count.default(48).describe("the most tokens of a target"),
});

export const PAIR_EXPORTS = exporting(
  Lengths,
  ({ module }: { readonly module: EncoderDecoder }, rows, { sourceLength, targetLength }) =>
    pairParts(module, { rows, sourceLength, capacity: targetLength }),
);
