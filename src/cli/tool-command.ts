import { basename } from "node:path";
import type { Engine } from "../engine/engine.ts";
import { asModelRun } from "../model/catalog.ts";
import type { World } from "../model/contract.ts";
import { openRunOf } from "../model/opened.ts";
import type { Desk, Tool } from "../model/tool.ts";
import { listRuns, listSweeps } from "../train/folders.node.ts";
import { openRunFolder, outputsOf } from "../train/node.ts";
import type { Communicator } from "../train/parallel/communicator.ts";
import type { SavedRun } from "../train/run.ts";
import { Cli } from "./command.ts";
import { openEngine, RuntimeOptions, type Shell, worldOf } from "./common.ts";
import { inFlags } from "./flags.ts";
import { Interrupted, Printer } from "./io.ts";
import { WeightOptions } from "./model-command.ts";
import { addOptions, pickOptions } from "./options.ts";
import { ParallelOptions, threadsOf, withRanks } from "./parallel.ts";

/** The command of a tool, over one or several runs. */
export function toolCommand(tool: Tool, shell: Shell): Cli {
  const command = new Cli(tool.name)
    .description(tool.description)
    .argument("<runs...>", "folders of runs or sweeps, or their names under runs/")
    .examples(...tool.examples.map(([line, what]) => [inFlags(line), what] as const)) as Cli;
  for (const { title, options } of tool.groups) addOptions(command, options, `${title}:`);
  addOptions(command, WeightOptions, "Weights:");
  addOptions(command, RuntimeOptions, "Running:");
  addOptions(command, ParallelOptions, "Running:");
  return command.action((names: string[], parsed: Record<string, unknown>) =>
    withRanks(pickOptions(ParallelOptions, parsed).parallel, shell.io, (ranks, io) =>
      runTool(tool, names, parsed, { ...shell, io }, ranks),
    ),
  ) as Cli;
}

async function runTool(
  tool: Tool,
  names: readonly string[],
  parsed: Record<string, unknown>,
  shell: Shell,
  ranks: Communicator,
): Promise<void> {
  const runtime = pickOptions(RuntimeOptions, parsed);
  const weights = pickOptions(WeightOptions, parsed);
  const given = Object.assign({}, ...tool.groups.map(({ options }) => pickOptions(options, parsed)));
  const printer = new Printer(shell.io, runtime.json);
  const runs = await Promise.all((await runsNamed(names)).map((name) => openRunFolder(name)));
  const { device = runs[0]!.config.device } = runtime;
  const threads = threadsOf(runtime.threads, ranks) ?? runs[0]!.config.threads;
  const engine = await openEngine({ device, threads });
  const parts = printer.parts(tool.name);
  try {
    await tool.run(runs, given, deskOf({ shell, printer, engine, weights, parts, ranks }));
  } finally {
    parts.stop();
    await engine.dispose();
  }
}

/** Names of runs; of a sweep, those of its runs. */
async function runsNamed(names: readonly string[]): Promise<string[]> {
  const groups = names.map(async (name) => {
    const sweep = (await listSweeps()).find((path) => path === name || basename(path) === name);
    return sweep === undefined ? [name] : listRuns(sweep);
  });
  return (await Promise.all(groups)).flat();
}

interface DeskParts {
  readonly shell: Shell;
  readonly printer: Printer;
  readonly engine: Engine;
  readonly weights: WeightOptions;
  readonly parts: ReturnType<Printer["parts"]>;
  readonly ranks: Communicator;
}

function deskOf({ shell, printer, engine, weights, parts, ranks }: DeskParts): Desk {
  const { catalog, io } = shell;
  const worlds = new Map<string, World>();
  const world = ({ path, config }: SavedRun): World => {
    const { data, imageSize } = asModelRun(path, config);
    const key = `${data} ${imageSize}`;
    const made = worlds.get(key) ?? worldOf({ data, imageSize }, { catalog, printer });
    worlds.set(key, made);
    return made;
  };
  const check = (): void => {
    if (io.signal.aborted) throw new Interrupted();
  };
  return {
    catalog,
    engine,
    weights,
    ranks,
    world,
    check,
    open: (run) => openRunOf(run, catalog, engine, world(run), weights),
    outputsOf: (run) => outputsOf(run),
    progress: parts.report,
    bar: (title, total, options) => {
      parts.stop();
      return printer.progress(title, total, options);
    },
    note: (text) => {
      parts.stop();
      printer.note(text);
    },
    line: (text) => {
      parts.stop();
      printer.line(text);
    },
    object: (value) => printer.object(value),
  };
}
