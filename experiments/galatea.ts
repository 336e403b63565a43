import { existsSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../src/cli/program.ts";
import { openRunFolder } from "../src/train/node.ts";

const interrupt = new AbortController();

/** The command line, in this process. Ctrl-C saves what it trains, as from a shell, and ends the experiment. */
export async function galatea(...args: string[]): Promise<void> {
  const stop = (): void => interrupt.abort();
  process.once("SIGINT", stop);
  const { stdout, stderr } = process;
  const code = await runCli(args, { stdout, stderr, signal: interrupt.signal });
  process.off("SIGINT", stop);
  if (code !== 0 || interrupt.signal.aborted) process.exit(code || 130);
}

/** Train into this folder; a run that is there is taken, an unfinished one resumed. `args` is asked only where it begins. */
export async function trainInto(path: string, args: () => Promise<readonly string[]>): Promise<void> {
  if (!existsSync(join(path, "config.json"))) return galatea("train", ...(await args()), "--out", path);
  const run = await openRunFolder(path);
  if (((await run.checkpointSteps()).at(-1) ?? 0) < run.config.steps) await galatea("resume", path);
}
