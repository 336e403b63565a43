import { DATASETS } from "../data/names.ts";
import { unknownName } from "../errors.ts";
import { listRuns, listSweeps } from "../train/folders.node.ts";
import { Cli } from "./command.ts";
import type { Shell } from "./common.ts";
import { Printer, table } from "./io.ts";

const KINDS = ["models", "recipes", "data", "runs"] as const;
type Kind = (typeof KINDS)[number];

interface Listed {
  readonly name: string;
  readonly description: string;
  /** With --json: what came of a recipe. */
  readonly recorded?: string | undefined;
}

const LISTS: Readonly<Record<Kind, (catalog: Shell["catalog"]) => Promise<Listed[]>>> = {
  models: async ({ models }) => Object.values(models).map(({ name, description }) => ({ name, description })),
  recipes: async ({ recipes }) =>
    Object.values(recipes).map(({ name, model, description, recorded }) => ({
      name,
      description: `${description} (${model.name})`,
      recorded,
    })),
  data: async ({ data }) => [
    ...Object.entries(DATASETS).map(([name, description]) => ({ name, description })),
    ...data.map(({ name, about }) => ({ name, description: about })),
  ],
  runs: async () => {
    const groups = await Promise.all((await listSweeps()).map(describeSweep));
    return [...(await Promise.all((await listRuns()).map(describeRun))), ...groups.flat()];
  },
};

/** A run that cannot be read is listed with what is wrong with it. What reads runs is loaded only where there are some. */
async function describeRun(path: string): Promise<Listed> {
  const { openRunFolder } = await import("../train/node.ts");
  try {
    const run = await openRunFolder(path);
    const { config } = run;
    const last = (await run.checkpointSteps()).at(-1) ?? 0;
    const unit = config.kind === "model" ? "step" : config.unit.slice(0, -1);
    const state = last >= config.steps ? "finished" : `${unit} ${last} of ${config.steps}`;
    const what =
      config.kind === "model" ? `${config.model} on ${config.data}` : `${config.agent} on ${config.env}`;
    return { name: path, description: `${what}, ${state}` };
  } catch (error) {
    return { name: path, description: (error as Error).message };
  }
}

/** A sweep, and its runs behind it. */
async function describeSweep(path: string): Promise<Listed[]> {
  const [{ openSweep }, { statesOf }] = await Promise.all([
    import("../sweep/folder.node.ts"),
    import("../sweep/state.node.ts"),
  ]);
  try {
    const { sweep, trials, folder } = await openSweep(path);
    const finished = (await statesOf(folder, trials, sweep)).filter(({ state }) => state === "finished");
    const count = `${trials.length} run${trials.length === 1 ? "" : "s"}`;
    const description = `sweep of ${sweep.train}: ${count}, ${finished.length} finished`;
    return [{ name: path, description }, ...(await Promise.all((await listRuns(path)).map(describeRun)))];
  } catch (error) {
    return [{ name: path, description: (error as Error).message }];
  }
}

export function listCommand({ catalog, io }: Shell): Cli {
  return new Cli("list")
    .description(
      "Show what there is: models to train, recipes (a model with data and options that go well together; what came of " +
        "one is in galatea train RECIPE --help), data sets to train on, and the runs under runs/.",
    )
    .argument("[kind]", `one of ${KINDS.join(", ")} (default: all)`)
    .option("--json", "print one JSON object")
    .examples(["galatea list", "everything"], ["galatea list runs --json", "the runs, for scripts"])
    .action(async (kind: string | undefined, { json }: { json?: boolean }) => {
      if (kind !== undefined && !KINDS.includes(kind as Kind)) throw unknownName("list", kind, KINDS);
      const printer = new Printer(io, json);
      const kinds = kind === undefined ? KINDS : [kind as Kind];
      const lists = await Promise.all(kinds.map(async (k) => [k, await LISTS[k](catalog)] as const));
      printer.object(Object.fromEntries(lists));
      for (const [i, [title, entries]] of lists.entries()) {
        const rows = entries.map(({ name, description }) => [name, description] as const);
        printer.line(`${i > 0 ? "\n" : ""}${title}`);
        printer.line(rows.length > 0 ? table(rows, "  ") : "  none yet: galatea train vae");
      }
    }) as Cli;
}
