import { join } from "node:path";
import { CATALOG } from "../src/catalog.ts";
import { openData } from "../src/data/node.ts";
import type { Engine } from "../src/engine/engine.ts";
import { lookup } from "../src/errors.ts";
import { median } from "../src/generative/compare/cells.ts";
import { begin } from "../src/model/assemble.ts";
import { type Recipe, trainingOf } from "../src/model/contract.ts";
import { RUNS } from "../src/train/folders.node.ts";
import { train } from "../src/train/loop.ts";
import type { Experiment } from "./experiment.ts";
import { galatea, trainInto } from "./galatea.ts";

/** The recipes, each told the class of an image; what the VAE's recipe leaves out of that. */
const ENTRIES: readonly { readonly name: string; readonly switches?: readonly string[] }[] = [
  { name: "vae-mnist", switches: ["conditional"] },
  { name: "gan-mnist" },
  { name: "ddpm-mnist" },
  { name: "dit-mnist" },
];

/** Steps whose time is taken, and those before it that are not. */
const [TIMED, BEFORE] = [40, 10];

/**
 * The generative models on MNIST beside one another, class-conditional all of them. Without `minutes` each is trained as its recipe says (a run that
 * is there is taken, an unfinished one resumed), and the table tells the time; with it each trains for as long, in as
 * many steps as its speed here allows, and its learning rate falls accordingly.
 */
export const generators: Experiment = {
  description:
    "VAE, GAN, DDPM and DiT on MNIST, told the class: quality, coverage, time of training and of a sample",
  run: async ({ engine, out, minutes, samples = 5000 }) => {
    const runs: string[] = [];
    for (const { name, switches = [] } of ENTRIES) {
      const path =
        minutes === undefined ? join(RUNS, [name, ...switches].join("-")) : join(out, `${minutes}min`, name);
      runs.push(path);
      await trainInto(path, async () => [
        name,
        ...switches.map((option) => `--${option}`),
        ...(minutes === undefined ? [] : await stepsIn(minutes, { name, switches }, engine)),
      ]);
    }
    await galatea("compare", ...runs, "--samples", String(samples), "--out", join(out, "table"));
  },
};

/** As many steps as take these minutes, by the median time of the first few. */
async function stepsIn(
  minutes: number,
  { name, switches }: { readonly name: string; readonly switches: readonly string[] },
  engine: Engine,
): Promise<string[]> {
  const recipe = lookup("recipe", CATALOG.recipes, name);
  const options = { ...recipe.options, ...Object.fromEntries(switches.map((option) => [option, true])) };
  const milliseconds = await stepTime({ ...recipe, options }, engine);
  const steps = Math.round((minutes * 60_000) / milliseconds);
  console.error(`${name}: ${milliseconds.toFixed(1)} ms a step, so ${steps} steps in ${minutes} minutes`);
  return ["--steps", String(steps)];
}

/** The median time of a step on this machine, as busy as it is now. */
async function stepTime(recipe: Recipe, engine: Engine): Promise<number> {
  const model = await recipe.model.load();
  const defaults = trainingOf(model, recipe);
  const data = await openData(defaults.data);
  const training = { ...defaults, epochs: undefined, steps: BEFORE + TIMED };
  const { task, plan, sets } = begin(model, { options: recipe.options, data, training });
  const times: number[] = [];
  let last = performance.now();
  for await (const { kind, step } of train({ task, plan, examples: sets.train, engine, seed: 0 })) {
    if (kind === "step" && step > BEFORE) times.push(performance.now() - last);
    last = performance.now();
  }
  task.module.dispose();
  return median(times);
}
