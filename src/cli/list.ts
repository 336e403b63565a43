import { DATASETS } from "../data/names.ts";
import { unknownName } from "../errors.ts";
import { MODELS } from "../generative/models.ts";
import { RECIPES } from "../recipes.ts";
import { checkpointSteps, listRuns, openRun } from "../train/node.ts";
import { Cli } from "./command.ts";
import { type Io, Printer, table } from "./io.ts";

const KINDS = ["models", "recipes", "data", "runs"] as const;
type Kind = (typeof KINDS)[number];

interface Listed {
  readonly name: string;
  readonly description: string;
  /** With --json: what came of a recipe. */
  readonly recorded?: string | undefined;
}

const LISTS: Readonly<Record<Kind, () => Promise<Listed[]>>> = {
  models: async () => Object.values(MODELS).map(({ name, description }) => ({ name, description })),
  recipes: async () =>
    Object.values(RECIPES).map(({ name, model, description, recorded }) => ({
      name,
      description: `${description} (${model.name})`,
      recorded,
    })),
  data: async () => Object.entries(DATASETS).map(([name, description]) => ({ name, description })),
  runs: async () => Promise.all((await listRuns()).map(describeRun)),
};

/** A run that cannot be read is listed with what is wrong with it. */
async function describeRun(path: string): Promise<Listed> {
  try {
    const run = await openRun(path);
    const { model, data, steps } = run.config;
    const last = (await checkpointSteps(run)).at(-1) ?? 0;
    const state = last >= steps ? "finished" : `step ${last} of ${steps}`;
    return { name: path, description: `${model} on ${data}, ${state}` };
  } catch (error) {
    return { name: path, description: (error as Error).message };
  }
}

export function listCommand(io: Io): Cli {
  return new Cli("list")
    .summary("what there is: models, recipes, data sets, runs")
    .description(
      "Show what there is: models to train, recipes (a model with data and options that go well together; what came of\n" +
        "one is in galatea train RECIPE --help), data sets to train on, and the runs under runs/.",
    )
    .argument("[kind]", `one of ${KINDS.join(", ")} (default: all)`)
    .option("--json", "print one JSON object")
    .examples(["galatea list", "everything"], ["galatea list runs --json", "the runs, for scripts"])
    .action(async (kind: string | undefined, { json }: { json?: boolean }) => {
      if (kind !== undefined && !KINDS.includes(kind as Kind)) throw unknownName("list", kind, KINDS);
      const printer = new Printer(io, json);
      const kinds = kind === undefined ? KINDS : [kind as Kind];
      const lists = await Promise.all(kinds.map(async (k) => [k, await LISTS[k]()] as const));
      printer.object(Object.fromEntries(lists));
      for (const [i, [title, entries]] of lists.entries()) {
        const rows = entries.map(({ name, description }) => [name, description] as const);
        printer.line(`${i > 0 ? "\n" : ""}${title}`);
        printer.line(rows.length > 0 ? table(rows, "  ") : "  none yet: galatea train vae");
      }
    }) as Cli;
}
