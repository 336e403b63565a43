import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { raster } from "../../src/data/image.ts";
import { decodeImage } from "../../src/data/image-files.ts";
import { CellStore } from "../../src/generative/compare/store.node.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { cli, jsonLines, scratch, tinyMnist } from "./helpers.ts";

const folder = scratch();
const at = (name: string): string => join(folder, name);
let data = "";

const NET = "--width 8 --multipliers 1,2 --groups 4 --timesteps 20 --warmup 1";

async function trainTiny(name: string, words: string): Promise<void> {
  const args = `train ${words} --data ${data} --batch-size 10 --threads 1 --out ${at(name)} --json`;
  const { code, err } = await cli(args.split(" "));
  expect(code, err).toBe(0);
}

beforeAll(async () => {
  data = tinyMnist(folder, 120);
  await trainTiny("ddpm", `ddpm ${NET} --attention-at 14 --steps 3`);
  await trainTiny("free", `ddpm ${NET} --attention-at 14 --steps 1 --unconditional`);
  await trainTiny("vae", "vae --width 16 --latent 2 --steps 3");
  await trainTiny("ruler", "classifier --channels 2 --features 4 --steps 5");
}, 600_000);

const compare = (...words: string[]): string[] =>
  ["compare", ...words].flatMap((w) => w.split(" ")).concat("--ruler", at("ruler"), "--json");
const SMALL = "--samples 10 --batch-size 4 --etas 0,sigma-hat --steps 3,20";
const table = (): string => at("ddpm/compare/3-ema-n10-seed0-batch4");

test("η × S of one run: cells, tables, plot and pictures", async () => {
  const { code, out, err } = await cli(compare(at("ddpm"), SMALL));
  expect(code, err).toBe(0);
  const events = jsonLines(out) as Record<string, never>[];
  const names = [
    "eta-0-steps-20-every",
    "eta-0-steps-3-linear",
    "eta-0-steps-3-quadratic",
    "eta-sigma-hat-steps-20-every",
    "eta-sigma-hat-steps-3-linear",
    "eta-sigma-hat-steps-3-quadratic",
  ];
  const files = readdirSync(join(table(), "cells"));
  expect(files.sort()).toEqual(names.flatMap((name) => [`${name}.json`, `${name}.png`]).sort());
  expect(readdirSync(join(table(), "parts"))).toEqual([]);
  expect(events.filter((e) => e.event === "cell")).toHaveLength(6);
  const result = events.at(-1) as unknown as {
    cells: { S: number; ran: number; milliseconds: number; numbers: Record<string, number> }[];
    files: string[];
    floor: { value: number; samples: number };
  };
  expect(result.floor.samples).toBe(10);
  for (const { S, ran, milliseconds, numbers } of result.cells) {
    expect(ran).toBe(S);
    expect(milliseconds).toBeGreaterThan(0);
    expect(numbers.samples).toBe(10);
    expect(numbers.frechet).toBeGreaterThan(0);
    expect(numbers.recognised).toBeGreaterThanOrEqual(0);
    expect(numbers.frechetFloor).toBe(result.floor.value);
  }
  expect(result.files.map((file) => file.slice(table().length + 1))).toEqual([
    "table.md",
    "table.json",
    "frechet.png",
    "frechet.svg",
    "grid-linear.png",
    "grid-linear.svg",
    "grid-quadratic.png",
    "grid-quadratic.svg",
  ]);
  const markdown = readFileSync(join(table(), "table.md"), "utf8");
  expect(markdown).toContain("step 3 (averaged weights), seed 0, n = 10, paper subsequences.");
  expect(markdown).toMatch(/the floor, that of 10 test images, is \d+\.\d\d\./);
  expect(markdown).toContain("## Fréchet distance, quadratic steps");
  const grid = join(table(), "grid-linear.png");
  expect(decodeImage(readFileSync(grid), grid).width).toBeGreaterThan(200);
});

test("the same command goes on: after Ctrl-C, and cell by cell, to the same numbers", async () => {
  const cell = join(table(), "cells/eta-0-steps-3-linear.json");
  const before = readFileSync(cell, "utf8");
  const kept = readFileSync(join(table(), "cells/eta-0-steps-20-every.json"), "utf8");
  rmSync(cell);
  rmSync(join(table(), "cells/eta-sigma-hat-steps-20-every.json"));
  // Ctrl-C once the first of the two is done: the second is not.
  const stopped = await cli(compare(at("ddpm"), SMALL), '"event":"cell"');
  expect(stopped.code, stopped.err).toBe(130);
  expect(existsSync(join(table(), "cells/eta-sigma-hat-steps-20-every.json"))).toBe(false);
  const again = await cli(compare(at("ddpm"), SMALL));
  expect(again.code, again.err).toBe(0);
  const done = jsonLines(again.out).filter((e) => e.event === "cell");
  expect(done.map((e) => e.eta)).toEqual(["sigma-hat"]);
  // A part of it asked for again is still the whole table.
  const part = await cli(compare(at("ddpm"), SMALL.replace("3,20", "3")));
  expect(part.code, part.err).toBe(0);
  expect((jsonLines(part.out).at(-1) as unknown as { cells: unknown[] }).cells).toHaveLength(6);
  const numbers = (text: string): unknown => (JSON.parse(text) as { numbers: unknown }).numbers;
  expect(numbers(readFileSync(cell, "utf8"))).toEqual(numbers(before));
  expect(readFileSync(join(table(), "cells/eta-0-steps-20-every.json"), "utf8")).toBe(kept);
});

test("a batch of the cell in work is kept until the cell is done, for the same setting only", async () => {
  const place = at("store");
  const setting = { setting: "7-ema-n4-seed0", by: "a ruler" };
  const cell = { eta: 0, S: 3, spacing: "linear" } as const;
  const images = ndarray(Float32Array.of(0.5, -1, 0.25, 1), [2, 1, 1, 2]);
  const store = await CellStore.open(place, setting);
  expect(await store.batch(cell, 2, [2, 1, 1, 2])).toBeUndefined();
  await store.putBatch(cell, 2, { images, milliseconds: 12.5 });
  const again = await CellStore.open(place, setting);
  expect(await again.batch(cell, 2, [2, 1, 1, 2])).toEqual({ images, milliseconds: 12.5 });
  expect(await again.batch(cell, 0, [2, 1, 1, 2])).toBeUndefined();
  expect(await again.batch(cell, 2, [4, 1, 1, 2])).toBeUndefined();
  const other = await CellStore.open(place, { ...setting, setting: "7-ema-n4-seed1" });
  expect(await other.batch(cell, 2, [2, 1, 1, 2])).toBeUndefined();

  const record = {
    ...cell,
    ...setting,
    ran: 3,
    path: "",
    milliseconds: 6,
    batchMilliseconds: [6],
    numbers: { frechet: 1 },
  };
  await again.put(record, raster(3, 2, 3));
  expect(readdirSync(join(place, "parts"))).toEqual([]);
  const done = await CellStore.open(place, setting);
  expect(done.cells.get("eta-0-steps-3-linear")).toEqual(record);
  expect(await done.picture(cell)).toMatchObject({ width: 3, height: 2 });
});

test("a table takes no cell of another setting or of another classifier, and no file that it did not write", async () => {
  const other = await cli(compare(at("ddpm"), SMALL, "--seed 5 --out", table()));
  expect(other.code).toBe(1);
  expect(other.err).toContain(`${table()} holds the table of 3-ema-n10-seed0-batch4, measured by`);
  expect(other.err).toContain("but this is 3-ema-n10-seed5-batch4, by");
  const file = join(table(), "cells/eta-0-steps-3-linear.json");
  writeFileSync(file, "{}");
  const broken = await cli(compare(at("ddpm"), SMALL));
  expect(broken.err).toContain(
    `${file} is not what galatea compare wrote: remove it, and the cell is measured again`,
  );
});

test("steps as the official code runs them, and x̂₀ left alone, are another table that says so", async () => {
  const words =
    "--samples 10 --batch-size 4 --etas 0 --steps 3 --spacings linear --convention official --no-clip";
  const { code, out, err } = await cli(compare(at("ddpm"), words));
  expect(code, err).toBe(0);
  const [cell] = jsonLines(out) as [
    { setting: string; ran: number; path: string; numbers: { frechet: number } },
  ];
  expect(cell).toMatchObject({ setting: "3-ema-n10-seed0-official-batch4-unclipped", ran: 4 });
  expect(cell.path).toContain("4 steps at t = 18, 12, 6, 0");
  const markdown = readFileSync(at(`ddpm/compare/${cell.setting}/table.md`), "utf8");
  expect(markdown).toContain("official subsequences, x̂₀ not clipped.");
  expect(markdown).toContain("| η = 0, linear steps | 3 | 4 |");
  // The same steps with x̂₀ held draw other images.
  const held = await cli(compare(at("ddpm"), words.replace(" --no-clip", "")));
  const [other] = jsonLines(held.out) as [typeof cell];
  expect(other.numbers.frechet).not.toBe(cell.numbers.frechet);
});

test("several runs: one row each, kept in the run and not measured twice", async () => {
  const words = [at("vae"), at("ddpm"), "--samples 12 --out", at("both")];
  const { code, out, err } = await cli(compare(...words));
  expect(code, err).toBe(0);
  const result = jsonLines(out).at(-1) as unknown as {
    rows: {
      name: string;
      trainingSeconds: number;
      secondsPerSample: number;
      numbers: Record<string, number>;
    }[];
    files: string[];
  };
  expect(result.rows.map((r) => r.name)).toEqual(["vae", "ddpm"]);
  for (const { trainingSeconds, secondsPerSample, numbers } of result.rows) {
    expect(trainingSeconds).toBeGreaterThan(0);
    expect(secondsPerSample).toBeGreaterThan(0);
    for (const name of ["frechet", "frechetFloor", "precision", "recall", "classKl", "sharpness"])
      expect(numbers[name]).toBeGreaterThanOrEqual(0);
  }
  expect(result.rows[1]!.numbers).toHaveProperty("recognised");
  expect(result.files.map((f) => f.slice(at("both").length + 1))).toEqual([
    "table.md",
    "table.json",
    "bars.png",
    "bars.svg",
    "samples.png",
    "samples.svg",
  ]);
  expect(readFileSync(join(at("both"), "table.md"), "utf8")).toContain("| ddpm | ddpm |");
  expect(existsSync(join(at("vae"), "compare/quality-3-trained-n12-seed0.json"))).toBe(true);
  const again = await cli(compare(...words));
  expect((jsonLines(again.out).at(-1) as unknown as typeof result).rows).toEqual(result.rows);
});

test("runs that draw no images: what evaluate finds of each, kept in the run", async () => {
  const pairs =
    "--data task:copy,length=3,symbols=3,count=60 --steps 2 --warmup 0 --batch-size 8 --threads 1 --json";
  const tiny: readonly string[] = [
    "seq2seq --width 8 --embedding 4",
    "transformer --width 8 --heads 2 --layers 1 --context 8",
  ];
  for (const words of tiny) {
    const trained = await cli(`train ${words} ${pairs} --out ${at(words.split(" ")[0]!)}`.split(" "));
    expect(trained.code, trained.err).toBe(0);
  }
  const runs = ["compare", at("seq2seq"), at("transformer"), "--out", at("two"), "--json"];
  const { code, out, err } = await cli(runs);
  expect(code, err).toBe(0);
  const { rows } = jsonLines(out).at(-1) as unknown as {
    rows: { name: string; numbers: Record<string, number> }[];
  };
  expect(rows.map(({ name }) => name)).toEqual(["seq2seq", "transformer"]);
  const evaluated = await cli(["evaluate", at("transformer"), "--json"]);
  expect(jsonLines(evaluated.out).at(-1)).toMatchObject({ numbers: rows[1]!.numbers });
  expect(readFileSync(join(at("two"), "table.md"), "utf8")).toContain("| transformer | transformer |");
  expect(existsSync(join(at("two"), "bars.png"))).toBe(true);
  writeFileSync(at("seq2seq/compare/evaluation-2-trained-seed0.json"), "{}");
  expect((await cli(runs)).err).toContain("is not what galatea compare wrote");

  const ruled = await cli([...runs, "--samples", "20"]);
  expect(ruled.err).toContain("--samples: only for runs on images");
  const mixed = await cli(["compare", at("seq2seq"), at("vae")]);
  expect(mixed.err).toContain("numbers on different data cannot be compared");
});

test.each([
  [() => [at("ddpm"), "--steps 21"], "21 sampling steps were asked for, but the noise schedule has 20"],
  [
    () => [at("ddpm"), "--etas -0.5"],
    "eta is 0 (deterministic) to 1 (as random as DDPM), or sigma-hat, not -0.5",
  ],
  [() => [at("ddpm"), "--guidance -1"], "the guidance scale is 0 or more (1 is no guidance), not -1"],
  [() => [at("ddpm"), "--etas some"], "--etas some: a number is expected"],
  [() => [at("ddpm"), "--spacings cubic"], 'unknown value of --spacings "cubic". Known: linear, quadratic'],
  [
    () => [at("ddpm"), "--samples 4"],
    "--samples 4: a Fréchet distance on 4 features needs more than 4 images",
  ],
  [
    () => [at("free"), "--guidance 2"],
    "guidance scale 2 was asked for, but this model was trained without classes",
  ],
  [() => [at("vae")], "is a vae: it has no sampling steps to compare. Name several runs"],
  [() => [at("vae"), at("ruler")], "is a classifier: it generates no images"],
  [
    () => [at("vae"), at("ddpm"), "--etas 0 --batch-size 5"],
    "--etas, --batch-size: only for one diffusion run",
  ],
  [() => [at("vae"), at("ddpm"), "--checkpoint 3"], "--checkpoint is only for one run"],
  [() => [at("vae"), "nowhere"], 'unknown run "nowhere"'],
])("refused with a sentence: %s", async (words, sentence) => {
  const { code, err } = await cli(compare(...words()));
  expect(code).toBe(1);
  expect(err).toContain(sentence);
  expect(err).not.toContain("defect");
});

test("data without a classifier: how to make one is said", async () => {
  const { code, err } = await cli(["compare", at("ddpm"), "--samples", "10"]);
  expect(code).toBe(1);
  expect(err).toContain("galatea train classifier --data idx:");
});
