import { join } from "node:path";
import { joined, rows } from "../../data/arrays.ts";
import { imageGrid, type Raster } from "../../data/image.ts";
import { writeFileAtomic } from "../../files/node.ts";
import type { Bar, Desk } from "../../model/tool.ts";
import { chartSvg } from "../../plot/chart.ts";
import { imageFigure } from "../../plot/images.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { Key } from "../../tensor/random.ts";
import { dealt } from "../../train/parallel/communicator.ts";
import type { SavedRun } from "../../train/run.ts";
import type { ModelRun } from "../../train/run-config.ts";
import { diffusionOf } from "../diffusion/config.ts";
import { type DiffusionModel, requireGuidable } from "../diffusion/model.ts";
import type { SamplingPlan } from "../diffusion/samplers.ts";
import { type Compile, type Images, initialNoise, Sampler } from "../diffusion/sampling.ts";
import { pixels } from "../diffusion/scaling.ts";
import type { Convention } from "../diffusion/trajectory.ts";
import { imagesOf } from "../examples.ts";
import { quality, referenceOf } from "../metrics/quality.ts";
import { rulerFor } from "../metrics/ruler.ts";
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
} from "./cells.ts";
import { withError } from "./models.ts";
import { type CompareHow, requireEnough, requireImages, saveSvg } from "./shared.node.ts";
import { type CellRecord, CellStore, type DrawnBatch } from "./store.node.ts";

export interface SamplersHow extends CompareHow {
  readonly cells: Omit<CellOptions, "steps"> & { readonly steps?: readonly number[] | undefined };
  readonly convention: Convention;
  readonly guidance: number;
  readonly batchSize: number;
  /** Clip x̂₀ to the range of images where the sampler does. */
  readonly clipX0: boolean;
  /** Recompute ε̂ from a clipped x̂₀. */
  readonly useClippedModelOutput: boolean;
}

/** Images shown per cell. */
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

/** Measure one diffusion run over η × S. Finished cells, and batches of the unfinished one, are saved, so that it can resume. */
export async function compareSamplers(run: SavedRun<ModelRun>, how: SamplersHow): Promise<void> {
  const { desk, seed, guidance, convention, samples } = how;
  requireImages(run);
  const opened = await desk.open(run);
  const { step, weights: kind } = opened;
  const key = Key.seed(seed).split("sample");
  await opened.use(
    async (context) => {
      const model = diffusionOf(context as unknown as Parameters<typeof diffusionOf>[0]);
      // Options that cannot be sampled are refused before any work.
      requireGuidable(model, guidance);
      const cells = cellsOf(model.schedule.T, {
        ...how.cells,
        steps: how.cells.steps ?? stepsOf(model.schedule.T),
      });
      const plans = cells.map((cell) => ({ cell, ...planOfCell(model.schedule, cell, convention) }));
      const ruler = await rulerFor(context, how.ruler);
      const setting = settingName({ ...how, step, kind });
      const folder = how.out ?? join(desk.outputsOf(run), "compare", setting);
      const { ranks } = desk;
      const opening = { setting, by: ruler.description };
      // The first to open it clears away what a killed process left: only then others may write.
      const first = ranks.rank === 0 ? await CellStore.open(folder, opening) : undefined;
      await ranks.barrier();
      const store = first ?? (await CellStore.open(folder, opening, { clear: false }));
      const all = plans.filter(({ cell }) => !store.cells.has(cellName(cell)));
      const missing = dealt(all, ({ plan }) => plan.steps.length, ranks);
      await ranks.barrier();
      const parameters = { ruler, data: await imagesOf(context, "comparing"), progress: desk.progress };
      if (missing.length > 0) requireEnough(samples, (await referenceOf(parameters)).gaussian.mean.length);
      const total = imageSteps(plans, samples);
      let done = total - imageSteps(all, samples);
      if (done > 0) desk.note(`${plans.length - all.length} of ${plans.length} cells are done already`);
      const bench = new Bench({ compile: context.compile, key, model, store, how });
      const bar = desk.bar("comparing samplers", total, { unit: "image step", start: done });
      try {
        for (const { cell, plan, path } of missing) {
          const { images, labels, times } = await bench.draw(cell, plan, (n) =>
            bar.update(done + n, { S: cell.S }),
          );
          done += plan.steps.length * samples;
          const numbers = await quality({ ...parameters, progress: desk.check }, { x: images, labels });
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
          announce(record, bar, desk);
        }
      } catch (error) {
        bar.stop();
        if (wasInterrupted(desk))
          desk.note(
            `stopped; ${store.cells.size} cells are done. The same command continues where it stopped`,
          );
        throw error;
      }
      bar.stop();
      await ranks.barrier();
      if (ranks.rank > 0) return;
      const whole = ranks.size > 1 ? await CellStore.open(folder, opening) : store;
      const measured = inOrder([...whole.cells.values()]);
      const about =
        `${run.config.model} on ${run.config.data}, step ${step} (${kind === "ema" ? "averaged" : "trained"} weights), seed ${seed}, ` +
        `n = ${samples}${guidance === 1 ? "" : `, guidance ${guidance}`}, ${convention} subsequences` +
        clippingName(how);
      await report(measured, { folder, store: whole, about, run, step, how });
    },
    { key, progress: desk.progress },
  );
}

/** How x̂₀ and ε̂ are clipped where that is not the default, for people. */
function clippingName({ clipX0, useClippedModelOutput }: SamplersHow): string {
  if (!clipX0) return ", x̂₀ not clipped";
  return useClippedModelOutput ? "" : ", the network's ε̂ kept where x̂₀ was clipped";
}

/** The total number of image steps of these cells. */
const imageSteps = (plans: readonly { readonly plan: SamplingPlan }[], samples: number): number =>
  plans.reduce((sum, { plan }) => sum + plan.steps.length * samples, 0);

function wasInterrupted(desk: Desk): boolean {
  try {
    desk.check();
    return false;
  } catch {
    return true;
  }
}

/** Everything that a cell's numbers depend on, as a folder's name. */
function settingName(how: SamplersHow & { step: number; kind: string }): string {
  const { step, kind, samples, seed, guidance, convention, batchSize, clipX0, useClippedModelOutput } = how;
  const usual = { guidance: guidance === 1, convention: convention === "paper", batch: batchSize === 100 };
  return [
    `${step}-${kind}-n${samples}-seed${seed}`,
    ...(usual.guidance ? [] : [`guidance${guidance}`]),
    ...(usual.convention ? [] : [convention]),
    ...(usual.batch ? [] : [`batch${batchSize}`]),
    ...(clipX0 ? [] : ["unclipped"]),
    ...(clipX0 && !useClippedModelOutput ? ["own-epsilon"] : []),
  ].join("-");
}

function announce(record: CellRecord, bar: Bar, desk: Desk): void {
  const { numbers, milliseconds, ran } = record;
  desk.object({ event: "cell", ...record });
  const { recognised } = numbers;
  bar.log(
    `${cellName(record)}: Fréchet distance ${withError(numbers.frechet, numbers.frechetError)}` +
      `${recognised === undefined ? "" : `, ${(100 * recognised).toFixed(1)} % recognised`}, ` +
      `${milliseconds.toFixed(2)} ms per image, ${ran} steps`,
  );
}

interface BenchParts {
  readonly compile: Compile;
  readonly key: Key;
  readonly model: DiffusionModel;
  readonly store: CellStore;
  readonly how: SamplersHow;
}

/** Samples cells batch by batch; finished batches are saved until their cell is done. */
class Bench {
  readonly #sampler: Sampler;
  readonly #parts: BenchParts;
  readonly #warm = new Set<string>();

  constructor(parts: BenchParts) {
    this.#sampler = new Sampler(parts.model, parts.compile);
    this.#parts = parts;
  }

  /** All images of a cell, the classes they were conditioned on, and milliseconds per image in each whole batch. */
  async draw(cell: Cell, plan: SamplingPlan, progress: (imageSteps: number) => void) {
    const { model, store, how } = this.#parts;
    const { samples, batchSize } = how;
    const { classes, shape } = model;
    const labels = classes > 0 ? Int32Array.from({ length: samples }, (_, i) => i % classes) : undefined;
    const images: Images[] = [];
    const times: number[] = [];
    for (let first = 0; first < samples; first += batchSize) {
      const size = Math.min(batchSize, samples - first);
      const label = labels && [...labels.subarray(first, first + size)];
      let batch = await store.batch(cell, first, [size, ...shape]);
      if (!batch) {
        await this.#warmUp(plan, size, label);
        batch = await this.#drawBatch(plan, first, size, label, (step) => progress(step * size + first * plan.steps.length)); // biome-ignore format: one call
        await store.putBatch(cell, first, batch);
      }
      progress((first + size) * plan.steps.length);
      images.push(batch.images);
      // A smaller last batch takes another time per image; it counts only where it is the only one.
      if (size === batchSize || first === 0) times.push(batch.milliseconds / size);
    }
    return { images: pixels(joined(images)), labels: labels && ndarray(labels), times };
  }

  async #drawBatch(
    plan: SamplingPlan,
    first: number,
    size: number,
    label: number[] | undefined,
    progress: (step: number) => void,
  ): Promise<DrawnBatch> {
    const { key, model, how } = this.#parts;
    const { desk, guidance, clipX0, useClippedModelOutput } = how;
    let x = initialNoise(model, key, size, first);
    const clipping = { clipX0: clipX0 && plan.clipX0, useClippedModelOutput };
    const options = { x, key, first, label, guidance, ...clipping };
    const began = performance.now();
    for await (const now of this.#sampler.run(plan, options)) {
      desk.check();
      x = now.x;
      progress(now.step);
    }
    return { images: x, milliseconds: performance.now() - began };
  }

  /** Compile for these shapes, and warm up the engine, before anything is timed. */
  async #warmUp(plan: SamplingPlan, size: number, label: number[] | undefined): Promise<void> {
    const signature = `${size} ${plan.clipX0}`;
    if (this.#warm.has(signature)) return;
    await this.#drawBatch({ ...plan, steps: plan.steps.slice(0, 2) }, 0, size, label, () => {});
    this.#warm.add(signature);
  }
}

interface ReportParts {
  readonly folder: string;
  readonly store: CellStore;
  readonly about: string;
  readonly run: SavedRun<ModelRun>;
  readonly step: number;
  readonly how: SamplersHow;
}

/** Write the tables as Markdown and JSON, the plot, and the pictures of η × S. */
async function report(records: readonly CellRecord[], parts: ReportParts): Promise<void> {
  const { folder, store, about, run, step, how } = parts;
  const { desk, samples, seed, guidance, convention, batchSize } = how;
  const { clipX0, useClippedModelOutput } = how;
  const cells = records.map(measuredOf);
  const { frechetFloor = 0, frechetFloorSamples = samples } = records[0]!.numbers;
  const floor = { value: frechetFloor, samples: frechetFloorSamples };
  const said = findings(cells);
  const notes = [
    `${about}.`,
    `Fréchet distances by ${records[0]!.by}; the floor, that of ${floor.samples} test images, is ${floor.value.toFixed(2)}. ` +
      `Times are per image in batches of ${Math.min(batchSize, samples)}, median over batches.`,
    ...said.map((line) => `${line}.`),
  ];
  const title = `# Samplers of ${run.path}`;
  const markdown = `${[title, ...notes, compareTables(cells)].join("\n\n")}\n`;
  const file = (name: string): string => join(folder, name);
  await writeFileAtomic(file("table.md"), markdown);
  const drawing = { samples, seed, guidance, convention, batchSize, clipX0, useClippedModelOutput };
  const setting = { run: run.path, step, ...drawing, floor };
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
    const figure = await imageFigure({ title: "η × S", subtitle, rows: shown, columns, size: 112 });
    files.push(...(await saveSvg(folder, `grid-${spacing}`, figure)));
  }
  desk.line(markdown);
  desk.line(files.join("\n"));
  desk.object({ command: "compare", ...setting, cells: records, findings: said, files });
}
