import { z } from "zod";
import type { TokenData } from "../data/data.ts";
import type { DataSpec } from "../data/spec.ts";
import { tokenizerOf } from "../data/tokenizers.ts";
import { UserError } from "../errors.ts";
import { type Context, command, exporting, type Model, type Player } from "../model/contract.ts";
import { learnBy } from "../train/learning.ts";
import { answer, evaluateAnswers, lookAtAnswers } from "./answer-commands.ts";
import { answerExamples, vocabularyOf } from "./answers.ts";
import { decodingStep } from "./decoder.ts";
import { languageExamples, nextTokenLoss, readAndNext } from "./examples.ts";
import { Gpt, type GptOptions } from "./gpt.ts";
import { readGptFiles } from "./gpt-weights.ts";
import { Evaluate, evaluate, lookAt, Sample, sample } from "./language-commands.ts";
import { attention, LookInside, lens } from "./look-inside.ts";
import { BLOCK_OPTIONS } from "./techniques.ts";

const count = z.int().min(1).max(100_000);

/** Options of a GPT, and of every model that is one. */
export const GptModelOptions = z.strictObject({
  layers: count.default(4).describe("Transformer blocks"),
  heads: count.default(4).describe("attention heads per block"),
  width: count.default(64).describe("embedding width"),
  context: count.default(32).describe("context length in tokens"),
  ...BLOCK_OPTIONS,
  dropout: z.number().min(0).lt(1).default(0).describe("dropout probability"),
});
type Config = z.output<typeof GptModelOptions>;

/** How many tokens these data have. @throws UserError where they have none. */
function vocabSizeOf(spec: DataSpec): number {
  if (spec.kind === "tokens") return tokenizerOf(spec.tokenizer).vocabSize;
  if (spec.kind === "pairs") return vocabularyOf(spec).vocabSize;
  throw new UserError(
    `gpt learns from text, and the data set "${spec.name}" holds ${spec.kind}: choose names, text:FILE, lines:FILE, or questions and answers (pairs:FILE, task:NAME)`,
  );
}

const answers = ({ spec }: { readonly spec: DataSpec }): boolean => spec.kind === "pairs";

const gptOptions = ({ feedForward, ...options }: Config, spec: DataSpec): GptOptions => ({
  ...options,
  feedForward: feedForward ?? 4 * options.width,
  vocabSize: vocabSizeOf(spec),
});

export const gpt: Model<typeof GptModelOptions, Gpt> = {
  name: "gpt",
  options: GptModelOptions,
  training: {
    data: "names",
    batchSize: 32,
    lr: 7e-3,
    steps: 4200,
    optimizer: "adamw",
    beta2: 0.99,
    weightDecay: 0.1,
    warmup: 100,
    lrSchedule: "cosine",
    maxGradNorm: 1,
  },
  build: (options, spec) => new Gpt(gptOptions(options, spec)),
  examples: ({ context }, data) => {
    vocabSizeOf(data.spec);
    return data.kind === "pairs"
      ? answerExamples(data, context)
      : languageExamples(data as TokenData, context);
  },
  players: (module, _, plan) => {
    const measured =
      (trains: boolean): Player["loss"] =>
      ({ tokens, next: answer }, key) => {
        const { read, next } = readAndNext(tokens!);
        return { loss: nextTokenLoss(module.forward(read, trains ? key : undefined), answer ?? next) };
      };
    return [{ name: "gpt", module, loss: measured(true), validate: measured(false), ...learnBy(plan) }];
  },
  preview: (context) => (answers(context) ? lookAtAnswers(context) : lookAt(context)),
  commands: {
    sample: command(Sample, (context: Context<Config, Gpt>, options) =>
      answers(context) ? answer(context, options) : sample(context, options),
    ),
    evaluate: command(Evaluate, (context: Context<Config, Gpt>, options) =>
      answers(context) ? evaluateAnswers(context, options) : evaluate(context, options),
    ),
    attention: command(LookInside, (context: Context<Config, Gpt>, options) => attention(context, options)),
    lens: command(LookInside, (context: Context<Config, Gpt>, options) => lens(context, options)),
  },
  exports: exporting(z.strictObject({}), ({ module }, batch) => ({ step: decodingStep(module, batch) })),
  adopt: async (files, folder) => {
    const found = await readGptFiles(files, folder);
    const { vocabSize: _, ...options } = found.options;
    return { ...found, options };
  },
};
