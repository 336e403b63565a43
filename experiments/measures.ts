import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { progress } from "../src/cli/progress.ts";
import { rows } from "../src/data/arrays.ts";
import { openData } from "../src/data/node.ts";
import { batchAt } from "../src/data/passes.ts";
import { writeFileAtomic } from "../src/files/node.ts";
import type { Values as Images } from "../src/generative/latent-model.ts";
import { partOf } from "../src/generative/metrics/part.ts";
import { quality } from "../src/generative/metrics/quality.ts";
import { readRuler } from "../src/generative/metrics/ruler.ts";
import type { Drawn } from "../src/generative/model.ts";
import { imageFigure } from "../src/plot/images.ts";
import { savePng, svgToPng } from "../src/plot/node.ts";
import { ndarray } from "../src/tensor/ndarray.ts";
import { hostNormal, hostUniform, Key } from "../src/tensor/random.ts";
import type { Data, Examples } from "../src/train/examples.ts";
import { type Experiment, markdownTable } from "./experiment.ts";

/** Images a kind: as many as there are test images of the even digits, about. */
const COUNT = 4000;
const SHOWN = 12;
const SIDE = 28;

const COLUMNS: readonly (readonly [name: string, digits: number])[] = [
  ["frechet", 1],
  ["inceptionScore", 2],
  ["precision", 3],
  ["recall", 3],
  ["sharpness", 2],
  ["recognised", 3],
  ["classKl", 3],
];

/** Images whose fault is known, measured as a model's drawings are: what each number sees, and what it does not. */
export const measures: Experiment = {
  description: "digits spoiled in known ways, measured: what each number sees and what it misses",
  run: async ({ engine, out, samples = COUNT }) => {
    const data = await openData("mnist");
    const ruler = readRuler(
      await readFile("assets/rulers/mnist.safetensors"),
      "assets/rulers/mnist.safetensors",
      engine,
    );
    const kinds = await kindsOf(data, samples);
    const bar = progress("measuring", kinds.length, { unit: "kind" });
    const lines: string[][] = [];
    let floor = 0;
    for (const [i, { name, drawn }] of kinds.entries()) {
      const numbers = await quality({ ruler, data, progress: () => undefined }, drawn);
      floor = numbers.frechetFloor!;
      lines.push([name, ...COLUMNS.map(([column, digits]) => numbers[column]?.toFixed(digits) ?? "")]);
      bar.update(i + 1);
    }
    bar.stop();
    await ruler.dispose();
    const table = markdownTable(
      [`${samples} images, floor ${floor.toFixed(2)}`, ...COLUMNS.map(([name]) => name)],
      lines,
    );
    const figure = await imageFigure({
      title: "What was measured",
      size: 40,
      rows: kinds.map(({ name, drawn }) => ({ name, images: rows(drawn.x, 0, SHOWN) })),
    });
    await savePng(join(out, "measures.png"), svgToPng(figure, { scale: 1 }));
    await writeFileAtomic(join(out, "measures.md"), new TextEncoder().encode(`${table}\n`));
    console.log(`\n${table}\n\n${join(out, "measures.png")}\n${join(out, "measures.md")}`);
  },
};

interface Kind {
  readonly name: string;
  readonly drawn: Drawn;
}

async function kindsOf(data: Data, count: number): Promise<Kind[]> {
  const of = async (examples: Examples, indices: ArrayLike<number>): Promise<Drawn> =>
    batchAt(examples, indices);
  const first = Array.from({ length: count }, (_, i) => i);
  const all = await batchAt(
    data.test,
    Array.from({ length: data.test.length }, (_, i) => i),
  );
  const places = (accept: (label: number) => boolean): number[] =>
    [...all.labels!.data.keys()].filter((i) => accept(all.labels!.data[i]!));
  const some = (examples: Examples): Promise<Drawn> => of(examples, partOf(examples.length, count));
  const test = await some(data.test);
  const even = await of(data.test, places((label) => label % 2 === 0).slice(0, count));
  const onePerClass = data.classes.map((_, label) => places((l) => l === label)[0]!);
  const ten = await of(
    data.test,
    first.map((i) => onePerClass[i % onePerClass.length]!),
  );
  const key = Key.seed(0);
  const [normal, uniform] = [hostNormal(key.split("n"), count * SIDE ** 2), hostUniform(key.split("u"), count * SIDE ** 2)]; // biome-ignore format: a pair
  const changed = (change: (pixels: Float32Array, i: number, x: number, y: number) => number): Drawn => ({
    ...test,
    x: mapPixels(test.x, change),
  });
  return [
    { name: "test images", drawn: test },
    { name: "training images", drawn: await some(data.train) },
    { name: "moved by 2 pixels", drawn: changed((p, i, x) => (x < 2 ? 0 : p[i - 2]!)) },
    { name: "blurred, 3 × 3", drawn: changed(blurred) },
    { name: "noise added, σ = 0.2", drawn: changed((p, i) => p[i]! + 0.2 * normal[i]!) },
    { name: "even digits only", drawn: even },
    { name: "ten images, repeated", drawn: ten },
    { name: "uniform noise", drawn: { x: mapPixels(test.x, (_, i) => uniform[i]!) } },
  ];
}

/** The mean of the 3 × 3 pixels around one; outside is 0. */
function blurred(pixels: Float32Array, i: number, x: number, y: number): number {
  let sum = 0;
  for (let dy = -1; dy <= 1; dy++)
    for (let dx = -1; dx <= 1; dx++)
      if (x + dx >= 0 && x + dx < SIDE && y + dy >= 0 && y + dy < SIDE) sum += pixels[i + dy * SIDE + dx]!;
  return sum / 9;
}

/** Each pixel anew from all of them, its index and its place; held to [0, 1]. */
function mapPixels(
  { data, shape }: Images,
  change: (pixels: Float32Array, i: number, x: number, y: number) => number,
): Images {
  const out = data.map((_, i) => {
    const value = change(data, i, i % SIDE, Math.floor(i / SIDE) % SIDE);
    return Math.min(1, Math.max(0, value));
  });
  return ndarray(out, shape);
}
