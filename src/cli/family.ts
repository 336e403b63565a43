import { UserError, unknownName } from "../errors.ts";
import { Cli } from "./command.ts";

/** A command that only chooses among others, each with options of its own. */
export class Family extends Cli {
  /** A misspelt choice comes with options that are not the mistake. */
  override unknownOption(): void {}

  /** Any other word than a choice ends in a sentence that lists them. */
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
