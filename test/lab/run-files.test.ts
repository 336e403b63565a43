/** A training of the page, taken along as a run: the command line samples it, and trains it further. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, expect, test } from "vitest";
import { zipOf } from "../../lab/src/parts/zip.ts";
import { Experiment, type PlaneKinds } from "../../lab/src/plane/experiment.ts";
import { metricsOf } from "../../lab/src/plane/exports.ts";
import type { ModelName } from "../../lab/src/plane/models.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { cli, jsonLines, scratch } from "../cli/helpers.ts";

const engine = await nodeEngine({ threads: 1 });
const folder = scratch();
afterAll(() => engine.dispose());

async function takenFrom(live: Experiment): Promise<PlaneKinds["answer"]> {
  let taken: PlaneKinds["answer"] | undefined;
  await live.ask("run", (answer) => {
    taken = answer;
  });
  return taken!;
}

test.each<ModelName>(["gan", "ddpm"])(
  "%s: taken along after 4 steps, it takes the same steps on the command line as in the page",
  async (model) => {
    const live = await Experiment.open({ model, data: "ring-8", seed: 5, options: {} }, engine);
    const series = { steps: [] as number[], values: {} as Record<string, number[]> };
    const next = async (): Promise<void> => {
      const { step, metrics } = await live.next();
      series.steps.push(step);
      for (const [name, value] of Object.entries(metrics)) (series.values[name] ??= []).push(value);
    };
    for (let i = 0; i < 4; i++) await next();
    const taken = { ...(await takenFrom(live)).files, "metrics.jsonl": metricsOf(series) };
    const files = unzipSync(zipOf(taken, model));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    for (let i = 0; i < 2; i++) await next();
    await live.dispose();

    const run = join(folder, model);
    const sampled = await cli(["sample", run, "--count", "4"]);
    expect(sampled.code, sampled.err).toBe(0);
    const resumed = await cli(["resume", run, "--steps", "6"]);
    expect(resumed.code, resumed.err).toBe(0);
    const names = Object.keys(series.values);
    // At its end a run adds what validation finds.
    const lines = jsonLines(readFileSync(join(run, "metrics.jsonl"), "utf8")).filter((line) =>
      names.every((name) => name in line),
    );
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const i of [4, 5])
      expect(names.map((name) => lines[i]![name])).toEqual(
        names.map((name) => Number(series.values[name]![i]!.toPrecision(9))),
      );
  },
  120_000,
);

test("between the turns of a GAN's players it is the weights alone that are taken along", async () => {
  const live = await Experiment.open({ model: "gan", data: "moons", seed: 0, options: {} }, engine);
  await live.half();
  expect(Object.keys((await takenFrom(live)).files)).toEqual([
    "config.json",
    "checkpoints/0/weights.safetensors",
    "checkpoints/0/ema.safetensors",
    "checkpoints/0/state.json",
  ]);
  await live.dispose();
}, 60_000);
