/** Records what stands on the page of digits while the engine loads: npx tsx --tsconfig lab/tsconfig.json lab/scripts/record-digits.ts */
import { writeFile } from "node:fs/promises";
import { imageData } from "../../src/data/data.ts";
import { dataset, type Split, split } from "../../src/data/dataset.ts";
import { openMnist } from "../../src/data/images.node.ts";
import { DIGITS } from "../../src/data/names.ts";
import { encodePng } from "../../src/data/png.ts";
import { createEngine } from "../../src/index.node.ts";
import { openRunIn } from "../../src/model/node.ts";
import { MODELS } from "../../src/models.ts";
import { type Answer, type Chain, PIXELS, SIDE } from "../src/digits/chain.ts";
import { Chains } from "../src/digits/chains.ts";
import { GRID, TRAINING } from "../src/digits/latent.ts";
import { LatentExperiment } from "../src/digits/latent-experiment.ts";
import { LIMIT } from "../src/digits/limit.ts";
import { keeping } from "../src/digits/painting.ts";
import { type Greys, nth, ofImage, ofNoise } from "../src/digits/pixels.ts";
import { betweenOf, chainOf, completionOf, FIRST, guidedOf } from "../src/digits/settings.ts";

/** Steps of the recorded film. */
const STEPS = 10;

const engine = await createEngine({ threads: 1 });
const run = await openRunIn({ models: MODELS, recipes: {}, data: [] }, "ddpm-mnist", { engine });
const chains = new Chains(run, engine);

async function made(all: readonly Chain[]): Promise<readonly Answer[]> {
  const parts: Answer[] = [];
  await chains.run(
    all,
    (part) => parts.push(part),
    () => true,
  );
  return parts;
}

/** Rows of images as one PNG of sixteen greys, in a data URL. */
function packed(rows: readonly (readonly Greys[])[]): string {
  const width = SIDE * rows[0]!.length;
  const data = new Uint8Array(width * SIDE * rows.length);
  rows.forEach((row, r) => {
    row.forEach((greys, c) => {
      for (let y = 0; y < SIDE; y++)
        data.set(
          greys.subarray(y * SIDE, (y + 1) * SIDE).map((grey) => 17 * Math.round(grey / 17)),
          (r * SIDE + y) * width + c * SIDE,
        );
    });
  });
  const png = encodePng({ width, height: SIDE * rows.length, channels: 1, data });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}

async function write(name: string, recording: object): Promise<void> {
  const file = new URL(`../src/digits/recorded/${name}.json`, import.meta.url);
  await writeFile(file, `${JSON.stringify(recording)}\n`);
  console.log(`${name}.json written`);
}

const imagesOf = (data: Float32Array): Greys[] =>
  Array.from({ length: data.length / PIXELS }, (_, i) => ofImage(nth(data, i)));
const done = (parts: readonly Answer[]): readonly Float32Array[] => {
  const last = parts.at(-1)!;
  if (last.kind !== "done") throw new Error("the chains did not come to their end");
  return last.images;
};

const film = await made((["ddim", "ddpm"] as const).map((sampler) => chainOf({ steps: STEPS }, { sampler })));
const steps = film.filter((part) => part.kind === "step");
const black = new Uint8ClampedArray(PIXELS);
const rows = [0, 1].flatMap((i) => {
  const [frames, image] = [steps.map(({ frames }) => frames[i]!), ofImage(done(film)[i]!)];
  return [
    [...frames.map(({ x }) => ofImage(x)), image],
    [...frames.map(({ x0 }) => ofImage(x0)), image],
    [...frames.map(({ epsilon }) => ofNoise(epsilon)), black],
  ];
});
await write("film", { times: [...steps.map(({ frames }) => frames[0]!.t), -1], png: packed(rows) });
const { train, test } = await openMnist();
const at = test.labels!.indexOf(FIRST.digit) * PIXELS;
const digit = Float32Array.from(test.images.subarray(at, at + PIXELS), (v) => v / 255);
const others = [
  ["guidance", guidedOf({})],
  ["between", betweenOf({})],
  ["complete", completionOf({}, keeping(digit, FIRST.part))],
] as const;
for (const [name, chain] of others)
  await write(name, { png: packed([imagesOf(done(await made([chain]))[0]!)]) });

/** Steps after which a map is recorded. */
const LEARNED = 2000;
const some = ({ imageShape, images, labels }: Split, count: number): Split =>
  split(imageShape, images.subarray(0, count * PIXELS), labels?.subarray(0, count));
const data = imageData(dataset("mnist", DIGITS, some(train, LIMIT.train), some(test, LIMIT.test)));
const setting = { model: "vae", seed: 0, lr: TRAINING.lr, options: {}, data: "" } as const;
const coder = await LatentExperiment.open(setting, data, engine);
for (let step = 0; step < LEARNED; step++) await coder.next();
const { window, grid, codes } = await coder.look();
const cells = Array.from({ length: GRID }, (_, row) =>
  Array.from({ length: GRID }, (_, column) => nth(grid, row * GRID + column)),
);
await write("latent", {
  png: packed(cells),
  window,
  codes: Array.from(codes, (v, i) => Math.round((1000 * (v - window.centre[i % 2]!)) / window.reach[i % 2]!)),
  labels: [...coder.labels],
});
