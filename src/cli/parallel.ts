import { Writable } from "node:stream";
import { z } from "zod";
import { UserError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import { syncBatchNorm } from "../nn/normalization.ts";
import { ALONE, type Communicator } from "../train/parallel/communicator.ts";
import { explain } from "./explain.ts";
import { Interrupted, type Io, Reported } from "./io.ts";

/** Options of commands that can share their work among processes. */
export const ParallelOptions = z.strictObject({
  parallel: z
    .enum(["mpi"])
    .optional()
    .describe(
      "share the work among the processes that mpirun or srun started (one thread each, unless told)",
    ),
});

/** … and of those that train. */
export const TrainParallelOptions = ParallelOptions.extend({
  syncBatchNorm: z
    .boolean()
    .default(false)
    .describe(
      "with parallel: batch normalisation takes its means over all processes together, not over each one's share",
    ),
});

/** @throws UserError where there is nothing to synchronise. */
export function synchronize(module: Module, ranks: Communicator, wanted: boolean): void {
  if (!wanted) return;
  if (ranks.size === 1)
    throw new UserError("option `syncBatchNorm` is for several processes: give option `parallel` with it");
  if (syncBatchNorm(module, ranks) === 0)
    throw new UserError("this model has no batch normalisation: leave option `syncBatchNorm` out");
}

/**
 * Run a command's work on this process alone, or as one of the ranks of an MPI job; rank 0 alone prints. An error that all
 * ranks meet is told once; one that a single rank meets ends the others.
 */
export async function withRanks(
  parallel: "mpi" | undefined,
  io: Io,
  work: (ranks: Communicator, io: Io) => Promise<void>,
): Promise<void> {
  if (parallel === undefined) return work(ALONE, io);
  const { openMpi } = await import("../train/parallel/mpi.node.ts");
  const mpi = await openMpi();
  if (mpi.rank === 0 && mpi.warning !== undefined) io.stderr.write(`${mpi.warning}\n`);
  try {
    await work(mpi, mpi.rank === 0 ? io : { ...io, stdout: silence(), stderr: silence() });
  } catch (error) {
    if (!(await mpi.failedTogether())) {
      if (mpi.rank > 0) io.stderr.write(`rank ${mpi.rank}: `);
      explain(error, io);
      mpi.abort();
    }
    await mpi.close();
    throw mpi.rank === 0 || error instanceof Interrupted ? error : new Reported();
  }
  await mpi.close();
}

const silence = (): NodeJS.WriteStream =>
  new Writable({ write: (_chunk, _encoding, done) => done() }) as unknown as NodeJS.WriteStream;

/** Threads for one operator, where they were not given: of several ranks on a machine, one each. */
export const threadsOf = (given: number | undefined, ranks: Communicator): number | undefined =>
  given ?? (ranks.size > 1 ? 1 : undefined);
