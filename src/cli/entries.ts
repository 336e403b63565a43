import type { WholeCatalog } from "../catalog.ts";
import { ABOUT as COMPARE } from "../generative/compare/about.ts";
import type { Command } from "../model/contract.ts";
import type { Cli } from "./command.ts";
import type { Shell } from "./common.ts";
import { HELPS } from "./helps.ts";

/** A command as the list of commands shows it; the rest is loaded when it is named. */
export interface Entry {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  load(shell: Shell, args: readonly string[]): Promise<Cli>;
}

/** The commands in the order of the help. Of a catalogue, also those that only its models have. */
export const entriesOf = async (catalog?: WholeCatalog): Promise<Entry[]> => [
  {
    name: "list",
    usage: "[kind]",
    summary: "what there is: models, recipes, data sets, runs",
    load: async (shell) => (await import("./list.ts")).listCommand(shell),
  },
  {
    name: "train",
    usage: "[model]",
    summary: "train a model",
    load: async (shell, args) => (await import("./train.ts")).trainCommand(shell, args),
  },
  {
    name: "resume",
    usage: "<run>",
    summary: "go on with a run",
    load: async (shell) => (await import("./resume.ts")).resumeCommand(shell),
  },
  {
    name: "sweep",
    usage: "[file]",
    summary: "many trainings: grids, random draws and seeds, here or on a scheduler",
    load: async (shell) => (await import("./sweep.ts")).sweepCommand(shell),
  },
  ...[...HELPS, ...(await ownHelps(catalog))].map((help) => ({
    ...help,
    usage: "<run>",
    load: async (shell: Shell, args: readonly string[]) => {
      const { modelCommand, modelOf } = await import("./model-command.ts");
      return modelCommand(help, await modelOf(args, shell), shell);
    },
  })),
  {
    ...COMPARE,
    usage: "<runs...>",
    load: async (shell) => {
      const [{ toolCommand }, { compare }] = await Promise.all([
        import("./tool-command.ts"),
        import("../generative/compare/tool.node.ts"),
      ]);
      return toolCommand(compare, shell);
    },
  },
  {
    name: "export",
    usage: "<run>",
    summary: "write a trained model as a file for other programs",
    load: async (shell, args) => {
      const [{ exportCommand }, { modelOf }] = await Promise.all([
        import("./export.ts"),
        import("./model-command.ts"),
      ]);
      return exportCommand(await modelOf(args, shell), shell);
    },
  },
  {
    name: "lab",
    usage: "[dir]",
    summary: "the map of all algorithms, and your runs, in a browser",
    load: async (shell) => (await import("./lab.ts")).labCommand(shell),
  },
  {
    name: "rl",
    usage: "",
    summary: "reinforcement learning: solve, train, compare, watch",
    load: async (shell, args) => (await import("./rl.ts")).rlCommand(shell, args),
  },
];

/** How the commands explain themselves that only some user's models have. */
async function ownHelps(catalog: WholeCatalog | undefined): Promise<typeof HELPS> {
  const known = new Set(HELPS.map(({ name }) => name));
  const own = new Map<string, string>();
  const models = await Promise.all(Object.values(catalog?.models ?? {}).map((model) => model.load()));
  for (const model of models)
    for (const [name, { about }] of Object.entries(model.commands as Record<string, Command<unknown, never>>))
      if (!known.has(name)) own.set(name, about ?? `what a ${model.name} does: ${name}`);
  return Array.from(own, ([name, about]) => ({
    name,
    summary: about,
    description: `${about}.`,
    examples: [[`galatea ${name} RUN`, about]],
  }));
}
