import { existsSync } from "node:fs";
import { z } from "zod";
import { DATASETS } from "../data/names.ts";
import { UserError, unknownName } from "../errors.ts";
import type { AnyModel, TrainingDefaults } from "../generative/model.ts";
import { MODELS } from "../generative/models.ts";
import { RECIPES, type Recipe, trainingOf } from "../recipes.ts";
import { epochOf } from "../train/loop.ts";
import { createRun, freeRunPath } from "../train/node.ts";
import { VERSION } from "../version.ts";
import { Cli } from "./command.ts";
import { buildModel, openData, openEngine, RuntimeOptions } from "./common.ts";
import { type Io, Printer } from "./io.ts";
import { addOptions, pickOptions, withDefaults } from "./options.ts";
import { trainRun } from "./session.ts";

const positive = z.number().positive();
const count = z.int().min(1);

/** What can be trained: a model with its own defaults, or with a recipe's. */
interface Choice {
  readonly name: string;
  readonly description: string;
  readonly model: AnyModel;
  readonly recipe: Recipe | undefined;
  /** The model's options, with these defaults. */
  readonly config: z.ZodObject;
  readonly training: TrainingDefaults;
}

const CHOICES: readonly Choice[] = [
  ...Object.values(MODELS).map((model) => ({ ...model, model, recipe: undefined })),
  ...Object.values(RECIPES).map((recipe) => ({
    ...recipe,
    recipe,
    config: withDefaults(recipe.model.config, recipe.config),
    training: trainingOf(recipe),
  })),
];

/** What every training takes, with the choice's own defaults. */
const trainingOptions = ({ training, recipe }: Choice) =>
  z.strictObject({
    data: z
      .string()
      .default(training.data)
      .describe("the data set: mnist, fashion-mnist, folder:PATH, cifar10:FOLDER or idx:IMAGES[,LABELS]"),
    imageSize: count.optional().describe("resize and crop the images of a folder to this many pixels a side"),
    epochs: positive.optional().describe(`passes over the training data${defaultOf(training.epochs)}`),
    steps: count.optional().describe(`training steps, instead of epochs${defaultOf(training.steps)}`),
    batchSize: count.default(training.batchSize).describe("examples in a batch"),
    accumulate: count
      .default(1)
      .describe(
        "batches whose gradients are averaged for one step: as a batch that many times larger, in less memory",
      ),
    lr: positive.default(training.lr).describe("peak learning rate"),
    seed: z.int().min(0).default(0).describe("everything random follows from it"),
    out: z
      .string()
      .optional()
      .describe(`folder of the run (default: runs/${recipe ? recipe.name : "MODEL-DATA"})`),
    logEvery: count.default(10).describe("steps between lines of metrics.jsonl"),
    sampleEvery: count.optional().describe("steps between sample pictures (default: an epoch)"),
    checkpointEvery: count.optional().describe("steps between checkpoints (default: an epoch)"),
    keep: count.default(3).describe("checkpoints to keep"),
  });

const defaultOf = (value: number | undefined): string => (value === undefined ? "" : ` (default: ${value})`);

export function trainCommand(io: Io): Cli {
  const names = CHOICES.map(({ name }) => name);
  const train = new Cli("train")
    .summary("train a model")
    .description(
      "Train a model, with its own defaults or with a recipe's: a model, data and options that go well together.\n" +
        "Everything goes into a run folder: configuration, metrics, TensorBoard events, sample pictures and\n" +
        "checkpoints. Ctrl-C saves and stops; `galatea resume` goes on to the same numbers.",
    )
    .argument("[model]", `what to train: ${names.join(", ")}`)
    .action((name?: string) => {
      if (name === undefined) throw new UserError(`say which model or recipe: ${names.join(", ")}`);
      throw unknownName("model", name, names);
    })
    .examples(
      ["galatea train vae", "a variational autoencoder on MNIST"],
      ["galatea train vae --help", "all options of that model"],
      ["galatea train ddpm-mnist", "a recipe: digits by diffusion"],
      ["galatea train ae --data fashion-mnist --epochs 5", "another model, other data"],
      ["galatea train vae --data folder:photos --image-size 32", "your own pictures"],
    ) as Cli;
  for (const choice of CHOICES) train.addCommand(choiceCommand(choice, io));
  return train;
}

function choiceCommand(choice: Choice, io: Io): Cli {
  const { name, model, recipe, description } = choice;
  const training = trainingOptions(choice);
  const clash = Object.keys(model.config.shape).filter(
    (key) => key in training.shape || key in RuntimeOptions.shape,
  );
  if (clash.length > 0)
    throw new Error(`the model ${model.name} has options of the loop's: ${clash.join(", ")}`);
  const command = new Cli(name)
    .summary(description)
    .description(
      recipe
        ? `Train ${model.name} by a recipe: ${description}.${recipe.recorded ? `\nRecorded: ${recipe.recorded}.` : ""}`
        : `Train: ${description}`,
    )
    .helpGroup(recipe ? "Recipes:" : "Models:") as Cli;
  addOptions(command, choice.config, "Model:");
  addOptions(command, training, "Training:");
  addOptions(command, RuntimeOptions, "Running:");
  command.action((parsed: Record<string, unknown>) => start(choice, parsed, training, io));
  const data = Object.entries(DATASETS).map(([name, what]) => `  ${name.padEnd(20)}  ${what}`);
  command.addHelpText("after", `\nData sets:\n${data.join("\n")}`);
  return command.examples(
    [`galatea train ${name}`, "with all defaults"],
    [`galatea train ${name} --epochs 2 --out runs/try`, "a short one, in a folder of your choice"],
    [`galatea train ${name} --seed 1 --json`, "for scripts: one JSON object a line"],
  );
}

async function start(
  choice: Choice,
  parsed: Record<string, unknown>,
  schema: ReturnType<typeof trainingOptions>,
  io: Io,
): Promise<void> {
  const { model, recipe } = choice;
  const config = pickOptions(choice.config, parsed);
  const training = pickOptions(schema, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  if (training.steps !== undefined && training.epochs !== undefined)
    throw new UserError("--steps and --epochs say the same thing twice: give one of them");
  if (training.out !== undefined && existsSync(`${training.out}/config.json`))
    throw new UserError(
      `${training.out} holds a run already. Go on with it (galatea resume ${training.out}), or choose another --out`,
    );
  const printer = new Printer(io, runtime.json);
  const engine = await openEngine(runtime);
  try {
    const data = await openData(training.data, printer, training.imageSize);
    const { epochs, steps } =
      training.steps === undefined && training.epochs === undefined ? choice.training : training;
    const { batchSize, lr, accumulate, seed, logEvery, keep, imageSize } = training;
    // The model is built before the folder is made: what it refuses leaves nothing behind.
    const { plan } = buildModel(model, config, data, { batchSize, lr, epochs, steps, accumulate });
    const base =
      recipe && training.data === choice.training.data ? recipe.name : `${model.name}-${slug(data.name)}`;
    const path = training.out ?? (await freeRunPath(base));
    const run = {
      format: 1 as const,
      galatea: VERSION,
      model: model.name,
      recipe: recipe?.name,
      data: training.data,
      imageSize,
      seed,
      device: runtime.device ?? ("cpu" as const),
      threads: runtime.threads,
      steps: plan.steps,
      batchSize,
      accumulate,
      lr,
      logEvery,
      sampleEvery: training.sampleEvery ?? epochOf(plan),
      checkpointEvery: training.checkpointEvery ?? epochOf(plan),
      keep,
      config: config as Record<string, unknown>,
    };
    await trainRun({ run: await createRun(path, run), data, engine, printer, from: undefined });
  } finally {
    await engine.dispose();
  }
}

/** A data set's name as part of a folder's name. */
const slug = (name: string): string =>
  name
    .replace(/[^a-zA-Z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(-40);
