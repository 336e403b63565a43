import { z } from "zod";
import { UserError } from "../errors.ts";
import { trainable } from "../train/checkpoint.ts";
import { openRun, readCheckpoint, saveConfig } from "../train/node.ts";
import { Cli } from "./command.ts";
import { buildModel, buildRun, openData, openEngine, RuntimeOptions } from "./common.ts";
import { type Io, Printer } from "./io.ts";
import { addOptions, pickOptions } from "./options.ts";
import { trainRun } from "./session.ts";

const ResumeOptions = z.strictObject({
  checkpoint: z
    .int()
    .min(0)
    .optional()
    .describe("go on from the checkpoint of this step (default: the newest)"),
  steps: z.int().min(1).optional().describe("train to this many steps in all, more or fewer than planned"),
  epochs: z.number().positive().optional().describe("the same, in epochs"),
});

export function resumeCommand(io: Io): Cli {
  const command = new Cli("resume")
    .summary("go on with a run")
    .description(
      "Go on with a run that was stopped, killed, or is to be made longer. From its newest checkpoint it continues to\n" +
        "the same numbers, bit for bit, as if it had never stopped (on the same device with the same threads).",
    )
    .argument("<run>", "the run's folder, or its name under runs/")
    .examples(
      ["galatea resume vae-mnist", "after Ctrl-C, a crash or a power cut"],
      ["galatea resume vae-mnist --checkpoint 4680", "from an earlier checkpoint; later ones are set aside"],
      ["galatea resume vae-mnist --epochs 40", "train a finished run further"],
    ) as Cli;
  addOptions(command, ResumeOptions, "Training:");
  addOptions(command, RuntimeOptions, "Running:");
  return command.action((name: string, parsed: Record<string, unknown>) => resume(name, parsed, io)) as Cli;
}

async function resume(name: string, parsed: Record<string, unknown>, io: Io): Promise<void> {
  const options = pickOptions(ResumeOptions, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  const printer = new Printer(io, runtime.json);
  let run = await openRun(name);
  const from = await readCheckpoint(run, options.checkpoint);
  if (from) trainable(from);
  const { device = run.config.device, threads = run.config.threads } = runtime;
  const engine = await openEngine({ device, threads });
  try {
    const data = await openData(run.config.data, printer, run.config.imageSize);
    if (options.steps !== undefined || options.epochs !== undefined) {
      const { steps, epochs } = options;
      const { definition, config } = buildRun(run, data);
      const { plan } = buildModel(definition, config, data, { ...run.config, steps, epochs });
      run = { ...run, config: { ...run.config, steps: plan.steps } };
      await saveConfig(run);
    }
    if (from && from.step >= run.config.steps)
      throw new UserError(
        `${run.path} is finished: it has done its ${run.config.steps} steps. To train further: galatea resume ${run.path} --steps ${2 * run.config.steps}`,
      );
    await trainRun({ run, data, engine, printer, from });
  } finally {
    await engine.dispose();
  }
}
