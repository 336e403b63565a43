import { z } from "zod";
import { UserError } from "../errors.ts";
import { asModelRun, modelOfRun } from "../model/catalog.ts";
import { sessionOf } from "../model/session.ts";
import { trainable } from "../train/checkpoint.ts";
import { openRunFolder, type RunFolder } from "../train/node.ts";
import { type Communicator, shareOf } from "../train/parallel/communicator.ts";
import { openedByAll } from "../train/parallel/shared.node.ts";
import { readCheckpoint } from "../train/run.ts";
import type { AgentRun, ModelRun } from "../train/run-config.ts";
import { Cli } from "./command.ts";
import { openEngine, RuntimeOptions, type Shell, worldOf } from "./common.ts";
import { Printer } from "./io.ts";
import { addOptions, pickOptions } from "./options.ts";
import { ParallelOptions, synchronize, TrainParallelOptions, threadsOf, withRanks } from "./parallel.ts";
import { agentCheckpoint, agentOf, runAgent } from "./rl/session.ts";
import { runTraining } from "./session.ts";

const ResumeOptions = z.strictObject({
  checkpoint: z
    .int()
    .min(0)
    .optional()
    .describe("continue from the checkpoint of this step (default: the newest)"),
  steps: z
    .int()
    .min(1)
    .optional()
    .describe("train to this many steps in all (for an agent that counts them, episodes)"),
  epochs: z.number().positive().optional().describe("the same, in epochs"),
  until: z.int().min(1).optional().describe("of a model: stop after this step, as by Ctrl-C"),
});

export function resumeCommand(shell: Shell): Cli {
  const command = new Cli("resume")
    .description(
      "Continue a run that was stopped or killed, or train it longer. From its newest checkpoint it continues with " +
        "the same numbers, bit for bit, as if it had never stopped (on the same device with the same threads).",
    )
    .argument("<run>", "the run's folder, or its name under runs/")
    .examples(
      ["galatea resume vae-mnist", "after Ctrl-C, a crash or a power cut"],
      ["galatea resume vae-mnist --checkpoint 4680", "from an earlier checkpoint; later ones are set aside"],
      ["galatea resume vae-mnist --epochs 40", "train a finished run further"],
      ["mpirun -n 4 galatea resume vae-mnist --parallel mpi", "on any number of ranks, the same batches"],
    ) as Cli;
  addOptions(command, ResumeOptions, "Training:");
  addOptions(command, RuntimeOptions, "Running:");
  addOptions(command, TrainParallelOptions, "Running:");
  return command.action((name: string, parsed: Record<string, unknown>) =>
    withRanks(pickOptions(ParallelOptions, parsed).parallel, shell.io, (ranks, io) =>
      resume(name, parsed, { ...shell, io }, ranks),
    ),
  ) as Cli;
}

/** Nothing of the run is written before everything is checked and its lock is taken. */
async function resume(
  name: string,
  parsed: Record<string, unknown>,
  { catalog, io }: Shell,
  ranks: Communicator,
): Promise<void> {
  const options = pickOptions(ResumeOptions, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  const printer = new Printer(io, runtime.json);
  const opened = await openedByAll(ranks, name, () => openRunFolder(name));
  if (opened.config.kind !== "model") {
    await resumeAgent(opened as RunFolder<AgentRun>, options, { catalog, io }, printer, ranks);
    return;
  }
  let run = opened as RunFolder<ModelRun>;
  const config = asModelRun(run.path, run.config);
  const model = await modelOfRun(catalog, run);
  const from = await readCheckpoint(run, options.checkpoint);
  if (from) trainable(from);
  shareOf(config.training.batchSize, ranks);
  const { device = config.device, threads = config.threads ?? threadsOf(undefined, ranks) } = runtime;
  const engine = await openEngine({ device, threads });
  try {
    const world = worldOf(config, { catalog, printer });
    const data = await world.data();
    run = run.with({ spec: data.spec, ranks: ranks.size > 1 ? ranks.size : undefined });
    let session = sessionOf(model, run.config, data);
    const { steps, epochs } = options;
    if (steps !== undefined || epochs !== undefined) {
      const total = steps ?? Math.ceil((epochs ?? 1) * session.plan.stepsPerEpoch);
      run = run.with({ steps: total });
      session = sessionOf(model, run.config, data);
    }
    if (from && from.step >= run.config.steps)
      throw new UserError(
        `${run.path} is finished: it has done its ${run.config.steps} steps. To train further: galatea resume ${run.path} --steps ${2 * run.config.steps}`,
      );
    const { syncBatchNorm } = pickOptions(TrainParallelOptions, parsed);
    synchronize(
      session.task.module,
      ranks,
      syncBatchNorm || (ranks.size > 1 && config.syncBatchNorm === true),
    );
    await runTraining({ run, session, engine, world, printer, from, ranks, until: options.until });
  } finally {
    await engine.dispose();
  }
}

async function resumeAgent(
  run: RunFolder<AgentRun>,
  { checkpoint, steps, epochs }: z.output<typeof ResumeOptions>,
  shell: Shell,
  printer: Printer,
  ranks: Communicator,
): Promise<void> {
  if (epochs !== undefined)
    throw new UserError(`${run.path} is of an agent, which has no epochs: use option \`steps\``);
  const agent = await agentOf(shell, run);
  const from = await readCheckpoint(run, checkpoint);
  if (!from && (await agentCheckpoint(run)))
    throw new UserError(
      `${run.path} was made before agents could be resumed: it has only its table, and can be played (galatea rl play ${run.path})`,
    );
  if (from && run.config.kind === "agent") trainable(from);
  const longer = run.with({
    steps: steps ?? run.config.steps,
    ranks: ranks.size > 1 ? ranks.size : undefined,
  });
  if (from && from.step >= longer.config.steps)
    throw new UserError(
      `${run.path} is finished: it has done its ${longer.config.steps} ${longer.config.unit}. To train further: galatea resume ${run.path} --steps ${2 * longer.config.steps}`,
    );
  await runAgent({ run: longer, agent, printer, from, ranks });
}
