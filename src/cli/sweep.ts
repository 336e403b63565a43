import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { readJsonLines } from "../files/jsonl.node.ts";
import { writeFileAtomic } from "../files/node.ts";
import { saveChart } from "../plot/node.ts";
import { type Backend, coordinate, type Progress } from "../sweep/coordinate.node.ts";
import { type OpenedSweep, openSweep } from "../sweep/folder.node.ts";
import { kubernetesBackend, kubernetesOf } from "../sweep/kubernetes.node.ts";
import { jobManifest } from "../sweep/kubernetes.ts";
import { localBackend } from "../sweep/local.node.ts";
import { metricOf, ranked, sweepChart, sweepTable } from "../sweep/report.ts";
import { slurmBackend, slurmReasons } from "../sweep/slurm.node.ts";
import { slurmScript } from "../sweep/slurm.ts";
import { statesOf, type TrialState } from "../sweep/state.node.ts";
import { SWEEP_FILE } from "../train/folders.node.ts";
import { trainingArguments } from "./choices.ts";
import { Cli } from "./command.ts";
import type { Shell } from "./common.ts";
import { Interrupted, Printer } from "./io.ts";
import { addOptions, pickOptions } from "./options.ts";
import { runTask } from "./sweep-task.ts";

const SweepOptions = z.strictObject({
  on: z.enum(["local", "slurm", "kubernetes"]).default("local").describe("where the runs are carried out"),
  dryRun: z.boolean().default(false).describe("show the runs, and what would be submitted; start nothing"),
  json: z.boolean().default(false).describe("print only JSON lines on stdout"),
});
type SweepOptions = z.output<typeof SweepOptions>;

export function sweepCommand(shell: Shell): Cli {
  const command = new Cli("sweep")
    .description(
      "Many trainings from one file: every combination of a grid, random draws, seeds; what lags behind can be stopped early " +
        "(successive halving). Each is an ordinary run under runs/NAME-OF-THE-FILE/, and these folders are all the state there is: " +
        "stop it and start it again as you like; nothing runs twice, and what failed is tried again. Here, or on Slurm or Kubernetes.",
    )
    .argument("[file]", "the sweep's file (YAML), or the name of one that was begun")
    .examples(
      ["galatea sweep widths.yaml", "on this machine, as many at a time as it has cores"],
      ["galatea sweep widths.yaml --on slurm", "as a job array"],
      ["galatea sweep status widths", "how far it is: a table, and curves as a picture"],
    ) as Cli;
  addOptions(command, SweepOptions, "Options:");
  command.option("--task <name>", "carry one run out, as schedulers do");
  command.action((file: string | undefined, parsed: Record<string, unknown>) => sweep(file, parsed, shell));
  command
    .command("status")
    .description(
      "How far the runs of a sweep are: a table in the terminal, runs/NAME/table.md and runs/NAME/curves.png.",
    )
    .argument("<sweep>", "the sweep's name under runs/, or its file")
    .option("--json", "print one JSON object")
    .action(async (name: string, _: unknown, own: Cli) => {
      const printer = new Printer(shell.io, (own.optsWithGlobals() as { json?: boolean }).json);
      await report(await openSweep(name), printer);
    });
  return command;
}

async function sweep(file: string | undefined, parsed: Record<string, unknown>, shell: Shell): Promise<void> {
  if (file === undefined)
    throw new UserError("a sweep needs its file: galatea sweep FILE.yaml (galatea sweep --help)");
  const options = pickOptions(SweepOptions, parsed);
  const opened = await openSweep(file);
  const { trials, folder, name } = opened;
  const flags = await trainingArguments(shell.catalog, opened.sweep.train);
  // All are checked before any is started.
  const lines = new Map(
    trials.map((trial) => {
      try {
        return [trial.name, flags(trial.options)] as const;
      } catch (error) {
        throw error instanceof UserError
          ? new UserError(`${file}, run ${trial.name}: ${error.message}`)
          : error;
      }
    }),
  );
  requireValidation(opened, file);
  if (lines.size < trials.length)
    throw new UserError(
      `${file}: two runs would have the same options, and so the same folder: leave one out`,
    );
  if (typeof parsed.task === "string") {
    await runTask(opened, parsed.task, lines, shell);
    return;
  }
  const printer = new Printer(shell.io, options.json);
  if (options.dryRun) {
    show(opened, options, lines, shell, printer);
    return;
  }
  if (existsSync(join(folder, "config.json")))
    throw new UserError(`${folder} is a run: give the sweep's file another name, and so its folder`);
  if (folder !== resolve(file)) await writeFileAtomic(join(folder, SWEEP_FILE), opened.text);
  const backend = await BACKENDS[options.on](opened, callOf(shell, folder));
  printer.note(`${name}: ${trials.length} runs of ${opened.sweep.train} on ${options.on}, into ${folder}`);
  const bar = printer.progress(name, trials.length, { unit: "run" });
  let last: Progress | undefined;
  try {
    for await (const progress of coordinate(opened, backend, shell.io.signal)) {
      const counts = countsOf(progress);
      bar.update(counts.finished!, counts);
      if (JSON.stringify(counts) !== JSON.stringify(last && countsOf(last)))
        printer.object({ event: "sweep", name, ...counts });
      last = progress;
    }
  } finally {
    bar.stop();
  }
  if (shell.io.signal.aborted) {
    printer.note(
      `${options.on === "local" ? "stopped; nothing is lost" : `what was submitted to ${options.on} carries on`}. Go on with\n  galatea sweep ${folder} --on ${options.on}`,
    );
    throw new Interrupted();
  }
  const states = await report(opened, printer);
  const failed = states.filter(({ state }) => state !== "finished" && state !== "paused");
  if (failed.length > 0)
    throw new UserError(
      `${failed.length} of ${states.length} runs failed more often than ${opened.sweep.retries} times (${failed[0]!.name}: ${failed[0]!.error ?? "it ended without a word"}). Their logs are under ${folder}/`,
    );
}

/** Successive halving needs its number at its rungs. */
function requireValidation({ sweep: { asha, options } }: OpenedSweep, file: string): void {
  if (asha?.metric.startsWith("val_") && !(Number(options.validation) > 0))
    throw new UserError(
      `${file}: successive halving goes by ${asha.metric}, so the runs need held-out examples: give \`validation: 0.1\` among the options`,
    );
}

/** How a process calls this program for one run. */
const callOf = ({ catalog }: Shell, folder: string): string[] => [
  process.execPath,
  ...process.execArgv,
  resolve(process.argv[1]!),
  ...(catalog.extension === undefined ? [] : ["--with", resolve(catalog.extension)]),
  "sweep",
  folder,
];

const BACKENDS: Readonly<
  Record<SweepOptions["on"], (opened: OpenedSweep, call: string[]) => Promise<Backend>>
> = {
  local: ({ sweep, folder }, call) => localBackend(call, folder, sweep.parallel ?? availableParallelism()),
  slurm: ({ sweep, folder, name }, call) => slurmBackend(call, folder, name, sweep),
  kubernetes: ({ sweep, folder, name }) => kubernetesBackend(["sweep", folder], name, sweep),
};

function show(
  { sweep, trials, folder, name }: OpenedSweep,
  { on }: SweepOptions,
  lines: ReadonlyMap<string, readonly string[]>,
  shell: Shell,
  printer: Printer,
): void {
  const tasks = trials.map((trial) => trial.name);
  const call = callOf(shell, folder);
  if (on === "kubernetes") {
    const job = {
      name,
      sweep: name,
      tasks,
      args: ["sweep", folder],
      parallel: sweep.parallel,
      retries: sweep.retries,
    };
    shell.io.stdout.write(
      `${JSON.stringify(jobManifest({ ...job, kubernetes: kubernetesOf(sweep) }), null, 2)}\n`,
    );
    return;
  }
  for (const [run, line] of lines) {
    printer.line(`${run}\n  galatea train ${line.join(" ")}`);
    printer.object({ run, train: line });
  }
  if (on === "slurm")
    printer.line(
      `\n${slurmScript({ name: `galatea-${name}`, tasks, call, cwd: process.cwd(), log: join(folder, "slurm", "%A_%a.log"), parallel: sweep.parallel, slurm: sweep.slurm })}`,
    );
}

function countsOf({ states, running }: Progress): Record<string, number> {
  const of = (...names: string[]): number =>
    states.filter(({ state, name }) => names.includes(state) && !running.has(name)).length;
  const finished = states.filter(({ state }) => state === "finished").length;
  return {
    finished,
    running: running.size,
    waiting: of("waiting", "stopped"),
    paused: of("paused"),
    failed: of("failed"),
  };
}

/** A table and curves, printed and saved. Returns the runs, the best first. */
async function report({ sweep, trials, folder, name }: OpenedSweep, printer: Printer): Promise<TrialState[]> {
  const reasons = await slurmReasons(folder);
  const states = (await statesOf(folder, trials, sweep)).map((one) => ({ ...one, error: one.error ?? (one.state === "failed" ? reasons[one.name] : undefined) })); // biome-ignore format: one thing
  const metric = metricOf(sweep, states);
  const rows = ranked(states, metric, sweep.asha?.mode ?? "min");
  const table = sweepTable(rows, metric);
  await writeFileAtomic(join(folder, "table.md"), `${table}\n`);
  const curves = [];
  for (const { name: run } of rows) {
    const log = (await readJsonLines(join(folder, run, "metrics.jsonl")).catch(() => [])) as Record<
      string,
      number
    >[];
    const points = log.filter((line) => Number.isFinite(line[metric]));
    if (points.length > 0)
      curves.push({ name: run, x: points.map((p) => p.step!), y: points.map((p) => p[metric]!) });
  }
  const picture = join(folder, "curves.png");
  if (curves.length > 0) await saveChart(picture, sweepChart(`${name}: ${sweep.train}`, metric, curves));
  const pick = ({ name: run, state, step, steps, failures, error, numbers, options }: TrialState) => ({ run, state, step, steps, failures, error, [metric]: numbers[metric], options }); // biome-ignore format: a record
  printer.object({ event: "status", name, folder, metric, runs: rows.map(pick) });
  printer.line(table);
  if (curves.length > 0) printer.line(`\n${picture}`);
  return rows;
}
