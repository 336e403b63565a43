import { UserError, unknownName } from "../errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { RunConfig } from "./run-config.ts";

/** A run that can be read: a folder in Node, files or a URL in a page. */
export interface SavedRun<C extends RunConfig = RunConfig> {
  /** Where it is, for people: its folder or URL. */
  readonly path: string;
  readonly config: C;
  /** Steps of the checkpoints, ascending. */
  checkpointSteps(): Promise<readonly number[]>;
  /** The checkpoint of a step. @throws UserError naming the file that is damaged. */
  checkpointAt(step: number): Promise<Checkpoint>;
  /** The step of the best checkpoint by validation, where the run has one. */
  bestStep(): Promise<number | undefined>;
}

/**
 * The newest checkpoint, that of a step, or the best by validation; undefined where a run has none yet.
 * @throws UserError naming the file that is damaged, and the newest intact checkpoint before it.
 */
export async function readCheckpoint(
  run: Omit<SavedRun, "config">,
  which?: number | "best",
): Promise<Checkpoint | undefined> {
  const steps = await run.checkpointSteps();
  const step = which === "best" ? await run.bestStep() : which;
  if (which === "best" && step === undefined)
    throw new UserError(
      `${run.path} has no best checkpoint: nothing was held out for validation (option \`validation\`) when it was trained`,
    );
  const wanted = step ?? steps.at(-1);
  if (wanted === undefined) return undefined;
  if (!steps.includes(wanted)) throw unknownName("checkpoint", String(wanted), steps.map(String));
  try {
    return await run.checkpointAt(wanted);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const earlier of steps.filter((s) => s < wanted).reverse()) {
      const good = await run.checkpointAt(earlier).catch(() => undefined);
      if (good)
        throw new UserError(
          `${error.message} The checkpoint of step ${earlier} is intact: add option \`checkpoint\` ${earlier} to use it`,
        );
    }
    throw new UserError(`${error.message} There is no intact checkpoint before it`);
  }
}
