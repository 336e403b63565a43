import { Command } from "commander";
import { unknownName } from "../errors.ts";

/** A commander Command whose errors list the known names, and that adds examples to its help. */
export class Cli extends Command {
  override createCommand(name?: string): Cli {
    return new Cli(name);
  }

  /** Commander's hook for an unknown flag. */
  unknownOption(flag: string): void {
    const known = this.options.filter((o) => !o.hidden).map((o) => o.long ?? o.flags);
    throw unknownName(`option of ${fullName(this)}`, flag.replace(/=.*/, ""), [...known, "--help"]);
  }

  /** Commander's hook for an unknown sub-command. */
  unknownCommand(): void {
    const known = this.commands.map((c) => c.name());
    throw unknownName("command", this.args[0] ?? "", known);
  }

  examples(...lines: readonly (readonly [command: string, what: string])[]): this {
    const width = Math.max(...lines.map(([command]) => command.length));
    const text = lines.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`);
    return this.addHelpText("after", `\nExamples:\n${text.join("\n")}`);
  }
}

export const fullName = (command: Command): string =>
  command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
