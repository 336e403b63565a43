import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { imageGrid, type Raster } from "../../data/image.ts";
import { decodeImage, encodePng } from "../../data/image-files.ts";
import type { Engine } from "../../engine/engine.ts";
import { lookup, UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import { type ModelRow, marginalSeconds, modelChart, modelTable } from "../../generative/compare.ts";
import { withModel } from "../../generative/context.ts";
import { rows as rowsOf } from "../../generative/latent-model.ts";
import { quality, referenceOf } from "../../generative/metrics/quality.ts";
import { rulerOnDemand } from "../../generative/metrics/ruler.node.ts";
import type { Ruler } from "../../generative/metrics/ruler.ts";
import type { AnyModel, Data, Drawn } from "../../generative/model.ts";
import { MODELS } from "../../generative/models.ts";
import { chartSvg } from "../../plot/chart.ts";
import { imageFigure } from "../../plot/images.ts";
import { Key } from "../../tensor/random.ts";
import { outputsOf, RUNS, type RunFolder } from "../../train/node.ts";
import { openData, openEngine } from "../common.ts";
import { checkpointOf, type Loaded, withWeights } from "../hook.ts";
import type { Parts } from "../io.ts";
import { type CompareHow, requireEnough, saveSvg } from "./samplers.ts";

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
  /** The ruler. */
  by: z.string(),
});
type Row = z.output<typeof RowSchema>;

interface Job {
  readonly run: RunFolder;
  readonly loaded: Loaded;
  readonly definition: AnyModel & { readonly draw: NonNullable<AnyModel["draw"]> };
  /** Where its row is kept, in the run itself: other comparisons find it there. */
  readonly files: { readonly row: string; readonly samples: string };
}

/** Models beside one another, by what they draw: one row a run. A row that was measured before is not measured again. */
export async function compareRuns(runs: readonly RunFolder[], how: CompareHow): Promise<void> {
  const { printer, runtime, samples, seed } = how;
  const [first] = runs as [RunFolder];
  for (const { path, config } of runs) {
    const { data, imageSize } = first.config;
    if (config.data !== data || config.imageSize !== imageSize)
      throw new UserError(
        `${path} was trained on ${config.data}, and ${first.path} on ${data}: distances from different data say nothing beside one another`,
      );
    if (!lookup("model", MODELS, config.model).draw)
      throw new UserError(
        `${path} is a ${config.model}: it draws no new images, so there is nothing to compare`,
      );
  }
  const { device = "cpu", threads = first.config.threads } = runtime;
  const engine = await openEngine({ device, threads });
  const data = await openData(first.config.data, printer, first.config.imageSize);
  const { ruler: openRuler, dispose } = rulerOnDemand(data, engine, how.ruler);
  const parts = printer.parts("compare");
  try {
    const ruler = await openRuler();
    const jobs: Job[] = [];
    for (const run of runs) {
      const loaded = withWeights(run, await checkpointOf(run, how.weights), how.weights, data);
      const setting = `${loaded.step}-${loaded.weights}-n${samples}-seed${seed}`;
      const file = join(outputsOf(run), "compare", `quality-${setting}`);
      const definition = loaded.built.definition as Job["definition"];
      jobs.push({ run, loaded, definition, files: { row: `${file}.json`, samples: `${file}.png` } });
    }
    const rows: Row[] = [];
    for (const job of jobs) {
      const row = (await readRow(job, ruler)) ?? (await measure(job, { how, data, engine, ruler, parts }));
      printer.object({ event: "row", ...row });
      rows.push(row);
    }
    parts.stop();
    await report(jobs, rows, data, how);
  } finally {
    parts.stop();
    await dispose();
    await engine.dispose();
  }
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
  readonly data: Data;
  readonly engine: Engine;
  readonly ruler: Ruler;
  readonly parts: Parts;
}

async function measure(job: Job, { how, data, engine, ruler, parts }: Means): Promise<Row> {
  const { run, loaded, definition, files } = job;
  const { samples, seed } = how;
  const { task, config } = loaded.built;
  const name = basename(run.path);
  const measuring = { ruler, data, progress: parts.report };
  requireEnough(samples, (await referenceOf(measuring)).gaussian.mean.length);
  const key = Key.seed(seed).split("sample");
  const progress: Parts["report"] = (done, total, what) =>
    parts.report(done, total, `${name}: ${what ?? "drawing"}`);
  const timed = async (count: number): Promise<{ drawn: Drawn; count: number; seconds: number }> =>
    withModel({ task, config, data, engine, key, progress }, async (context) => {
      const began = performance.now();
      const drawn = await definition.draw(context, count);
      return { drawn, count, seconds: (performance.now() - began) / 1000 };
    });
  const few = await timed(Math.max(1, Math.floor(samples / 10)));
  const many = await timed(samples);
  const row: Row = {
    name,
    model: definition.name,
    parameters: task.module.parameterCount,
    steps: loaded.step,
    trainingSeconds: loaded.seconds,
    secondsPerSample: marginalSeconds(few, many),
    numbers: await quality(measuring, many.drawn),
    by: ruler.description,
  };
  for (const [, variable] of task.module.variables()) engine.state.release(variable);
  const shown = rowsOf(many.drawn.images, 0, Math.min(SHOWN, samples));
  await mkdir(join(outputsOf(run), "compare"), { recursive: true });
  await writeFileAtomic(files.samples, encodePng(imageGrid(shown, { columns: COLUMNS, padding: 1 })));
  await writeFileAtomic(files.row, `${JSON.stringify(row, null, 2)}\n`);
  return row;
}

/** The table as Markdown and JSON, bars, and samples of each run beside one another. */
async function report(
  jobs: readonly Job[],
  rows: readonly ModelRow[],
  data: Data,
  how: CompareHow,
): Promise<void> {
  const { printer, samples, seed } = how;
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
      "Sharpness is relative to the data's (1 is as sharp); KL of classes is from a uniform distribution (0: every class as often).",
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
  const figure = imageFigure({
    title: `Samples of models of ${data.name}`,
    subtitle: "the first that each draws, not chosen",
    rows: rows.map(({ name }, i) => ({ name, images: [pictures[i]!] })),
    size: 480,
  });
  files.push(...(await saveSvg(folder, "samples", figure)));
  printer.line(markdown);
  printer.line(files.join("\n"));
  printer.object({ command: "compare", data: data.name, samples, seed, by, rows, files });
}
