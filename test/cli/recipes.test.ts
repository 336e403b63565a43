import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { CATALOG } from "../../src/catalog.ts";
import { withDefaults } from "../../src/cli/options.ts";
import { imageData } from "../../src/data/data.ts";
import { dataset, split } from "../../src/data/dataset.ts";
import { begin } from "../../src/model/assemble.ts";
import { trainingOf } from "../../src/model/contract.ts";
import { cli, jsonLines, scratch, tinyMnist } from "./helpers.ts";

const folder = scratch();

test.each(Object.entries(CATALOG.recipes))(
  "%s: its options are the model's, and pass its schema",
  async (name, recipe) => {
    const model = await recipe.model.load();
    expect(recipe.name).toBe(name);
    expect(CATALOG.models[recipe.model.name]).toBe(recipe.model);
    expect(Object.hasOwn(CATALOG.models, name)).toBe(false);
    const options = model.options.parse(recipe.options) as Record<string, unknown>;
    expect(options).toMatchObject(recipe.options);
    expect(() => model.options.parse({ ...recipe.options, widht: 3 })).toThrow(/unrecognized key/i);
    const training = trainingOf(model, recipe);
    expect([training.epochs, training.steps].filter((v) => v !== undefined)).toHaveLength(1);
    expect(training).toMatchObject(recipe.training);
  },
);

test("ddpm-cifar10 is the published network: 35,746,307 parameters, and the published training", async () => {
  const recipe = CATALOG.recipes["ddpm-cifar10"]!;
  const one = split(
    [3, 32, 32],
    new Uint8Array(10 * 3072),
    Int32Array.from({ length: 10 }, (_, i) => i),
  );
  const data = imageData(dataset("cifar10", "0123456789".split(""), one, one));
  const model = await recipe.model.load();
  const training = trainingOf(model, recipe);
  const { options } = recipe;
  const { task } = begin(model, { options, data, training: { ...training, batchSize: 1 } });
  expect(task.module.parameterCount).toBe(35_746_307);
  expect(task.players[0]).toMatchObject({ maxGradNorm: 1, ema: 0.9999 });
  expect(training).toMatchObject({ batchSize: 128, lr: 2e-4, steps: 800_000 });
  expect(training.epochs).toBeUndefined();
});

test("options can have other defaults, and stay strict", () => {
  const schema = z.strictObject({ a: z.int().default(1).describe("an a"), b: z.int().optional() });
  const other = withDefaults(schema, { a: 5, b: undefined });
  expect(other.parse({})).toEqual({ a: 5 });
  expect(withDefaults(schema, { b: 2 }).parse({ a: 3 })).toEqual({ a: 3, b: 2 });
  expect(() => other.parse({ c: 1 })).toThrow(/unrecognized key/i);
  expect(() => other.parse({ a: "x" })).toThrow();
  expect(() => withDefaults(schema, { c: 2 })).toThrow('unknown option "c". Known: a, b');
});

test("the help shows a recipe's values as defaults, and what was recorded", async () => {
  const { code, out, err } = await cli(["train", "ddpm-cifar10", "--help"]);
  expect(code, err).toBe(0);
  const option = (flag: string): string => new RegExp(`${flag}.*(\\n {10,}.*)*`).exec(out)?.[0] ?? "";
  expect(option("--width <n>")).toContain("(default: 128)");
  expect(option("--multipliers <list>")).toContain("(default: 1,2,2,2)");
  expect(option("--batch-size <n>")).toContain("(default: 128)");
  expect(option("--steps <n>")).toContain("(default: 800000)");
  expect(option("--epochs <x>")).not.toContain("default");
  // Ho et al. clip, other models do not: one default is said.
  expect(option("--max-grad-norm <x>").match(/default/g)).toHaveLength(1);
  expect(option("--no-flip")).not.toBe("");
  expect(out).toContain("Train ddpm by a recipe: ");
  expect(out.replace(/\s+/g, " ")).toContain("Recorded: not trained here: 800,000 steps of a U-Net");
  const all = await cli(["train", "--help"]);
  expect(all.out).toMatch(/Models:\n +ae .*\n/);
  expect(all.out).toMatch(/Recipes:\n +ddpm-mnist /);
});

test("a recipe trains with its values, any of which may be given otherwise; the run remembers it", async () => {
  const data = tinyMnist(folder, 60);
  const out = join(folder, "run");
  const small = `--data ${data} --width 16 --latent 2 --batch-size 10 --accumulate 2 --steps 3 --out ${out} --json`;
  const trained = await cli(["train", "vae-mnist", ...small.split(" ")]);
  expect(trained.code, trained.err).toBe(0);
  expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({
    model: "vae",
    recipe: "vae-mnist",
    steps: 3,
    training: { batchSize: 10, accumulate: 2 },
    options: { width: 16, latent: 2, beta: 1 },
  });
  // 54 training images: five batches of ten, two for a step.
  const steps = jsonLines(trained.out).filter((e) => e.event === "step");
  expect(steps.at(-1)).toMatchObject({ step: 3, epoch: 1.2 });
  const resumed = await cli(["resume", out, "--epochs", "2"]);
  expect(resumed.code, resumed.err).toBe(0);
  expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({ steps: 5 });
});

test("recipes are listed, and a slip is understood", async () => {
  const { out } = await cli(["list", "recipes", "--json"]);
  const [{ recipes }] = jsonLines(out) as [{ recipes: { name: string; recorded?: string }[] }];
  expect(recipes.map((r) => r.name)).toEqual(Object.keys(CATALOG.recipes));
  const wrong = await cli(["train", "ddpm-mnits"]);
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain('Did you mean "ddpm-mnist"?');
  const bad = await cli(["train", "ddpm-mnist", "--acumulate", "2"]);
  expect(bad.err).toContain('Did you mean "--accumulate"?');
  const none = await cli(["train", "vae-mnist", "--accumulate", "0"]);
  expect(none.err).toContain("--accumulate 0: too small");
});
