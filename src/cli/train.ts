import { existsSync } from "node:fs";
import { z } from "zod";
import { DATASETS } from "../data/names.ts";
import { UserError, unknownName } from "../errors.ts";
import type { AnyModel } from "../generative/model.ts";
import { MODELS } from "../generative/models.ts";
import { epochOf } from "../train/loop.ts";
import { createRun, freeRunPath } from "../train/node.ts";
import { VERSION } from "../version.ts";
import { Cli } from "./command.ts";
import { buildModel, openData, openEngine, RuntimeOptions } from "./common.ts";
import { type Io, Printer } from "./io.ts";
import { addOptions, pickOptions } from "./options.ts";
import { trainRun } from "./session.ts";

const positive = z.number().positive();
const count = z.int().min(1);

/** What every training takes, with the model's own defaults. */
const trainingOptions = ({ training }: AnyModel) =>
  z.strictObject({
    data: z
      .string()
      .default(training.data)
      .describe("the data set: mnist, fashion-mnist, folder:PATH or idx:IMAGES[,LABELS]"),
    imageSize: count.optional().describe("resize and crop the images of a folder to this many pixels a side"),
    epochs: positive.optional().describe(`passes over the training data${defaultOf(training.epochs)}`),
    steps: count.optional().describe(`training steps, instead of epochs${defaultOf(training.steps)}`),
    batchSize: count.default(training.batchSize).describe("examples in a step"),
    accumulate: count
      .default(1)
      .describe(
        "batches whose gradients are averaged for one step: as a batch that many times larger, in less memory",
      ),
    lr: positive.default(training.lr).describe("peak learning rate"),
    seed: z.int().min(0).default(0).describe("everything random follows from it"),
    out: z.string().optional().describe("folder of the run (default: runs/MODEL-DATA)"),
    logEvery: count.default(10).describe("steps between lines of metrics.jsonl"),
    sampleEvery: count.optional().describe("steps between sample pictures (default: an epoch)"),
    checkpointEvery: count.optional().describe("steps between checkpoints (default: an epoch)"),
    keep: count.default(3).describe("checkpoints to keep"),
  });

const defaultOf = (value: number | undefined): string => (value === undefined ? "" : ` (default: ${value})`);

export function trainCommand(io: Io): Cli {
  const train = new Cli("train")
    .summary("train a model")
    .description(
      "Train a model. Everything goes into a run folder: configuration, metrics, TensorBoard events, sample pictures\n" +
        "and checkpoints. Ctrl-C saves and stops; `galatea resume` goes on to the same numbers.",
    )
    .argument("[model]", `what to train: ${Object.keys(MODELS).join(", ")}`)
    .action((name?: string) => {
      if (name === undefined) throw new UserError(`say which model: ${Object.keys(MODELS).join(", ")}`);
      throw unknownName("model", name, Object.keys(MODELS));
    })
    .examples(
      ["galatea train vae", "a variational autoencoder on MNIST"],
      ["galatea train vae --help", "all options of that model"],
      ["galatea train ae --data fashion-mnist --epochs 5", "another model, other data"],
      ["galatea train vae --data folder:photos --image-size 32", "your own pictures"],
    ) as Cli;
  for (const model of Object.values(MODELS)) train.addCommand(modelCommand(model, io));
  return train;
}

function modelCommand(model: AnyModel, io: Io): Cli {
  const training = trainingOptions(model);
  const clash = Object.keys(model.config.shape).filter(
    (key) => key in training.shape || key in RuntimeOptions.shape,
  );
  if (clash.length > 0)
    throw new Error(`the model ${model.name} has options of the loop's: ${clash.join(", ")}`);
  const command = new Cli(model.name).summary(model.description).description(`Train: ${model.description}`);
  addOptions(command, model.config, "Model:");
  addOptions(command, training, "Training:");
  addOptions(command, RuntimeOptions, "Running:");
  command.action((parsed: Record<string, unknown>) => start(model, parsed, training, io));
  const data = Object.entries(DATASETS).map(([name, what]) => `  ${name.padEnd(20)}  ${what}`);
  command.addHelpText("after", `\nData sets:\n${data.join("\n")}`);
  return command.examples(
    [`galatea train ${model.name}`, "with all defaults"],
    [`galatea train ${model.name} --epochs 2 --out runs/try`, "a short one, in a folder of your choice"],
    [`galatea train ${model.name} --seed 1 --json`, "for scripts: one JSON object a line"],
  );
}

async function start(
  model: AnyModel,
  parsed: Record<string, unknown>,
  schema: ReturnType<typeof trainingOptions>,
  io: Io,
): Promise<void> {
  const config = pickOptions(model.config, parsed);
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
      training.steps === undefined && training.epochs === undefined ? model.training : training;
    const { batchSize, lr, accumulate, seed, logEvery, keep, imageSize } = training;
    // The model is built before the folder is made: what it refuses leaves nothing behind.
    const { plan } = buildModel(model, config, data, { batchSize, lr, epochs, steps, accumulate });
    const path = training.out ?? (await freeRunPath(`${model.name}-${slug(data.name)}`));
    const run = {
      format: 1 as const,
      galatea: VERSION,
      model: model.name,
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
