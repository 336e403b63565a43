import { parseArgs } from "node:util";
import { CATALOG } from "../src/catalog.ts";
import type { ImageData } from "../src/data/data.ts";
import { openData } from "../src/data/node.ts";
import { compile } from "../src/engine/compile.ts";
import { DEVICES, type Device } from "../src/engine/engine.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { lookup } from "../src/errors.ts";
import { median } from "../src/generative/compare/cells.ts";
import { diffusionOf } from "../src/generative/diffusion/config.ts";
import {
  type DiffusionNetwork,
  ddim,
  initialNoise,
  Sampler,
  trajectory,
} from "../src/generative/diffusion/index.ts";
import { begin } from "../src/model/assemble.ts";
import { trainingOf } from "../src/model/contract.ts";
import { Key } from "../src/tensor/random.ts";
import { train } from "../src/train/loop.ts";

/**
 * tsx bench/recipe.ts [ddpm-mnist] [--device webgpu] [--batch 32,128] [--images 100] [--steps 15] [--data NAME]
 *
 * A diffusion recipe on a device: whole training steps by batch size, data and noise included, and sampling steps
 * (DDIM, S = 20) by number of images. JSON lines, medians; the first step, which compiles, stands apart.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "cpu" },
    batch: { type: "string", default: "32" },
    images: { type: "string", default: "100" },
    steps: { type: "string", default: "15" },
    data: { type: "string" },
  },
});
const numbers = (text: string): number[] => text.split(",").filter(Boolean).map(Number);
const round = (ms: number): number => Math.round(ms * 1000) / 1000;

const [name = "ddpm-mnist"] = positionals;
const device = lookup("device", Object.fromEntries(DEVICES.map((d) => [d, d])), values.device) as Device;
const recipe = lookup("recipe", CATALOG.recipes, name);
const model = await recipe.model.load();
const defaults = trainingOf(model, recipe);
const data = (await openData(values.data ?? defaults.data)) as ImageData;
const steps = Number(values.steps);
const key = Key.seed(0);
const print = (line: Record<string, unknown>): void => console.log(JSON.stringify(line));

/** Milliseconds between the events of a stream: the first, and the median of the others. */
async function pace(stream: AsyncIterable<unknown>): Promise<{ first_ms: number; median_ms: number }> {
  const times: number[] = [];
  let last = performance.now();
  for await (const _ of stream) {
    times.push(performance.now() - last);
    last = performance.now();
  }
  return { first_ms: round(times[0]!), median_ms: round(median(times.slice(1))) };
}

async function* trainingSteps(stream: ReturnType<typeof train>): AsyncGenerator<number> {
  for await (const event of stream) if (event.kind === "step") yield event.metrics.loss!;
}

for (const batchSize of numbers(values.batch)) {
  const engine = await nodeEngine({ device, flushDenormals: true });
  const training = { ...defaults, batchSize, epochs: undefined, steps };
  const { task, plan, sets } = begin(model, { options: recipe.options, data, training });
  const run = trainingSteps(train({ task, plan, examples: sets.train, engine, seed: 0 }));
  const parameters = task.module.parameterCount;
  const about = { recipe: name, engine: engine.name, parameters };
  print({ name: "training step", ...about, batch: batchSize, ...(await pace(run)) });
  if (batchSize === numbers(values.batch).at(-1)) {
    const options = model.options.parse(recipe.options);
    const diffusion = diffusionOf({ module: task.module as DiffusionNetwork, options, spec: data.spec });
    const freeze = task.module.parameters();
    const sampler = new Sampler(diffusion, (fn, of) =>
      compile(fn, { engine, name: of ?? "sampler", freeze }),
    );
    const path = trajectory({ T: diffusion.schedule.T, S: 20 });
    for (const count of numbers(values.images)) {
      const label = Array.from({ length: count }, (_, i) => i % diffusion.classes);
      const how = { x: initialNoise(diffusion, key, count), key, ...(diffusion.classes > 0 && { label }) };
      const drawing = sampler.run(ddim(diffusion.schedule, path), how);
      print({ name: "sampling step", ...about, images: count, ...(await pace(drawing)) });
    }
  }
  await engine.dispose();
}
