import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { lookup, UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/node.ts";
import { withModel } from "../generative/context.ts";
import { rulerOnDemand, SHIPPED_RULERS } from "../generative/metrics/ruler.node.ts";
import type { AnyModel, Hook, Output } from "../generative/model.ts";
import { MODELS } from "../generative/models.ts";
import { Key } from "../tensor/random.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import type { Data } from "../train/examples.ts";
import { openRun, outputsOf, type RunFolder, readCheckpoint } from "../train/node.ts";
import { pictureExtension, savePicture } from "../train/pictures.node.ts";
import { Cli } from "./command.ts";
import { type Built, buildRun, openData, openEngine, RuntimeOptions } from "./common.ts";
import { type Io, Printer, table } from "./io.ts";
import { addOptions, pickOptions } from "./options.ts";
import { short } from "./progress.ts";
import { terminalGrid, terminalOf } from "./terminal-image.ts";

/** Options that choose which weights of a run to use. */
export const WeightOptions = z.strictObject({
  checkpoint: z.int().min(0).optional().describe("the step to take the weights from (default: the newest)"),
  weights: z
    .enum(["ema", "trained"])
    .optional()
    .describe("averaged or as trained (default: ema where the run keeps it)"),
});

const HookOptions = z.strictObject({
  seed: z.int().min(0).default(0).describe("everything random follows from it"),
  out: z.string().optional().describe("folder for the files (default: inside the run)"),
});

/** Option of the commands that measure drawn images. */
export const RulerOptions = z.strictObject({
  ruler: z
    .string()
    .optional()
    .describe(
      `classifier to measure drawn images by: a run of galatea train classifier, a .safetensors file exported from one, ` +
        `or ${SHIPPED_RULERS.join(" or ")} (default: the one that comes with galatea for the data)`,
    ),
});

export type HookName = "sample" | "reconstruct" | "evaluate";

export interface HookHelp {
  readonly name: HookName;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly (readonly [string, string])[];
}

/**
 * A command that does something with a trained run. Its options are the model's, so `model` is needed for them;
 * without a run on the command line it explains itself only.
 */
export function hookCommand(help: HookHelp, model: AnyModel | undefined, io: Io): Cli {
  const hook = model?.[help.name];
  const command = new Cli(help.name)
    .summary(help.summary)
    .description(help.description)
    .argument("<run>", "the run's folder, or its name under runs/")
    .examples(...help.examples) as Cli;
  if (hook) addOptions(command, hook.options, `For ${model!.name}:`);
  else command.addHelpText("after", `\nThe model's own options: galatea ${help.name} <run> --help`);
  addOptions(command, WeightOptions, "Weights:");
  if (help.name === "evaluate") addOptions(command, RulerOptions, "Measuring:");
  addOptions(command, HookOptions, "Output:");
  addOptions(command, RuntimeOptions, "Running:");
  return command.action((name: string, parsed: Record<string, unknown>) =>
    runHook(help.name, name, parsed, io),
  ) as Cli;
}

async function runHook(
  name: HookName,
  runName: string,
  parsed: Record<string, unknown>,
  io: Io,
): Promise<void> {
  const run = await openRun(runName);
  const model = lookup("model", MODELS, run.config.model);
  const hook: Hook<unknown> | undefined = model[name];
  if (!hook)
    throw new UserError(`${run.path} is a ${model.name}; it has nothing to ${name}. It can ${can(model)}`);
  const options = pickOptions(hook.options, parsed);
  const { seed, out } = pickOptions(HookOptions, parsed);
  const { ruler: wanted } = pickOptions(RulerOptions, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  const printer = new Printer(io, runtime.json);
  const loaded = await loadRun(run, pickOptions(WeightOptions, parsed), runtime, printer);
  const { built, data, engine, step } = loaded;
  const parts = printer.parts(name);
  const { ruler, dispose } = rulerOnDemand(data, engine, wanted);
  try {
    // One that was named and cannot be had is said before any work.
    if (wanted !== undefined) await ruler();
    const { task, config } = built;
    const key = Key.seed(seed).split(name);
    const context = { task, config, data, engine, key, ruler, progress: parts.report };
    const output = await withModel(context, (ctx) => hook.run(ctx, options));
    parts.stop();
    await report(output, {
      folder: out ?? join(outputsOf(run), name),
      prefix: `${step}-`,
      printer,
      name,
      run,
      step,
    });
  } finally {
    parts.stop();
    await dispose();
    await engine.dispose();
  }
}

const can = (model: AnyModel): string =>
  (["sample", "reconstruct", "evaluate"] as const).filter((hook) => model[hook]).join(", ") ||
  "only be trained";

interface ReportOptions {
  readonly folder: string;
  readonly prefix: string;
  readonly printer: Printer;
  readonly name: string;
  readonly run: RunFolder;
  readonly step: number;
}

/** Write what a hook made, and show it. */
async function report(
  output: Output,
  { folder, prefix, printer, name, run, step }: ReportOptions,
): Promise<void> {
  const { pictures = [], numbers = {}, text = [] } = output;
  const paths: string[] = [];
  for (const picture of pictures) {
    const name = freeName(folder, prefix + picture.name, `.${pictureExtension(picture)}`);
    paths.push((await savePicture(folder, name, picture)).path);
    if (!("images" in picture)) continue;
    printer.line(`\n${picture.name}`);
    printer.line(terminalGrid(picture.images, terminalOf(printer.io.stdout)));
  }
  for (const line of text) printer.line(line);
  const rows = Object.entries(numbers);
  if (rows.length > 0) {
    printer.line(`\n${table(rows.map(([key, value]) => [key, short(value)]))}`);
    const file = join(folder, `${freeName(folder, `${prefix}numbers`, ".json")}.json`);
    await writeFileAtomic(file, `${JSON.stringify({ run: run.path, step, ...numbers }, null, 2)}\n`);
    paths.push(file);
  }
  if (paths.length > 0) printer.line(`\n${paths.join("\n")}`);
  printer.object({ command: name, run: run.path, step, numbers, text, files: paths });
}

/** A file name that is not taken: what was made before is kept. */
export function freeName(folder: string, base: string, extension = ".png"): string {
  let name = base;
  for (let n = 2; existsSync(join(folder, name + extension)); n++) name = `${base}-${n}`;
  return name;
}

/** A run with its weights in place, ready to be used. */
export interface Loaded {
  readonly built: Built;
  readonly step: number;
  /** Time its training took until then. */
  readonly seconds: number;
  readonly weights: "ema" | "trained";
}

export async function loadRun(
  run: RunFolder,
  options: z.output<typeof WeightOptions>,
  runtime: z.output<typeof RuntimeOptions>,
  printer: Printer,
): Promise<
  Loaded & { data: Awaited<ReturnType<typeof openData>>; engine: Awaited<ReturnType<typeof openEngine>> }
> {
  const from = await checkpointOf(run, options);
  const { device = run.config.device, threads = run.config.threads } = runtime;
  const engine = await openEngine({ device, threads });
  const data = await openData(run.config.data, printer, run.config.imageSize);
  return { ...withWeights(run, from, options, data), data, engine };
}

/** The checkpoint that was asked for, the newest by default. */
export async function checkpointOf(
  run: RunFolder,
  { checkpoint }: z.output<typeof WeightOptions>,
): Promise<Checkpoint> {
  const from = await readCheckpoint(run, checkpoint);
  if (!from)
    throw new UserError(`${run.path} has no checkpoint yet: train it first (galatea resume ${run.path})`);
  return from;
}

/** A run's model over its data, with the weights of a checkpoint. */
export function withWeights(
  run: RunFolder,
  { ema, weights, step, seconds }: Checkpoint,
  { weights: wanted = ema ? "ema" : "trained" }: z.output<typeof WeightOptions>,
  data: Data,
): Loaded {
  if (wanted === "ema" && !ema)
    throw new UserError(`${run.path} keeps no moving averages: its weights are as trained`);
  const built = buildRun(run, data);
  const chosen = wanted === "ema" ? ema! : weights;
  built.task.module.loadStateDict(chosen, { source: `${run.path}, step ${step}` });
  return { built, step, seconds, weights: wanted };
}
