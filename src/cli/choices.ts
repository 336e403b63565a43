/** What can be trained, and the options of a training. */
import { z } from "zod";
import { unknownName } from "../errors.ts";
import type { Catalog } from "../model/catalog.ts";
import {
  type AnyModel,
  type Listed,
  type Recipe,
  type TrainingDefaults,
  trainingOf,
} from "../model/contract.ts";
import { LearningOptions } from "../train/learning.ts";
import { RuntimeOptions } from "./common.ts";
import { kebab } from "./flags.ts";
import { pickOptions, withDefaults } from "./options.ts";

const positive = z.number().positive();
const count = z.int().min(1);

/** What can be trained: a model with its own defaults, or with a recipe's. */
export interface Choice {
  readonly name: string;
  readonly description: string;
  readonly model: Listed;
  readonly recipe: Recipe | undefined;
}

/** A selected model or recipe, its model loaded. */
export interface Chosen extends Omit<Choice, "model"> {
  readonly model: AnyModel;
  /** The model's options, with these defaults. */
  readonly options: z.ZodObject;
  readonly learning: typeof LearningOptions;
  readonly training: TrainingDefaults;
}

export const choicesOf = ({ models, recipes }: Catalog): Choice[] => [
  ...Object.values(models).map((model) => ({ ...model, model, recipe: undefined })),
  ...Object.values(recipes).map((recipe) => ({ ...recipe, recipe })),
];

export async function choose({ name, description, recipe, ...choice }: Choice): Promise<Chosen> {
  const model = await choice.model.load();
  const training = recipe ? trainingOf(model, recipe) : (model.training as TrainingDefaults);
  const options = withDefaults(model.options as z.ZodObject, recipe?.options ?? {});
  const own = Object.entries(training).filter(([key]) => key in LearningOptions.shape);
  const learning = withDefaults(LearningOptions, Object.fromEntries(own));
  return { name, description, model, recipe, options, learning, training };
}

/** The options of every training, with the choice's own defaults. */
export const trainingOptions = ({ training, recipe }: Chosen) =>
  z.strictObject({
    data: z.string().default(training.data).describe("the data set, one of those below"),
    imageSize: count.optional().describe("resize and crop images to this many pixels per side"),
    tokenizer: z
      .string()
      .optional()
      .describe(
        `how text becomes tokens: characters, bytes, words, words:N, bpe:N (learned, N tokens), gpt2:FOLDER (default: ${training.tokenizer ?? "characters"})`,
      ),
    from: z
      .string()
      .optional()
      .describe(
        "start from the weights of this run, with its tokenizer, and its options unless they are given (fine-tuning); for gpt, a folder of GPT-2's files, too",
      ),
    epochs: positive.optional().describe(`passes over the training data${defaultOf(training.epochs)}`),
    steps: count.optional().describe(`training steps, instead of epochs${defaultOf(training.steps)}`),
    batchSize: count.default(training.batchSize).describe("examples in a batch"),
    accumulate: count
      .default(1)
      .describe("batches whose gradients are averaged for one step, like one larger batch in less memory"),
    lr: positive.default(training.lr).describe("peak learning rate"),
    validation: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe(
        "share of the training data to hold out; the checkpoint with the smallest loss on it is kept",
      ),
    patience: count
      .optional()
      .describe("with validation: stop after this many validations without a smaller loss (default: never)"),
    seed: z.int().min(0).default(0).describe("random seed; the same seed gives the same run"),
    out: z
      .string()
      .optional()
      .describe(`folder of the run (default: runs/${recipe ? recipe.name : "MODEL-DATA"})`),
    logEvery: count.default(10).describe("steps between lines of metrics.jsonl"),
    sampleEvery: count
      .optional()
      .describe("steps between sample pictures and validations (default: an epoch)"),
    checkpointEvery: count.optional().describe("steps between checkpoints (default: an epoch)"),
    keep: count.default(3).describe("checkpoints to keep"),
    until: count.optional().describe("stop after this step, as by Ctrl-C: galatea resume goes on"),
  });

const defaultOf = (value: number | undefined): string => (value === undefined ? "" : ` (default: ${value})`);

/**
 * What a training with options by their names is on the command line: the arguments after `galatea train`.
 * @throws UserError where an option is unknown, or its value not possible
 */
export async function trainingArguments(
  catalog: Catalog,
  name: string,
): Promise<(options: Readonly<Record<string, unknown>>) => string[]> {
  const choices = choicesOf(catalog);
  const choice = choices.find((one) => one.name === name);
  if (!choice)
    throw unknownName(
      "model or recipe",
      name,
      choices.map((one) => one.name),
    );
  const chosen = await choose(choice);
  const schemas = [chosen.options, trainingOptions(chosen), chosen.learning, RuntimeOptions];
  const types = Object.assign({}, ...schemas.map(({ shape }) => shape)) as Record<string, z.ZodType>;
  return (options) => {
    for (const key of Object.keys(options))
      if (!Object.hasOwn(types, key))
        throw unknownName(`option of galatea train ${name}`, key, Object.keys(types));
    for (const schema of schemas) pickOptions(schema, options);
    const flags = Object.entries(options).flatMap(([key, value]) => {
      if (typeof value !== "boolean")
        return [`--${kebab(key)}`, Array.isArray(value) ? value.join() : String(value)];
      // A switch has the flag that changes its default, and no other.
      const usual = types[key]!.safeParse(undefined).data === true;
      return value === usual ? [] : [`--${value ? "" : "no-"}${kebab(key)}`];
    });
    return [name, ...flags];
  };
}
