import { mkdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import type { OpenedRun } from "../../model/opened.ts";
import type { Desk } from "../../model/tool.ts";
import { barChart } from "../../plot/bars.ts";
import { chartSvg } from "../../plot/chart.ts";
import { markdownTable } from "../../plot/markdown.ts";
import { sideBySide } from "../../plot/parts.ts";
import { RUNS } from "../../train/folders.node.ts";
import { dealt } from "../../train/parallel/communicator.ts";
import type { SavedRun } from "../../train/run.ts";
import type { ModelRun } from "../../train/run-config.ts";
import { saveSvg } from "./shared.node.ts";

const RowSchema = z.strictObject({
  name: z.string(),
  model: z.string(),
  parameters: z.int(),
  steps: z.int(),
  trainingSeconds: z.number(),
  /** What the model's own `evaluate` finds. */
  numbers: z.record(z.string(), z.number()),
});
type Row = z.output<typeof RowSchema>;

interface How {
  readonly desk: Desk;
  readonly seed: number;
  readonly out?: string | undefined;
}

/**
 * Runs on the same data that are not measured by their images, one row per run: what each model's `evaluate` finds, with its
 * defaults. A row that was measured before is not measured again.
 */
export async function compareEvaluated(
  runs: readonly SavedRun<ModelRun>[],
  { desk, seed, out }: How,
): Promise<void> {
  const [first] = runs as [SavedRun<ModelRun>];
  const jobs: { readonly opened: OpenedRun; readonly file: string }[] = [];
  for (const run of runs) {
    if (run.config.data !== first.config.data)
      throw new UserError(
        `${run.path} was trained on ${run.config.data}, and ${first.path} on ${first.config.data}: numbers on different data cannot be compared`,
      );
    const opened = await desk.open(run);
    if (!("evaluate" in opened.model.commands))
      throw new UserError(
        `${run.path} is a ${run.config.model}, which cannot be evaluated: there is nothing to compare`,
      );
    const setting = `${opened.step}-${opened.weights}-seed${seed}`;
    jobs.push({ opened, file: join(desk.outputsOf(run), "compare", `evaluation-${setting}.json`) });
  }
  for (const { opened, file } of dealt(jobs, () => 1, desk.ranks))
    if (!(await readRow(file))) await measure(opened, file, seed, desk);
  await desk.ranks.barrier();
  if (desk.ranks.rank > 0) return;
  const rows: Row[] = [];
  for (const { file } of jobs) rows.push((await readRow(file))!);
  await report(rows, first.config.data, { desk, seed, out });
}

async function measure(opened: OpenedRun, file: string, seed: number, desk: Desk): Promise<void> {
  const name = basename(opened.path);
  const progress: Desk["progress"] = (done, total, what) =>
    desk.progress(done, total, `${name}: ${what ?? "measuring"}`);
  const { numbers = {} } = await opened.do("evaluate", {}, { seed, progress });
  const row: Row = {
    name,
    model: opened.model.name,
    parameters: opened.module.parameterCount,
    steps: opened.step,
    trainingSeconds: opened.seconds,
    numbers,
  };
  opened.module.dispose();
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, `${JSON.stringify(row, null, 2)}\n`);
}

async function readRow(file: string): Promise<Row | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return RowSchema.parse(JSON.parse(text));
  } catch {
    throw new UserError(
      `${file} is not what galatea compare wrote: remove it, and the run is measured again`,
    );
  }
}

/** Write the table as Markdown and JSON, and a bar chart of each number that all runs have. */
async function report(rows: readonly Row[], data: string, { desk, seed, out }: How): Promise<void> {
  const names = rows.map(({ name }) => name);
  const folder = out ?? join(RUNS, "compare", names.join("+").slice(0, 120));
  const found = [...new Set(rows.flatMap(({ numbers }) => Object.keys(numbers)))];
  const head = ["run", "model", "parameters", "steps", "training", ...found];
  const cells = rows.map(({ name, model, parameters, steps, trainingSeconds, numbers }) => [
    name,
    model,
    parameters.toLocaleString("en-US"),
    steps.toLocaleString("en-US"),
    `${(trainingSeconds / 60).toFixed(1)} min`,
    ...found.map((key) => (numbers[key] === undefined ? "" : String(Number(numbers[key].toPrecision(4))))),
  ]);
  const markdown = `# Models on ${data}\n\n${markdownTable(head, cells)}\n`;
  await writeFileAtomic(join(folder, "table.md"), markdown);
  await writeFileAtomic(join(folder, "table.json"), `${JSON.stringify({ data, seed, rows }, null, 2)}\n`);
  const shared = found.filter((key) => rows.every(({ numbers }) => key in numbers));
  const bars = shared.map((key) => {
    const values = rows.map(({ name, numbers }) => ({ name, value: numbers[key]! }));
    return barChart({ title: key, y: "" }, values, { upright: true, format: ".3~g", width: 90 * rows.length, height: 200 }); // biome-ignore format: a call
  });
  const files = [join(folder, "table.md"), join(folder, "table.json")];
  if (bars.length > 0)
    files.push(...(await saveSvg(folder, "bars", await chartSvg(sideBySide(`Models on ${data}`, bars, 3)))));
  desk.line(markdown);
  desk.line(files.join("\n"));
  desk.object({ command: "compare", data, seed, rows, files });
}
