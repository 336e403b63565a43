import type { WholeCatalog } from "../catalog.ts";
import { VERSION } from "../version.ts";
import { Cli } from "./command.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { explain } from "./explain.ts";
import { takeExtensions, withExtensions } from "./extension.ts";
import type { Io } from "./io.ts";

/** Exit codes: 0 done; 1 something the user can put right; 2 a defect of ours; 130 after Ctrl-C. */
export async function runCli(given: readonly string[], io: Io, known?: WholeCatalog): Promise<number> {
  try {
    const { args, files } = takeExtensions(given);
    // The catalogue is large: help alone needs what is in it only where somebody added to it.
    const shipped = async (): Promise<WholeCatalog> => known ?? (await import("../catalog.ts")).CATALOG;
    const extended = files.length > 0 || known ? await withExtensions(await shipped(), files) : undefined;
    const program = buildProgram();
    const words = args.filter((arg) => !arg.startsWith("-"));
    const named = words[0] === "help" ? words[1] : words[0];
    for (const entry of await entriesOf(extended)) {
      const shell = async () => ({ catalog: extended ?? (await shipped()), io });
      const command = entry.name === named ? await entry.load(await shell(), args) : nameOnly(entry);
      program.addCommand(command.summary(entry.summary));
    }
    settle(program, io);
    await program.parseAsync(args.length > 0 ? args : ["--help"], { from: "user" });
    return 0;
  } catch (error) {
    return explain(error, io);
  }
}

const nameOnly = ({ name, usage }: Entry): Cli => {
  const command = new Cli(name);
  if (usage) command.argument(usage);
  return command;
};

function buildProgram(): Cli {
  return new Cli("galatea")
    .description(
      "Train generative models and reinforcement-learning agents, look into them, take them elsewhere.",
    )
    .version(VERSION)
    .helpCommand("help [command]", "explain a command")
    .option(
      "--with <module>",
      "add models, recipes, agents, environments and data of your own, from this module (.js or .ts)",
    )
    .examples(
      ["galatea list", "what can be trained, and on what"],
      ["galatea train vae", "train a variational autoencoder on MNIST"],
      ["galatea sample vae-mnist", "draw new digits with it"],
      ["galatea train --help", "how any of these commands works"],
    ) as Cli;
}

/** Where all commands write, and that they throw where they would exit. */
function settle(command: Cli, io: Io): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => io.stdout.write(text),
    // Errors are printed once, by `explain`.
    writeErr: () => undefined,
    getOutHelpWidth: () => Math.min(io.stdout.columns ?? 100, 110),
  });
  for (const one of command.commands as Cli[]) settle(one, io);
}
