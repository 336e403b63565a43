import { mkdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { rows as firstRows } from "../../data/arrays.ts";
import type { ImageData } from "../../data/data.ts";
import { imageGrid, type Raster } from "../../data/image.ts";
import { decodeImage, encodePng } from "../../data/image-files.ts";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import { modelOfRun } from "../../model/catalog.ts";
import type { Context } from "../../model/contract.ts";
import type { OpenedRun } from "../../model/opened.ts";
import { chartSvg } from "../../plot/chart.ts";
import { imageFigure } from "../../plot/images.ts";
import { Key } from "../../tensor/random.ts";
import { RUNS } from "../../train/folders.node.ts";
import { dealt } from "../../train/parallel/communicator.ts";
import type { SavedRun } from "../../train/run.ts";
import type { ModelRun } from "../../train/run-config.ts";
import { imagesOf } from "../examples.ts";
import { quality, referenceOf } from "../metrics/quality.ts";
import { type Ruler, rulerFor } from "../metrics/ruler.ts";
import { type AnyGenerativeModel, type Drawn, isGenerative } from "../model.ts";
import { type ModelRow, marginalSeconds, modelChart, modelTable } from "./models.ts";
import { type CompareHow, requireEnough, requireImages, saveSvg } from "./shared.node.ts";

/** Images of a run that are shown. */
const SHOWN = 20;
const COLUMNS = 10;

const RowSchema = z.strictObject({
  name: z.string(),
  model: z.string(),
  parameters: z.int(),
  steps: z.int(),
  trainingSeconds: z.number(),
  secondsPerSample: z.number(),
  numbers: z.record(z.string(), z.number()),
  /** Description of the ruler. */
  by: z.string(),
});
type Row = z.output<typeof RowSchema>;

interface Job {
  readonly opened: OpenedRun;
  readonly model: AnyGenerativeModel;
  /** Where its row is saved, in the run's folder, so that other comparisons find it. */
  readonly files: { readonly row: string; readonly samples: string };
}

/** Compare runs by their samples, one row per run. A row that was measured before is not measured again. */
export async function compareRuns(runs: readonly SavedRun<ModelRun>[], how: CompareHow): Promise<void> {
  const { desk, samples, seed } = how;
  const [first] = runs as [SavedRun<ModelRun>];
  const comparable = async (run: SavedRun<ModelRun>): Promise<AnyGenerativeModel> => {
    const { path, config } = run;
    const { data, imageSize } = first.config;
    if (config.data !== data || config.imageSize !== imageSize)
      throw new UserError(
        `${path} was trained on ${config.data}, and ${first.path} on ${data}: distances on different data cannot be compared`,
      );
    const model = await modelOfRun(desk.catalog, run);
    if (!isGenerative(model))
      throw new UserError(
        `${path} is a ${config.model}: it generates no images, so there is nothing to compare`,
      );
    return model;
  };
  requireImages(first);
  const models = await Promise.all(runs.map(comparable));
  const jobs: Job[] = [];
  for (const [i, run] of runs.entries()) {
    const opened = await desk.open(run);
    const setting = `${opened.step}-${opened.weights}-n${samples}-seed${seed}`;
    const file = join(desk.outputsOf(run), "compare", `quality-${setting}`);
    jobs.push({ opened, model: models[i]!, files: { row: `${file}.json`, samples: `${file}.png` } });
  }
  const [{ opened }] = jobs as [Job];
  const ruler = await opened.use((context) => rulerFor(context, how.ruler));
  const data = await imagesOf(opened.world, "comparing");
  const { ranks } = desk;
  for (const job of dealt(jobs, () => 1, ranks))
    if (!(await readRow(job, ruler))) await measure(job, { how, data, ruler });
  await ranks.barrier();
  if (ranks.rank > 0) return;
  const rows: Row[] = [];
  for (const job of jobs) {
    const row = (await readRow(job, ruler))!;
    desk.object({ event: "row", ...row });
    rows.push(row);
  }
  await report(jobs, rows, data, how);
}

async function readRow({ files }: Job, ruler: Ruler): Promise<Row | undefined> {
  const text = await readFile(files.row, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const row = RowSchema.parse(JSON.parse(text));
    return row.by === ruler.description ? row : undefined;
  } catch {
    throw new UserError(
      `${files.row} is not what galatea compare wrote: remove it, and the run is measured again`,
    );
  }
}

interface Means {
  readonly how: CompareHow;
  readonly data: ImageData;
  readonly ruler: Ruler;
}

async function measure({ opened, model, files }: Job, { how, data, ruler }: Means): Promise<Row> {
  const { samples, seed, desk } = how;
  const { module, engine } = opened;
  const name = basename(opened.path);
  const measuring = { ruler, data, progress: desk.progress };
  requireEnough(samples, (await referenceOf(measuring)).gaussian.mean.length);
  const key = Key.seed(seed).split("sample");
  const progress: Context["progress"] = (done, total, what) =>
    desk.progress(done, total, `${name}: ${what ?? "drawing"}`);
  const timed = async (count: number): Promise<{ drawn: Drawn; count: number; seconds: number }> =>
    opened.use(
      async (context) => {
        const began = performance.now();
        const drawn = await model.draw(context, count);
        return { drawn, count, seconds: (performance.now() - began) / 1000 };
      },
      { key, progress },
    );
  const few = await timed(Math.max(1, Math.floor(samples / 10)));
  const many = await timed(samples);
  const row: Row = {
    name,
    model: model.name,
    parameters: module.parameterCount,
    steps: opened.step,
    trainingSeconds: opened.seconds,
    secondsPerSample: marginalSeconds(few, many),
    numbers: await quality(measuring, many.drawn),
    by: ruler.description,
  };
  for (const [, variable] of module.variables()) engine.state.release(variable);
  const shown = firstRows(many.drawn.x, 0, Math.min(SHOWN, samples));
  await mkdir(dirname(files.row), { recursive: true });
  await writeFileAtomic(files.samples, encodePng(imageGrid(shown, { columns: COLUMNS, padding: 1 })));
  await writeFileAtomic(files.row, `${JSON.stringify(row, null, 2)}\n`);
  return row;
}

/** Write the table as Markdown and JSON, the bar charts, and samples of each run. */
async function report(
  jobs: readonly Job[],
  rows: readonly ModelRow[],
  data: ImageData,
  how: CompareHow,
): Promise<void> {
  const { desk, samples, seed } = how;
  const folder =
    how.out ??
    join(
      RUNS,
      "compare",
      rows
        .map(({ name }) => name)
        .join("+")
        .slice(0, 120),
    );
  const { frechetFloor = 0, frechetFloorSamples = samples } = rows[0]!.numbers;
  const by = (rows[0] as Row).by;
  const markdown = [
    `# Models on ${data.name}`,
    `n = ${samples}, seed ${seed}. Fréchet distances by ${by}; the floor, that of ${frechetFloorSamples} test images, is ${frechetFloor.toFixed(2)}. ` +
      "Sharpness is relative to the data's (1 is as sharp); KL of classes is from a uniform distribution (0: every class equally often).",
    modelTable(rows),
    "",
  ].join("\n\n");
  const file = (name: string): string => join(folder, name);
  await writeFileAtomic(file("table.md"), markdown);
  await writeFileAtomic(
    file("table.json"),
    `${JSON.stringify({ data: data.name, samples, seed, by, rows }, null, 2)}\n`,
  );
  const svg = await chartSvg(modelChart(`Models on ${data.name}, n = ${samples}`, rows));
  const files = [file("table.md"), file("table.json"), ...(await saveSvg(folder, "bars", svg))];
  const pictures: Raster[] = [];
  for (const job of jobs) pictures.push(decodeImage(await readFile(job.files.samples), job.files.samples));
  const figure = await imageFigure({
    title: `Samples of models of ${data.name}`,
    subtitle: "the first samples of each, not selected",
    rows: rows.map(({ name }, i) => ({ name, images: [pictures[i]!] })),
    size: 480,
  });
  files.push(...(await saveSvg(folder, "samples", figure)));
  desk.line(markdown);
  desk.line(files.join("\n"));
  desk.object({ command: "compare", data: data.name, samples, seed, by, rows, files });
}
