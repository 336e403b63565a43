import { UserError, unknownName } from "../errors.ts";
import { Cli } from "./command.ts";

/** A command that only chooses among sub-commands, each with its own options. */
export class Family extends Cli {
  /** Options after a misspelt choice are not the mistake. */
  override unknownOption(): void {}

  /** Declare the choices; any other word is a UserError that lists them. */
  chooses(kind: string, names: readonly string[], kinds = kind): this {
    this.allowExcessArguments()
      .argument(`[${kind}]`, `one of ${names.join(", ")}`)
      .action((name?: string) => {
        if (name === undefined) throw new UserError(`say which ${kinds}: ${names.join(", ")}`);
        throw unknownName(kind, name, names);
      });
    return this;
  }
}
