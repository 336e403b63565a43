import { CommanderError } from "commander";
import { CATALOG, TOOLS } from "../catalog.node.ts";
import { UserError } from "../errors.ts";
import { fileProblem } from "../files/node.ts";
import { modelOfRun } from "../model/catalog.ts";
import type { AnyModel, Command } from "../model/contract.ts";
import { openRunFolder } from "../train/node.ts";
import { VERSION } from "../version.ts";
import { Cli } from "./command.ts";
import type { Shell } from "./common.ts";
import { exportCommand } from "./export.ts";
import { takeExtensions, withExtensions } from "./extension.ts";
import { HELPS } from "./helps.ts";
import { Interrupted, type Io } from "./io.ts";
import { listCommand } from "./list.ts";
import { modelCommand, ownHelp } from "./model-command.ts";
import { inFlags } from "./options.ts";
import { resumeCommand } from "./resume.ts";
import { rlCommand } from "./rl.ts";
import { toolCommand } from "./tool-command.ts";
import { trainCommand } from "./train.ts";

/** Exit codes: 0 done; 1 something the user can put right; 2 a defect of ours; 130 after Ctrl-C. */
export async function runCli(given: readonly string[], io: Io, known = CATALOG): Promise<number> {
  try {
    const { args, files } = takeExtensions(given);
    const shell = { catalog: await withExtensions(known, files), io };
    const program = buildProgram(await modelOf(args, shell), shell);
    await program.parseAsync(args.length > 0 ? args : ["--help"], { from: "user" });
    return 0;
  } catch (error) {
    return explain(error, io);
  }
}

function buildProgram(model: AnyModel | undefined, shell: Shell): Cli {
  const { io } = shell;
  const program = new Cli("galatea")
    .description(
      "Train generative models and reinforcement-learning agents, look into them, take them elsewhere.",
    )
    .version(VERSION)
    .helpCommand("help [command]", "explain a command")
    .option("--with <module>", "add models, recipes and data of your own: a module of yours (.js or .ts)")
    .examples(
      ["galatea list", "what can be trained, and on what"],
      ["galatea train vae", "train a variational autoencoder on MNIST"],
      ["galatea sample vae-mnist", "draw new digits with it"],
      ["galatea train --help", "how any of these commands works"],
    ) as Cli;
  const commands = [
    listCommand(shell),
    trainCommand(shell),
    resumeCommand(shell),
    ...helpsOf(shell).map((help) => modelCommand(help, model, shell)),
    ...TOOLS.map((tool) => toolCommand(tool, shell)),
    exportCommand(model, shell),
    rlCommand(shell),
  ];
  for (const command of commands) program.addCommand(command);
  const all = (command: Cli): Cli[] => [command, ...(command.commands as Cli[]).flatMap(all)];
  for (const command of all(program)) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Errors are printed once, by `explain`.
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 100, 110),
    });
  }
  return program;
}

/** The commands that models have: those of many first, then each that only some have. */
function helpsOf({ catalog }: Shell): typeof HELPS {
  const known = new Set(HELPS.map(({ name }) => name));
  const own = new Map<string, string>();
  for (const model of Object.values(catalog.models))
    for (const [name, { about }] of Object.entries(model.commands as Record<string, Command<unknown, never>>))
      if (!known.has(name)) own.set(name, about ?? `what a ${model.name} does: ${name}`);
  return [...HELPS, ...[...own].map(([name, about]) => ownHelp(name, about))];
}

/** The model of the run that a command line names: its commands have options of their own. */
async function modelOf([command, ...rest]: readonly string[], shell: Shell): Promise<AnyModel | undefined> {
  const help = command === "help" ? rest[0] : command;
  if (help !== "export" && !helpsOf(shell).some(({ name }) => name === help)) return undefined;
  const words = rest.filter((word) => !word.startsWith("-"));
  for (const word of words) {
    const run = await openRunFolder(word).catch(() => undefined);
    if (run) return modelOfRun(shell.catalog, run);
  }
  // A run that is not there is the mistake, and not the options, which are its model's. A word after a flag may be its value.
  const name = words.find((word) => !rest[rest.indexOf(word) - 1]?.startsWith("-"));
  if (name !== undefined && command !== "help" && !rest.some((word) => word === "--help" || word === "-h"))
    await openRunFolder(name);
  return undefined;
}

function explain(error: unknown, { stderr }: Io): number {
  if (error instanceof Interrupted) return 130;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    stderr.write(`${error.message.replace(/^error: /, "")}\n`);
    return 1;
  }
  const said = error instanceof UserError ? error : (fileProblem(error) ?? memoryProblem(error));
  if (said) {
    stderr.write(`${inFlags(said.message)}\n`);
    return 1;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(`${stack}\nThis is a defect of galatea ${VERSION}, not of your input: please report it.\n`);
  return 2;
}

/** What does not fit into memory is too large, and not a defect. */
function memoryProblem(error: unknown): UserError | undefined {
  const tooLarge =
    error instanceof RangeError && /array (buffer )?(allocation|length)|array size/i.test(error.message);
  return tooLarge ||
    /failed to allocate memory|std::bad_alloc/i.test(String((error as Error | undefined)?.message))
    ? new UserError(
        "there is not enough memory for this: choose a smaller model (width, depth) or batch (option `batchSize`)",
      )
    : undefined;
}
