/** A training of the page, taken along as a run: the command line samples it, and trains it further. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
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

/** The entries of an archive, by what its directory says of them. */
function unzip(bytes: Uint8Array): Record<string, Buffer> {
  const all = Buffer.from(bytes);
  const end = all.length - 22;
  expect(all.readUInt32LE(end)).toBe(0x06054b50);
  const files: Record<string, Buffer> = {};
  let at = all.readUInt32LE(end + 16);
  for (let i = 0; i < all.readUInt16LE(end + 10); i++) {
    const [crc, size] = [all.readUInt32LE(at + 16), all.readUInt32LE(at + 20)];
    const [nameLength, offset] = [all.readUInt16LE(at + 28), all.readUInt32LE(at + 42)];
    const name = all.toString("utf8", at + 46, at + 46 + nameLength);
    const start = offset + 30 + nameLength;
    const content = all.subarray(start, start + size);
    expect(all.toString("utf8", offset + 30, start)).toBe(name);
    expect(crc32(content)).toBe(crc);
    files[name] = content;
    at += 46 + nameLength;
  }
  return files;
}

async function takenFrom(live: Experiment): Promise<PlaneKinds["answer"]> {
  let taken: PlaneKinds["answer"] | undefined;
  await live.ask("run", (answer) => {
    taken = answer;
  });
  return taken!;
}

test("an archive's entries are found by its directory, and are what was put in", () => {
  const bytes = Uint8Array.of(0, 255, 7);
  const files = unzip(zipOf({ "a/b.bin": bytes, "词.txt": "一二\n", empty: "" }, "run"));
  expect(Object.keys(files)).toEqual(["run/a/b.bin", "run/词.txt", "run/empty"]);
  expect([...files["run/a/b.bin"]!]).toEqual([0, 255, 7]);
  expect(files["run/词.txt"]!.toString()).toBe("一二\n");
});

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
    const files = unzip(
      zipOf({ ...(await takenFrom(live)).files, "metrics.jsonl": metricsOf(series) }, model),
    );
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
    const lines = jsonLines(readFileSync(join(run, "metrics.jsonl"), "utf8"));
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    const names = Object.keys(series.values);
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
    "checkpoints/0/state.json",
  ]);
  await live.dispose();
}, 60_000);
