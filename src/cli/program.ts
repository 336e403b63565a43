import { CommanderError } from "commander";
import { UserError } from "../errors.ts";
import type { AnyModel } from "../generative/model.ts";
import { MODELS } from "../generative/models.ts";
import { openRun } from "../train/node.ts";
import { VERSION } from "../version.ts";
import { Cli } from "./command.ts";
import { compareCommand } from "./compare.ts";
import { EVALUATE } from "./evaluate.ts";
import { exportCommand } from "./export.ts";
import { type HookHelp, hookCommand } from "./hook.ts";
import { Interrupted, type Io } from "./io.ts";
import { listCommand } from "./list.ts";
import { RECONSTRUCT } from "./reconstruct.ts";
import { resumeCommand } from "./resume.ts";
import { rlCommand } from "./rl.ts";
import { SAMPLE } from "./sample.ts";
import { trainCommand } from "./train.ts";

const HOOKS: readonly HookHelp[] = [SAMPLE, RECONSTRUCT, EVALUATE];

/** Exit codes: 0 done; 1 something the user can put right; 2 a defect of ours; 130 after Ctrl-C. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  try {
    const program = buildProgram(await modelOf(args), io);
    await program.parseAsync(args.length > 0 ? args : ["--help"], { from: "user" });
    return 0;
  } catch (error) {
    return explain(error, io);
  }
}

function buildProgram(model: AnyModel | undefined, io: Io): Cli {
  const program = new Cli("galatea")
    .description(
      "Train generative models and reinforcement-learning agents, look into them, take them elsewhere.",
    )
    .version(VERSION)
    .helpCommand("help [command]", "explain a command")
    .examples(
      ["galatea list", "what can be trained, and on what"],
      ["galatea train vae", "train a variational autoencoder on MNIST"],
      ["galatea sample vae-mnist", "draw new digits with it"],
      ["galatea train --help", "how any of these commands works"],
    ) as Cli;
  const commands = [
    listCommand(io),
    trainCommand(io),
    resumeCommand(io),
    ...HOOKS.map((help) => hookCommand(help, model, io)),
    compareCommand(io),
    exportCommand(model, io),
    rlCommand(io),
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

/** The model of the run that a command line names: its hooks have options of their own. */
async function modelOf([command, ...rest]: readonly string[]): Promise<AnyModel | undefined> {
  const help = command === "help" ? rest[0] : command;
  if (help !== "export" && !HOOKS.some(({ name }) => name === help)) return undefined;
  for (const word of rest) {
    if (word.startsWith("-")) continue;
    const run = await openRun(word).catch(() => undefined);
    if (run) return MODELS[run.config.model];
  }
  return undefined;
}

function explain(error: unknown, { stderr }: Io): number {
  if (error instanceof Interrupted) return 130;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    stderr.write(`${error.message.replace(/^error: /, "")}\n`);
    return 1;
  }
  if (error instanceof UserError) {
    stderr.write(`${error.message}\n`);
    return 1;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(`${stack}\nThis is a defect of galatea ${VERSION}, not of your input: please report it.\n`);
  return 2;
}
