import { CommanderError } from "commander";
import { UserError } from "../errors.ts";
import { fileProblem } from "../files/node.ts";
import { VERSION } from "../version.ts";
import { inFlags } from "./flags.ts";
import { Interrupted, type Io, Reported } from "./io.ts";

/** Say what was wrong. Returns the exit code: 1 something the user can put right; 2 a defect of ours; 130 after Ctrl-C. */
export function explain(error: unknown, { stderr }: Io): number {
  if (error instanceof Interrupted) return 130;
  if (error instanceof Reported) return 1;
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
