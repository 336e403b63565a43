import { z } from "zod";
import type { TokenData } from "../data/data.ts";
import type { DataSpec } from "../data/spec.ts";
import { tokenizerOf } from "../data/tokenizers.ts";
import { UserError } from "../errors.ts";
import { type Context, command, exporting, type Model, type Player } from "../model/contract.ts";
import { ACTIVATIONS, type ActivationName } from "../nn/activations.ts";
import { learnBy } from "../train/learning.ts";
import { answer, evaluateAnswers, lookAtAnswers } from "./answer-commands.ts";
import { answerExamples, vocabularyOf } from "./answers.ts";
import { decodingStep } from "./decoder.ts";
import { languageExamples, nextTokenLoss, readAndNext } from "./examples.ts";
import { Gpt, type GptOptions } from "./gpt.ts";
import { readGptFiles } from "./gpt-weights.ts";
import { Evaluate, evaluate, lookAt, Sample, sample } from "./language-commands.ts";
import { POSITIONS } from "./positions.ts";

const count = z.int().min(1).max(100_000);

const Options = z.strictObject({
  layers: count.default(4).describe("Transformer blocks"),
  heads: count.default(4).describe("attention heads per block"),
  width: count.default(64).describe("embedding width"),
  context: count.default(32).describe("context length in tokens"),
  feedForward: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe("hidden width of the feed-forward layers; 0: no feed-forward (default: 4 × width)"),
  activation: z
    .enum(Object.keys(ACTIVATIONS) as [ActivationName, ...ActivationName[]])
    .default("gelu_tanh")
    .describe("activation of the feed-forward layers"),
  gated: z.boolean().default(false).describe("gate the feed-forward layers; with silu this is SwiGLU"),
  positions: z.enum(POSITIONS).default("rotary").describe("position encoding"),
  norm: z
    .enum(["pre", "post", "none"])
    .default("pre")
    .describe("normalise before each sublayer (pre), after the residual sum (post), or not at all"),
  normKind: z.enum(["layer", "rms"]).default("layer").describe("LayerNorm or RMSNorm"),
  attention: z.boolean().default(true).describe("leave attention out: no token sees another"),
  residual: z.boolean().default(true).describe("leave the residual connections out"),
  causal: z
    .boolean()
    .default(true)
    .describe("leave the causal mask out: a token sees those after it, and so what it should predict"),
  bias: z.boolean().default(true).describe("no biases in linear layers and norms"),
  tied: z.boolean().default(true).describe("do not tie the output layer to the embedding"),
  dropout: z.number().min(0).lt(1).default(0).describe("dropout probability"),
});
type Config = z.output<typeof Options>;

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

export const gpt: Model<typeof Options, Gpt> = {
  name: "gpt",
  options: Options,
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
  },
  exports: exporting(z.strictObject({}), ({ module }, batch) => ({ step: decodingStep(module, batch) })),
  adopt: async (files, folder) => {
    const found = await readGptFiles(files, folder);
    const { vocabSize: _, ...options } = found.options;
    return { ...found, options };
  },
};
