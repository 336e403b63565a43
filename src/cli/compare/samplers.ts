import { join } from "node:path";
import type { z } from "zod";
import { imageGrid, type Raster } from "../../data/image.ts";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import { withError } from "../../generative/compare.ts";
import { withModel } from "../../generative/context.ts";
import {
  type Cell,
  type CellOptions,
  cellName,
  cellsOf,
  compareChart,
  compareGrids,
  compareTables,
  findings,
  inOrder,
  type MeasuredCell,
  median,
  planOfCell,
  stepsOf,
} from "../../generative/diffusion/compare.ts";
import { type DiffusionModel, requireGuidable } from "../../generative/diffusion/model.ts";
import { pixels } from "../../generative/diffusion/pictures.ts";
import type { Plan } from "../../generative/diffusion/plan.ts";
import { type Images, initialNoise, Sampler } from "../../generative/diffusion/sampler.ts";
import type { Convention } from "../../generative/diffusion/trajectory.ts";
import { joined, rows } from "../../generative/latent-model.ts";
import { quality, referenceOf } from "../../generative/metrics/quality.ts";
import { rulerOnDemand } from "../../generative/metrics/ruler.node.ts";
import type { HookContext } from "../../generative/model.ts";
import { chartSvg } from "../../plot/chart.ts";
import { imageFigure } from "../../plot/images.ts";
import { svgToPng } from "../../plot/node.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { Key } from "../../tensor/random.ts";
import { outputsOf, type RunFolder } from "../../train/node.ts";
import type { RuntimeOptions } from "../common.ts";
import { loadRun, type WeightOptions } from "../hook.ts";
import { Interrupted, type Printer } from "../io.ts";
import type { Progress } from "../progress.ts";
import { type Batch, type CellRecord, CellStore } from "./store.ts";

export interface CompareHow {
  readonly samples: number;
  readonly seed: number;
  readonly out?: string | undefined;
  readonly ruler: string | undefined;
  readonly weights: z.output<typeof WeightOptions>;
  readonly runtime: z.output<typeof RuntimeOptions>;
  readonly printer: Printer;
}

export interface SamplersHow extends CompareHow {
  readonly cells: Omit<CellOptions, "steps"> & { readonly steps?: readonly number[] | undefined };
  readonly convention: Convention;
  readonly guidance: number;
  readonly batchSize: number;
  /** Hold x̂₀ to the range of images where the sampler does. */
  readonly clip: boolean;
}

/** Images of a cell that are shown. */
const SHOWN = 9;

const measuredOf = ({ eta, S, spacing, ran, milliseconds, numbers }: CellRecord): MeasuredCell => ({
  eta,
  S,
  spacing,
  ran,
  milliseconds,
  frechet: numbers.frechet!,
  frechetError: numbers.frechetError,
  recognised: numbers.recognised,
  precision: numbers.precision!,
  recall: numbers.recall!,
  sharpness: numbers.sharpness!,
});

/** η × S of one diffusion run. Each cell is a file once it is done, each batch of the cell in work another. */
export async function compareSamplers(run: RunFolder, how: SamplersHow): Promise<void> {
  const { printer, runtime, weights, seed, guidance, convention, samples } = how;
  const { built, data, engine, step, weights: kind } = await loadRun(run, weights, runtime, printer);
  const { ruler: openRuler, dispose } = rulerOnDemand(data, engine, how.ruler);
  const parts = printer.parts("compare");
  try {
    const { task, config, definition } = built;
    const model = definition.diffusion!({ task, config, data });
    // What cannot be drawn is said before any work.
    requireGuidable(model, guidance);
    const { T } = model.schedule;
    const cells = cellsOf(T, { ...how.cells, steps: how.cells.steps ?? stepsOf(T) });
    const plans = cells.map((cell) => ({ cell, ...planOfCell(model.schedule, cell, convention) }));
    const ruler = await openRuler();
    const setting = settingName({ ...how, step, kind });
    const folder = how.out ?? join(outputsOf(run), "compare", setting);
    const store = await CellStore.open(folder, { setting, by: ruler.description });
    const parameters = { ruler, data, progress: parts.report };
    const key = Key.seed(seed).split("sample");
    await withModel({ task, config, data, engine, key, progress: parts.report }, async (context) => {
      const missing = plans.filter(({ cell }) => !store.cells.has(cellName(cell)));
      if (missing.length > 0) requireEnough(samples, (await referenceOf(parameters)).gaussian.mean.length);
      parts.stop();
      const bench = new Bench(context, model, store, how);
      const total = plans.reduce((sum, { plan }) => sum + plan.steps.length * samples, 0);
      const left = missing.reduce((sum, { plan }) => sum + plan.steps.length * samples, 0);
      if (left < total)
        printer.note(`${plans.length - missing.length} of ${plans.length} cells are done already`);
      const bar = printer.progress("comparing samplers", total, { unit: "image step", start: total - left });
      let done = total - left;
      try {
        for (const { cell, plan, path } of missing) {
          const { images, labels, times } = await bench.draw(cell, plan, (n) =>
            bar.update(done + n, { S: cell.S }),
          );
          done += plan.steps.length * samples;
          const numbers = await quality({ ...parameters, progress: bench.check }, { images, labels });
          const record: CellRecord = {
            ...cell,
            ran: plan.steps.length,
            path: path.description,
            milliseconds: median(times),
            batchMilliseconds: times,
            setting,
            by: ruler.description,
            numbers,
          };
          await store.put(record, imageGrid(rows(images, 0, Math.min(SHOWN, samples)), { padding: 1 }));
          announce(record, bar, printer);
        }
      } catch (error) {
        bar.stop();
        if (error instanceof Interrupted)
          printer.note(`stopped; ${store.cells.size} cells are done. The same command goes on where it was`);
        throw error;
      }
      bar.stop();
    });
    const measured = inOrder([...store.cells.values()]);
    const about =
      `${run.config.model} on ${run.config.data}, step ${step} (${kind === "ema" ? "averaged" : "trained"} weights), seed ${seed}, ` +
      `n = ${samples}${guidance === 1 ? "" : `, guidance ${guidance}`}, ${convention} subsequences` +
      `${how.clip ? "" : ", x̂₀ not held to the range of images"}`;
    await report(measured, { folder, store, about, run, step, how });
  } finally {
    parts.stop();
    await dispose();
    await engine.dispose();
  }
}

/** @throws UserError before anything is drawn. */
export function requireEnough(samples: number, features: number): void {
  if (samples <= features)
    throw new UserError(
      `--samples ${samples}: a Fréchet distance on ${features} features needs more than ${features} images; 1000 is a fair start`,
    );
}

/** All that a cell's numbers depend on, as a folder's name. */
function settingName(how: SamplersHow & { step: number; kind: string }): string {
  const { step, kind, samples, seed, guidance, convention, batchSize, clip } = how;
  const usual = { guidance: guidance === 1, convention: convention === "paper", batch: batchSize === 100 };
  return [
    `${step}-${kind}-n${samples}-seed${seed}`,
    ...(usual.guidance ? [] : [`guidance${guidance}`]),
    ...(usual.convention ? [] : [convention]),
    ...(usual.batch ? [] : [`batch${batchSize}`]),
    ...(clip ? [] : ["unclipped"]),
  ].join("-");
}

function announce(record: CellRecord, bar: Progress, printer: Printer): void {
  const { numbers, milliseconds, ran } = record;
  printer.object({ event: "cell", ...record });
  const { recognised } = numbers;
  if (printer.json) return;
  bar.log(
    `${cellName(record)}: Fréchet distance ${withError(numbers.frechet, numbers.frechetError)}` +
      `${recognised === undefined ? "" : `, ${(100 * recognised).toFixed(1)} % recognised`}, ` +
      `${milliseconds.toFixed(2)} ms an image, ${ran} steps`,
  );
}

/** Draws cells batch by batch; a batch that was drawn is kept until its cell is done. */
class Bench {
  readonly #sampler: Sampler;
  readonly #model: DiffusionModel;
  readonly #store: CellStore;
  readonly #how: SamplersHow;
  readonly #key: Key;
  readonly #warm = new Set<string>();

  constructor(context: HookContext<unknown>, model: DiffusionModel, store: CellStore, how: SamplersHow) {
    this.#sampler = new Sampler(model, (fn, name) => context.compile(fn, name));
    this.#model = model;
    this.#store = store;
    this.#how = how;
    this.#key = context.key;
  }

  /** Where Ctrl-C takes effect. */
  readonly check = (): void => {
    if (this.#how.printer.io.signal.aborted) throw new Interrupted();
  };

  /** All images of a cell, the classes they were asked for, and milliseconds of an image in each whole batch. */
  async draw(cell: Cell, plan: Plan, progress: (imageSteps: number) => void) {
    const { samples, batchSize } = this.#how;
    const { classes, shape } = this.#model;
    const labels = classes > 0 ? Int32Array.from({ length: samples }, (_, i) => i % classes) : undefined;
    const images: Images[] = [];
    const times: number[] = [];
    for (let first = 0; first < samples; first += batchSize) {
      const size = Math.min(batchSize, samples - first);
      const label = labels && [...labels.subarray(first, first + size)];
      let batch = await this.#store.batch(cell, first, [size, ...shape]);
      if (!batch) {
        await this.#warmUp(plan, size, label);
        batch = await this.#drawBatch(plan, first, size, label, (step) => progress(step * size + first * plan.steps.length)); // biome-ignore format: one call
        await this.#store.putBatch(cell, first, batch);
      }
      progress((first + size) * plan.steps.length);
      images.push(batch.images);
      // A last batch that is smaller takes another time an image; it counts where it is the only one.
      if (size === batchSize || first === 0) times.push(batch.milliseconds / size);
    }
    return { images: pixels(joined(images)), labels: labels && ndarray(labels), times };
  }

  async #drawBatch(
    plan: Plan,
    first: number,
    size: number,
    label: number[] | undefined,
    progress: (step: number) => void,
  ): Promise<Batch> {
    const key = this.#key;
    const { guidance, clip } = this.#how;
    let x = initialNoise(this.#model, key, size, first);
    const how = { x, key, first, label, guidance, clip: clip && plan.clip };
    const began = performance.now();
    for await (const now of this.#sampler.run(plan, how)) {
      this.check();
      x = now.x;
      progress(now.step);
    }
    return { images: x, milliseconds: performance.now() - began };
  }

  /** Compile for these shapes, and let the engine settle, before the clock runs. */
  async #warmUp(plan: Plan, size: number, label: number[] | undefined): Promise<void> {
    const signature = `${size} ${plan.clip}`;
    if (this.#warm.has(signature)) return;
    await this.#drawBatch({ ...plan, steps: plan.steps.slice(0, 2) }, 0, size, label, () => {});
    this.#warm.add(signature);
  }
}

interface ReportParts {
  readonly folder: string;
  readonly store: CellStore;
  readonly about: string;
  readonly run: RunFolder;
  readonly step: number;
  readonly how: SamplersHow;
}

/** The tables, as Markdown and JSON; the plot; and the pictures of η × S. */
async function report(records: readonly CellRecord[], parts: ReportParts): Promise<void> {
  const { folder, store, about, run, step, how } = parts;
  const { printer, samples, seed, guidance, convention, batchSize, clip } = how;
  const cells = records.map(measuredOf);
  const { frechetFloor = 0, frechetFloorSamples = samples } = records[0]!.numbers;
  const floor = { value: frechetFloor, samples: frechetFloorSamples };
  const said = findings(cells);
  const notes = [
    `${about}.`,
    `Fréchet distances by ${records[0]!.by}; the floor, that of ${floor.samples} test images, is ${floor.value.toFixed(2)}. ` +
      `Times of an image in batches of ${Math.min(batchSize, samples)}, median over batches.`,
    ...said.map((line) => `${line}.`),
  ];
  const title = `# Samplers of ${run.path}`;
  const markdown = `${[title, ...notes, compareTables(cells)].join("\n\n")}\n`;
  const file = (name: string): string => join(folder, name);
  await writeFileAtomic(file("table.md"), markdown);
  const setting = { run: run.path, step, samples, seed, guidance, convention, batchSize, clip, floor };
  await writeFileAtomic(file("table.json"), `${JSON.stringify({ ...setting, cells: records }, null, 2)}\n`);
  const svg = await chartSvg(
    compareChart(`${run.config.model} on ${run.config.data}, n = ${samples}`, cells, floor),
  );
  const files = [file("table.md"), file("table.json"), ...(await saveSvg(folder, "frechet", svg))];
  const framed = async (cell: Cell): Promise<Raster> =>
    imageGrid([await store.picture(cell)], { padding: 2, background: 255 });
  for (const { spacing, rows: picked, columns } of compareGrids(cells, framed)) {
    const shown = await Promise.all(
      picked.map(async ({ name, images }) => ({ name, images: await Promise.all(images) })),
    );
    if (shown.length === 0) continue;
    const subtitle = `${spacing === "every" ? "every step" : `${spacing} steps`}; the same initial noise in every block`;
    const figure = imageFigure({ title: "η × S", subtitle, rows: shown, columns, size: 112 });
    files.push(...(await saveSvg(folder, `grid-${spacing}`, figure)));
  }
  printer.line(markdown);
  printer.line(files.join("\n"));
  printer.object({ command: "compare", ...setting, cells: records, findings: said, files });
}

/** A drawing as SVG and as PNG. */
export async function saveSvg(folder: string, name: string, svg: string): Promise<string[]> {
  const files = [join(folder, `${name}.png`), join(folder, `${name}.svg`)];
  await writeFileAtomic(files[0]!, svgToPng(svg));
  await writeFileAtomic(files[1]!, svg);
  return files;
}
