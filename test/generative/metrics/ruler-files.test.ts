import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ImageData } from "../../../src/data/data.ts";
import { openData } from "../../../src/data/node.ts";
import { batchAt } from "../../../src/data/passes.ts";
import { predictions } from "../../../src/generative/metrics/classes.ts";
import { type Ruler, rulerFor, SHIPPED_RULERS } from "../../../src/generative/metrics/ruler.ts";
import { nodeWorld } from "../../../src/model/node.ts";
import { readSafeTensors } from "../../../src/nn/safetensors.ts";
import type { NdArray } from "../../../src/tensor/ndarray.ts";
import { cli, idxFiles, jsonLines, scratch } from "../../cli/helpers.ts";
import { quadrants, sharedEngine, tinyData } from "../helpers.ts";

/** The ruler for such images, in a world of its own that opens no data set. */
async function openRuler({ spec }: ImageData, wanted?: string): Promise<Ruler> {
  const world = nodeWorld(() => Promise.reject(new Error("the data were opened")));
  return rulerFor({ ...world, spec, engine: await sharedEngine(), world }, wanted);
}

const assets = join(import.meta.dirname, "../../../assets/rulers");

test.each(SHIPPED_RULERS)("the ruler of %s that is shipped says what it is and how it was made", (name) => {
  const file = join(assets, `${name}.safetensors`);
  expect(statSync(file).size).toBeLessThan(1e6);
  const { metadata } = readSafeTensors(readFileSync(file), file);
  expect(metadata).toMatchObject({ model: "classifier", data: name, image: "[1,28,28]" });
  expect(JSON.parse(metadata.classes!)).toHaveLength(10);
  expect(metadata.command).toMatch(new RegExp(`^galatea train classifier --data ${name} --steps \\d+ `));
  expect(Number(metadata.accuracy)).toBeGreaterThan(name === "mnist" ? 0.99 : 0.9);
});

test("the shipped ruler reads digits it was not trained on", async () => {
  const set = await openData("mnist");
  const ruler = await openRuler(set);
  const { x: images, labels } = await batchAt(
    set.test,
    Int32Array.from({ length: 2000 }, (_, i) => i),
  );
  const { features, probabilities } = await ruler.measure(images);
  expect([features.shape[1], ruler.classes, ruler.image]).toEqual([64, set.classes, [1, 28, 28]]);
  const right = predictions(probabilities).filter((guess, i) => guess === labels!.data[i]).length;
  expect(right / 2000).toBeGreaterThan(0.98);
  await ruler.dispose();
});

test("what is no ruler is refused with a way out", async () => {
  await expect(openRuler(tinyData)).rejects.toThrow(
    "galatea comes with no classifier to measure images of quadrants (known: mnist, fashion-mnist). " +
      "Train one (galatea train classifier option `data` quadrants), and name its run: option `ruler` RUN",
  );
  await expect(openRuler(tinyData, "nowhere.safetensors")).rejects.toThrow("there is no such file");
  await expect(openRuler(tinyData, "nowhere")).rejects.toThrow(/unknown run "nowhere"/);
});

const folder = scratch();
const [run, model] = [join(folder, "ruler"), join(folder, "ae")];
let data = "";
const ok = async (args: string): Promise<Record<string, unknown>> => {
  const { code, out, err } = await cli(`${args} --threads 1 --json`.split(" "));
  expect(code, err).toBe(0);
  return jsonLines(out).at(-1)!;
};
beforeAll(async () => {
  const { images, labels } = await quadrants(300).batch(Int32Array.from({ length: 300 }, (_, i) => i));
  const bytes = Uint8Array.from(images!.data as Float32Array, (v) => Math.round(255 * v));
  data = idxFiles(folder, [300, 8, 8], bytes, Uint8Array.from(labels!.data as Int32Array));
  const tiny = `--data ${data} --batch-size 90 --steps 6`;
  await ok(`train classifier ${tiny} --channels 2 --features 4 --out ${run}`);
  await ok(`train ae ${tiny} --width 16 --depth 1 --latent 2 --out ${model}`);
}, 60_000);

test("a classifier is looked at, evaluated, and measures what another model draws", async () => {
  const log = jsonLines(readFileSync(join(run, "metrics.jsonl"), "utf8"));
  expect(log.some((line) => "testAccuracy" in line)).toBe(true);
  const seen = await ok(`evaluate ${run}`);
  expect(seen.numbers).toMatchObject({ precisionRecallSamples: 30 });
  expect((seen.files as string[]).map((file) => file.replace(/.*\/6-/, ""))).toEqual([
    "confusion.png",
    "mistakes.png",
    "numbers.json",
  ]);

  const { numbers, text } = await ok(`evaluate ${model} --samples 40 --ruler ${run}`);
  expect(numbers).toMatchObject({ samples: 40, frechetFloorSamples: 30 });
  expect(numbers).toHaveProperty("frechetFloor");
  expect(text).toEqual([
    expect.stringContaining(`in ${run}; Fréchet distances are from its 270 training images`),
  ]);

  const file = join(folder, "ruler.safetensors");
  await ok(`export ${run} --format safetensors --out ${file}`);
  const { metadata } = readSafeTensors(readFileSync(file), file);
  expect(metadata).toMatchObject({ image: "[1,8,8]", classes: '["0","1","2","3"]' });
  expect(metadata.command).toBe(
    `galatea train classifier --channels 2 --features 4 --data ${data} --steps 6 --batch-size 90 --accumulate 1 --lr 0.002 --seed 0 --threads 1`,
  );
  const look = async (wanted: string) => {
    const ruler = await openRuler(tinyData, wanted);
    const measured = await ruler.measure((await tinyData.test.batch([0, 1, 2])).images as NdArray<"float32">);
    await ruler.dispose();
    return measured;
  };
  expect(await look(file)).toEqual(await look(run));
}, 120_000);

test("without a ruler, evaluate says so; where samples were asked for it stops", async () => {
  const { numbers, text } = await ok(`evaluate ${model}`);
  expect(numbers).not.toHaveProperty("samples");
  expect(text).toEqual([
    expect.stringMatching(/^generated images were not measured: galatea comes with no classifier/),
  ]);
  const asked = await cli(["evaluate", model, "--samples", "40"]);
  expect([asked.code, asked.err]).toEqual([
    1,
    expect.stringContaining("galatea train classifier --data idx:"),
  ]);
  const wrong = await cli(["evaluate", model, "--ruler", model]);
  expect([wrong.code, wrong.err]).toEqual([
    1,
    expect.stringContaining("is not a classifier but a run of ae"),
  ]);
  const bare = join(folder, "bare.safetensors");
  writeFileSync(bare, "no");
  const damaged = await cli(["evaluate", model, "--ruler", bare]);
  expect([damaged.code, damaged.err]).toEqual([1, expect.stringContaining("not a safetensors file")]);
}, 120_000);

test("images of another size than the ruler's are refused by both sizes", async () => {
  const ruler = await openRuler(await openData("mnist"));
  const { images } = (await tinyData.test.batch([0])) as never;
  await expect(ruler.measure(images)).rejects.toThrow("measures images of [1, 28, 28]; these are [1, 8, 8]");
  await ruler.dispose();
});
