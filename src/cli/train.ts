import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DATASETS } from "../data/names.ts";
import type { DataSpec, TokenizerSpec } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import { asModelRun } from "../model/catalog.ts";
import type { AnyModel } from "../model/contract.ts";
import { checkpointOf } from "../model/opened.ts";
import { requireOneProcess, requireWeights, sessionOf } from "../model/session.ts";
import { freeRunPath } from "../train/folders.node.ts";
import { LearningOptions } from "../train/learning.ts";
import { epochOf } from "../train/loop.ts";
import { createRun, openRunFolder, RunFolder } from "../train/node.ts";
import { type Communicator, shareOf } from "../train/parallel/communicator.ts";
import type { ModelRun } from "../train/run-config.ts";
import { VERSION } from "../version.ts";
import { type Chosen, choicesOf, choose, trainingOptions } from "./choices.ts";
import { Cli } from "./command.ts";
import { openEngine, RuntimeOptions, type Shell, worldOf } from "./common.ts";
import { Family } from "./family.ts";
import { inFlags } from "./flags.ts";
import { Printer } from "./io.ts";
import { addLineage } from "./lineage.ts";
import { addOptions, givenOptions, pickOptions } from "./options.ts";
import { ParallelOptions, synchronize, TrainParallelOptions, threadsOf, withRanks } from "./parallel.ts";
import { runTraining, type Training } from "./session.ts";

/** Only the choices named in the arguments are loaded and get their options. */
export async function trainCommand(shell: Shell, args: readonly string[]): Promise<Cli> {
  const choices = choicesOf(shell.catalog);
  const names = choices.map(({ name }) => name);
  const train = new Family("train").description(
    "Train a model, with its own defaults or with a recipe's: a model, data and options that go well together. " +
      "Everything goes into a run folder: configuration, metrics, TensorBoard events, sample pictures and " +
      "checkpoints. Ctrl-C saves and stops; `galatea resume` continues with the same numbers.",
  ) as Family;
  train
    .chooses("model", names, "model or recipe")
    .examples(
      ["galatea train vae", "a variational autoencoder on MNIST"],
      ["galatea train vae --help", "all options of that model"],
      ["galatea train ddpm-mnist", "a recipe: digits by diffusion"],
      ["galatea train ae --data fashion-mnist --epochs 5", "another model, other data"],
      ["galatea train vae --data folder:photos --image-size 32", "your own pictures"],
      ["galatea train vae --from vae-mnist --data fashion-mnist", "fine-tune the weights of another run"],
    );
  for (const choice of choices) {
    const made = args.includes(choice.name)
      ? choiceCommand(await choose(choice), shell)
      : new Cli(choice.name);
    train.addCommand(made.summary(choice.description).helpGroup(choice.recipe ? "Recipes:" : "Models:"));
  }
  return train;
}

function choiceCommand(choice: Chosen, shell: Shell): Cli {
  const { name, model, recipe, description } = choice;
  const training = trainingOptions(choice);
  const taken = {
    ...training.shape,
    ...LearningOptions.shape,
    ...RuntimeOptions.shape,
    ...TrainParallelOptions.shape,
  };
  const clash = Object.keys(choice.options.shape).filter((key) => Object.hasOwn(taken, key));
  if (clash.length > 0)
    throw new UserError(
      `the model ${model.name} has options with the names of training options: ${clash.join(", ")}. Rename those`,
    );
  const command = new Cli(name).description(
    recipe
      ? `Train ${model.name} by a recipe: ${description}.${recipe.recorded ? `\nRecorded: ${inFlags(recipe.recorded)}.` : ""}`
      : `Train: ${description}`,
  ) as Cli;
  addOptions(command, choice.options, "Model:");
  addOptions(command, training, "Training:");
  addOptions(command, choice.learning, "Learning:");
  addOptions(command, RuntimeOptions, "Running:");
  addOptions(command, TrainParallelOptions, "Running:");
  command.action((parsed: Record<string, unknown>) =>
    withRanks(pickOptions(ParallelOptions, parsed).parallel, shell.io, (ranks, io) =>
      start(choice, command, parsed, training, { ...shell, io }, ranks),
    ),
  );
  const data = [
    ...Object.entries(DATASETS),
    ...shell.catalog.data.map(({ name, about }) => [name, about] as const),
  ];
  const lines = data.map(([name, what]) => `  ${name.padEnd(20)}  ${what}`);
  command.addHelpText("after", `\nData sets:\n${lines.join("\n")}`);
  if (!recipe) addLineage(command, `galatea train ${name}`);
  return command.examples(
    [`galatea train ${name}`, "with all defaults"],
    [`galatea train ${name} --epochs 2 --out runs/try`, "a short one, in a folder of your choice"],
    [`galatea train ${name} --seed 1 --json`, "for scripts: one JSON object per line"],
  );
}

async function start(
  choice: Chosen,
  command: Cli,
  parsed: Record<string, unknown>,
  schema: ReturnType<typeof trainingOptions>,
  { catalog, io }: Shell,
  ranks: Communicator,
): Promise<void> {
  const { model, recipe } = choice;
  const training = pickOptions(schema, parsed);
  const learning = pickOptions(choice.learning, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  const threads = threadsOf(runtime.threads, ranks);
  if (training.steps !== undefined && training.epochs !== undefined)
    throw new UserError("option `steps` and option `epochs` both set the length: give one of them");
  if (training.patience !== undefined && training.validation === 0)
    throw new UserError("option `patience` needs option `validation`, a share of the data to hold out");
  if (training.out !== undefined && existsSync(`${training.out}/config.json`))
    throw new UserError(
      `${training.out} holds a run already. Continue it (galatea resume ${training.out}), or choose another option \`out\``,
    );
  const weights = training.from === undefined ? undefined : await weightsOf(training.from, model);
  requireWeights(model, weights);
  requireOneProcess(model, ranks);
  const options = pickOptions(choice.options, {
    ...parsed,
    ...(weights && {
      ...weights.options,
      // A recipe that tunes another run's weights has options that are its own, as what it rewards.
      ...(model.tunes && recipe?.options),
      ...givenOptions(choice.options, command, parsed),
    }),
  });
  const printer = new Printer(io, runtime.json);
  shareOf(training.batchSize, ranks);
  const engine = await openEngine({ ...runtime, threads });
  try {
    const { epochs, steps } =
      training.steps === undefined && training.epochs === undefined ? choice.training : training;
    const { batchSize, lr, accumulate, validation, patience, seed, logEvery, keep, imageSize, data } =
      training;
    const spec = weights?.spec;
    const tokenizer =
      training.tokenizer ?? weights?.tokenizer ?? (spec ? undefined : choice.training.tokenizer);
    const world = worldOf({ data, imageSize, spec, tokenizer }, { catalog, printer });
    const opened = await world.data();
    const config: ModelRun = {
      format: 2,
      galatea: VERSION,
      kind: "model",
      model: model.name,
      ...(recipe && { recipe: recipe.name }),
      ...(catalog.extension !== undefined && { extension: catalog.extension }),
      ...(weights && { from: weights.path }),
      data,
      ...(imageSize && { imageSize }),
      spec: opened.spec,
      seed,
      device: runtime.device ?? "cpu",
      ...(threads && { threads }),
      ...(ranks.size > 1 && { ranks: ranks.size }),
      ...(pickOptions(TrainParallelOptions, parsed).syncBatchNorm && { syncBatchNorm: true }),
      steps: steps ?? 1,
      logEvery,
      sampleEvery: training.sampleEvery ?? 1,
      checkpointEvery: training.checkpointEvery ?? 1,
      keep,
      options: options as Record<string, unknown>,
      training: { ...learning, batchSize, accumulate, lr, validation, ...(patience && { patience }) },
    };
    // The model is built before the folder is made, so that an error leaves nothing behind.
    const draft = sessionOf(model, config, opened, { epochs, steps });
    const { plan } = draft;
    const { syncBatchNorm } = pickOptions(TrainParallelOptions, parsed);
    synchronize(draft.task.module, ranks, syncBatchNorm);
    const planned = {
      ...config,
      steps: plan.steps,
      sampleEvery: training.sampleEvery ?? epochOf(plan),
      checkpointEvery: training.checkpointEvery ?? epochOf(plan),
    };
    const base = recipe && data === choice.training.data ? recipe.name : `${model.name}-${slug(opened.name)}`;
    const path = await ranks.broadcast(training.out ?? (await freeRunPath(base)));
    const run = ranks.rank === 0 ? await createRun(path, planned) : new RunFolder(path, planned);
    const session = { ...draft, config: planned };
    await runTraining({
      run,
      session,
      engine,
      world,
      printer,
      from: undefined,
      weights,
      ranks,
      until: training.until,
    });
  } finally {
    await engine.dispose();
  }
}

/** Weights to start from, with what they were trained with. */
interface Pretrained extends NonNullable<Training["weights"]> {
  readonly path: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The data they were trained on, of a run; its tokenizers are used again. */
  readonly spec?: DataSpec | undefined;
  /** The tokenizer that belongs to them, of other programs' files. */
  readonly tokenizer?: TokenizerSpec;
}

/** The weights of another run (averaged where it has averages), and its options. */
async function weightsOf(name: string, model: AnyModel): Promise<Pretrained> {
  if (model.adopt && existsSync(join(name, "model.safetensors"))) {
    const read = (file: string): Promise<Uint8Array | undefined> =>
      readFile(join(name, file)).catch(() => undefined);
    return { ...(await model.adopt(read, name)), source: name, path: name };
  }
  const run = await openRunFolder(name);
  const config = asModelRun(run.path, run.config);
  const { tensors, step } = await checkpointOf(run, {});
  const all = tensors.ema ?? tensors.weights;
  const dict = config.model === model.name ? all : model.takes?.(config.model, all);
  if (!dict) throw new UserError(`${run.path} is a ${config.model}: its weights do not fit a ${model.name}`);
  return {
    dict,
    source: `${run.path}, step ${step}`,
    path: run.path,
    options: config.options,
    spec: config.spec,
  };
}

/** A data set's name as part of a folder's name. */
const slug = (name: string): string =>
  name
    .replace(/[^a-zA-Z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(-40);
