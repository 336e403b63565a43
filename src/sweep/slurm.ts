import type { SlurmChoice } from "./plan.ts";

/** How a task is called: program and arguments, before `--task NAME`. */
export type Call = readonly string[];

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export interface ArrayJob {
  readonly name: string;
  /** Names of the runs, one a task of the array. */
  readonly tasks: readonly string[];
  readonly call: Call;
  readonly cwd: string;
  readonly log: string;
  readonly parallel: number | undefined;
  readonly slurm: SlurmChoice;
}

/** The script of a job array. */
export function slurmScript({ name, tasks, call, cwd, log, parallel, slurm }: ArrayJob): string {
  const { partition, account, time, memory, cpus, setup, options } = slurm;
  const limit = parallel === undefined ? "" : `%${parallel}`;
  const settings = [
    `--job-name=${name}`,
    `--array=0-${tasks.length - 1}${limit}`,
    `--chdir=${cwd}`,
    `--output=${log}`,
    `--cpus-per-task=${cpus}`,
    // A minute before the time limit, so that the run saves.
    "--signal=B:TERM@60",
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(memory === undefined ? [] : [`--mem=${memory}`]),
    ...options,
  ];
  return [
    "#!/bin/bash",
    ...settings.map((setting) => `#SBATCH ${setting}`),
    ...(setup === "" ? [] : [setup]),
    `tasks=(${tasks.map(quoted).join(" ")})`,
    `exec ${call.map(quoted).join(" ")} --task "\${tasks[$SLURM_ARRAY_TASK_ID]}"`,
    "",
  ].join("\n");
}

/** Tasks that wait or run, of `squeue --noheader --array --format "%F %K %T"`: job, index, state. */
export function queuedTasks(text: string): { readonly job: string; readonly index: number }[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([job, index, state]) =>
        job && /^\d+$/.test(index ?? "") && !/^(COMPLETED|FAILED|CANCELLED)/.test(state!),
    )
    .map(([job, index]) => ({ job: job!, index: Number(index) }));
}
