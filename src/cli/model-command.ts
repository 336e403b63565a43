import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/node.ts";
import { modelOfRun } from "../model/catalog.ts";
import type { AnyModel, Command, Output } from "../model/contract.ts";
import { type OpenedRun, openRunOf } from "../model/opened.ts";
import { openRunFolder, outputsOf, type RunFolder } from "../train/node.ts";
import type { Communicator } from "../train/parallel/communicator.ts";
import { openedByAll } from "../train/parallel/shared.node.ts";
import { pictureExtension, savePicture } from "../train/pictures.node.ts";
import { Cli } from "./command.ts";
import { openEngine, RuntimeOptions, type Shell, worldOf } from "./common.ts";
import { inFlags } from "./flags.ts";
import { Printer, table } from "./io.ts";
import { addOptions, pickOptions } from "./options.ts";
import { ParallelOptions, threadsOf, withRanks } from "./parallel.ts";
import { short } from "./progress.ts";
import { terminalGrid, terminalOf } from "./terminal-image.ts";

/** Options that choose which weights of a run to use. */
export const WeightOptions = z.strictObject({
  checkpoint: z
    .union([z.int().min(0), z.literal("best")])
    .optional()
    .describe("the step of the checkpoint to use, or the best by validation (default: the newest)"),
  weights: z
    .enum(["ema", "trained"])
    .optional()
    .describe("moving averages, or as trained (default: ema where the run has it)"),
});
export type WeightOptions = z.output<typeof WeightOptions>;

const OutputOptions = z.strictObject({
  seed: z.int().min(0).default(0).describe("random seed"),
  out: z.string().optional().describe("folder for the files (default: inside the run)"),
});

/** The help of a command that many models have. */
export interface CommandHelp {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly (readonly [string, string])[];
  /** Where a model cannot do this: another command that does something like it, and how, as the end of a sentence. */
  readonly instead?: Readonly<Record<string, string>>;
}

/** The model of the run that a command line names: its commands have their own options. */
export async function modelOf(
  [command, ...rest]: readonly string[],
  { catalog }: Shell,
): Promise<AnyModel | undefined> {
  const words = rest.filter((word) => !word.startsWith("-"));
  for (const word of words) {
    const run = await openRunFolder(word).catch(() => undefined);
    if (run) return await modelOfRun(catalog, run);
  }
  // A missing run is reported before its options, which only its model knows. A word after a flag may be its value.
  const name = words.find((word) => !rest[rest.indexOf(word) - 1]?.startsWith("-"));
  if (name !== undefined && command !== "help" && !rest.some((word) => word === "--help" || word === "-h"))
    await openRunFolder(name);
  return undefined;
}

/**
 * A command over a trained run. Its options are the model's, so `model` is needed for them; without a run on the
 * command line it only has its help.
 */
export function modelCommand(help: CommandHelp, model: AnyModel | undefined, shell: Shell): Cli {
  const own: Command<unknown, never> | undefined = model?.commands[help.name];
  const command = new Cli(help.name)
    .description(help.description)
    .argument("<run>", "the run's folder, or its name under runs/")
    .examples(...help.examples) as Cli;
  if (own) addOptions(command, own.options, `For ${model!.name}:`);
  else command.addHelpText("after", `\nThe model's own options: galatea ${help.name} <run> --help`);
  addOptions(command, WeightOptions, "Weights:");
  addOptions(command, OutputOptions, "Output:");
  addOptions(command, RuntimeOptions, "Running:");
  if (own?.parallel) addOptions(command, ParallelOptions, "Running:");
  return command.action((name: string, parsed: Record<string, unknown>) =>
    withRanks(pickOptions(ParallelOptions, parsed).parallel, shell.io, (ranks, io) =>
      runCommand(help, name, parsed, { ...shell, io }, ranks),
    ),
  ) as Cli;
}

async function runCommand(
  help: CommandHelp,
  runName: string,
  parsed: Record<string, unknown>,
  shell: Shell,
  ranks: Communicator,
): Promise<void> {
  const { name } = help;
  const run = await openedByAll(ranks, runName, () => openRunFolder(runName));
  const model = await modelOfRun(shell.catalog, run);
  const command: Command<unknown, never> | undefined = model.commands[name];
  if (!command)
    throw new UserError(
      `${run.path} is a ${model.name}; it cannot ${name}. It can ${can(model)}${insteadOf(help, model)}`,
    );
  const given = pickOptions(command.options, parsed);
  const { seed, out } = pickOptions(OutputOptions, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  runtime.threads = threadsOf(runtime.threads, ranks);
  const printer = new Printer(shell.io, runtime.json);
  const opened = await openWithWeights(run, pickOptions(WeightOptions, parsed), runtime, printer, shell);
  const parts = printer.parts(name);
  try {
    let written = "";
    const write = (text: string): void => {
      written += text;
      if (!printer.json) shell.io.stdout.write(text);
    };
    const made = await opened.do(name, given, {
      seed,
      progress: parts.report,
      write,
      signal: shell.io.signal,
      ranks,
    });
    parts.stop();
    if (ranks.rank > 0) return;
    if (written !== "") printer.line();
    // What was shown as it was written is not shown again.
    const output = written !== "" && !printer.json ? { ...made, text: [] } : made;
    const folder = out ?? join(outputsOf(run), name);
    await report(output, { folder, prefix: `${opened.step}-`, printer, name, run, step: opened.step });
  } finally {
    parts.stop();
    await opened.engine.dispose();
  }
}

const can = (model: AnyModel): string => Object.keys(model.commands).join(", ") || "only be trained";

function insteadOf({ instead = {} }: CommandHelp, model: AnyModel): string {
  const [how] = Object.entries(instead).flatMap(([name, how]) => (model.commands[name] ? [how] : []));
  return how === undefined ? "" : `. ${how}`;
}

/** A run as a model with the chosen weights, on its own engine. */
export async function openWithWeights(
  run: RunFolder,
  choice: WeightOptions,
  runtime: RuntimeOptions,
  printer: Printer,
  { catalog }: Shell,
): Promise<OpenedRun> {
  const { device = run.config.device, threads = run.config.threads } = runtime;
  const engine = await openEngine({ device, threads });
  const world = worldOf(run.config.kind === "model" ? run.config : { data: "" }, { catalog, printer });
  try {
    return await openRunOf(run, catalog, engine, world, choice);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

interface ReportOptions {
  readonly folder: string;
  readonly prefix: string;
  readonly printer: Printer;
  readonly name: string;
  readonly run: RunFolder;
  readonly step: number;
}

/** Write a command's output, and print it. */
async function report(
  output: Output,
  { folder, prefix, printer, name, run, step }: ReportOptions,
): Promise<void> {
  const { pictures = [], numbers = {}, text = [], files = [] } = output;
  const paths: string[] = [];
  for (const picture of pictures) {
    const name = freeName(folder, prefix + picture.name, `.${pictureExtension(picture)}`);
    paths.push((await savePicture(folder, name, picture)).path);
    if (!("images" in picture)) continue;
    printer.line(`\n${picture.name}`);
    printer.line(terminalGrid(picture.images, terminalOf(printer.io.stdout)));
  }
  for (const line of text) printer.line(inFlags(line));
  const rows = Object.entries(numbers);
  if (rows.length > 0) {
    printer.line(`\n${table(rows.map(([key, value]) => [key, short(value)]))}`);
    const file = join(folder, `${freeName(folder, `${prefix}numbers`, ".json")}.json`);
    await writeFileAtomic(file, `${JSON.stringify({ run: run.path, step, ...numbers }, null, 2)}\n`);
    paths.push(file);
  }
  for (const { name: base, text: content } of files) {
    const dot = base.lastIndexOf(".");
    const [stem, extension] = [base.slice(0, dot), base.slice(dot)];
    const file = join(folder, freeName(folder, prefix + stem, extension) + extension);
    await writeFileAtomic(file, content);
    paths.push(file);
  }
  if (paths.length > 0) printer.line(`\n${paths.join("\n")}`);
  printer.object({ command: name, run: run.path, step, numbers, text, files: paths });
}

/** A file name that is not taken yet. */
export function freeName(folder: string, base: string, extension = ".png"): string {
  let name = base;
  for (let n = 2; existsSync(join(folder, name + extension)); n++) name = `${base}-${n}`;
  return name;
}
