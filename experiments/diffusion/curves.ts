import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CATALOG } from "../../src/catalog.ts";
import { lookup } from "../../src/errors.ts";
import { median } from "../../src/generative/compare/cells.ts";
import { saveChart } from "../../src/plot/index.node.ts";
import { lineChart } from "../../src/plot/index.ts";
import { openRunFolder } from "../../src/train/node.ts";
import { type LogRow, parseLog } from "../../src/train/run-log.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { galatea, trainInto } from "../galatea.ts";
import { save } from "../sequences/learning.ts";

/** A training whose checkpoints are all measured. */
interface Entry {
  readonly name: string;
  /** What `galatea train` is told. */
  readonly train: readonly string[];
}

/** A checkpoint, measured. */
interface Point {
  readonly step: number;
  readonly minutes: number;
  readonly distance: number;
  readonly recognised: number;
}

/** Sampler steps and images by which a checkpoint is measured, and checkpoints of a training. */
const [S, SAMPLES, CHECKPOINTS] = [25, 1000, 8];

/** What a set of curves is measured by. */
interface Measuring {
  /** The folder, and the name of the table and the picture in it. */
  readonly out: string;
  readonly name: string;
  readonly samples: number;
  /** Of each training: as its recipe says when left out. */
  readonly steps?: number | undefined;
  readonly checkpoints?: number;
}

/** Train (or go on with what is there), then measure the averaged weights of every checkpoint that is not measured yet. */
async function curveOf(
  { name, train }: Entry,
  { out, samples, checkpoints = CHECKPOINTS, steps = recipeSteps(train[0]!) }: Measuring,
): Promise<Point[]> {
  const path = join(out, name);
  const every = Math.ceil(steps / checkpoints);
  const how = ["--steps", steps, "--checkpoint-every", every, "--keep", checkpoints + 1].map(String);
  await trainInto(path, async () => [...train, ...how, "--sample-every", String(steps)]);
  const run = await openRunFolder(path);
  const { rows } = parseLog(await readFile(join(path, "timing.jsonl"), "utf8"));
  const seconds = stepSeconds(rows);
  const points: Point[] = [];
  for (const step of await run.checkpointSteps()) {
    const file = join(path, "evaluate", `${step}-numbers.json`);
    if (!existsSync(file)) {
      const how = ["--checkpoint", step, "--samples", samples, "--steps", S, "--bound-images", 0].map(String);
      await galatea("evaluate", path, ...how);
    }
    const numbers = JSON.parse(await readFile(file, "utf8")) as Readonly<Record<string, number>>;
    points.push({
      step,
      minutes: (step * seconds) / 60,
      distance: numbers.frechet!,
      recognised: numbers.recognised!,
    });
  }
  return points;
}

const recipeSteps = (name: string): number => lookup("recipe", CATALOG.recipes, name).training.steps!;

/** The median time of a step: pauses, and the time that checkpoints take, are not in it. */
const stepSeconds = (rows: readonly LogRow[]): number =>
  median(rows.slice(1).map((row, i) => (row.time! - rows[i]!.time!) / (row.step - rows[i]!.step)));

async function curves(
  entries: readonly Entry[],
  measuring: Measuring,
  by: "step" | "minutes",
): Promise<void> {
  const { out, name, samples } = measuring;
  const all: { readonly name: string; readonly points: readonly Point[] }[] = [];
  for (const entry of entries) {
    all.push({ name: entry.name, points: await curveOf(entry, measuring) });
    // Written again after each, so that nothing is lost where the next is stopped.
    const y = `Fréchet distance, ${samples} images`;
    const x = { step: "step", minutes: "minutes of training" }[by];
    await saveChart(
      join(out, `${name}.png`),
      lineChart(
        { title: "Quality of what is drawn", x, y },
        all.map((curve) => ({
          name: curve.name,
          x: curve.points.map((point) => point[by]),
          y: curve.points.map(({ distance }) => distance),
        })),
        { yScale: "log" },
      ),
    );
    const rows = all.flatMap((curve) =>
      curve.points.map(({ step, minutes, distance, recognised }) => [
        curve.name,
        step.toLocaleString("en-US"),
        minutes.toFixed(1),
        distance.toFixed(1),
        `${(100 * recognised).toFixed(1)} %`,
      ]),
    );
    await save(out, name, markdownTable(["", "steps", "minutes", "Fréchet distance", "recognised"], rows));
  }
}

/** A U-Net and a transformer, by their recipes: quality against the time of training. */
export const ditCurves: Experiment = {
  description: "U-Net and DiT on MNIST, by their recipes: Fréchet distance against the time of training",
  run: ({ out, samples = SAMPLES, steps }) =>
    curves(
      [
        { name: "U-Net", train: ["ddpm-mnist"] },
        { name: "DiT", train: ["dit-mnist"] },
      ],
      { out, name: "dit-curves", samples, steps },
      "minutes",
    ),
};

/** Figure 5 of the DiT paper in small: how time and class reach the tokens. */
export const ditConditioning: Experiment = {
  description: "DiT with adaLN-Zero, adaLN and in-context conditioning: Fréchet distance against steps",
  run: ({ out, samples = SAMPLES, steps = 2000 }) =>
    curves(
      ["adaln-zero", "adaln", "in-context"].map((conditioning) => ({
        name: conditioning,
        train: ["dit-mnist", "--conditioning", conditioning],
      })),
      { out, name: "dit-conditioning", samples, steps, checkpoints: 4 },
      "step",
    ),
};

/** What `dit-mnist` might be: one thing changed at a time. */
const CANDIDATES: readonly Entry[] = [
  ["v, linear, 1e-3", "--prediction", "v", "--schedule", "linear", "--lr", "0.001"],
  ["v, cosine, 1e-3", "--prediction", "v", "--lr", "0.001"],
  ["v, cosine, 2e-3", "--prediction", "v"],
  ["v, cosine, 4e-3", "--prediction", "v", "--lr", "0.004"],
  ["x0, cosine, 1e-3", "--lr", "0.001"],
  ["x0, cosine, 2e-3"],
  ["x0, cosine, 4e-3", "--lr", "0.004"],
  ["x0, cosine, 2e-3, min-SNR 5", "--min-snr", "5"],
  ["x0, cosine, 2e-3, patch 7, width 192", "--patch", "7", "--width", "192", "--heads", "6"],
].map(([name, ...options]) => ({ name: name!, train: ["dit-mnist", ...options] }));

/** Short trainings by which the recipe was chosen: each is measured at its end. */
export const ditRecipe: Experiment = {
  description: "short trainings of DiT on MNIST: prediction, schedule, learning rate, patch and width",
  run: ({ out, samples = SAMPLES, steps = 1500 }) =>
    curves(CANDIDATES, { out, name: "dit-recipe", samples, steps, checkpoints: 1 }, "minutes"),
};
