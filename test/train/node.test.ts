import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { asModelRun } from "../../src/model/catalog.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import type { Checkpoint } from "../../src/train/checkpoint.ts";
import { freeRunPath, listRuns } from "../../src/train/folders.node.ts";
import { LEARNING } from "../../src/train/learning.ts";
import { createRun, openRunFolder, outputsOf, type RunFolder, rewind } from "../../src/train/node.ts";
import { readCheckpoint } from "../../src/train/run.ts";
import type { ModelRun } from "../../src/train/run-config.ts";
import { RunWriter } from "../../src/train/run-writer.node.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "galatea-runs-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const config: ModelRun = {
  format: 2,
  galatea: "0.1.0",
  kind: "model",
  model: "vae",
  data: "mnist",
  spec: { kind: "images", name: "mnist", shape: [1, 28, 28], classes: ["0", "1"] },
  seed: 0,
  device: "cpu",
  steps: 100,
  logEvery: 10,
  sampleEvery: 50,
  checkpointEvery: 10,
  keep: 2,
  options: {},
  training: { ...LEARNING, batchSize: 8, accumulate: 1, lr: 0.1, validation: 0 },
};

const checkpoint = (step: number): Checkpoint => ({
  step,
  seed: 0,
  seconds: 1.5,
  tensors: {
    weights: { w: ndarray(Float32Array.of(step, 2), [2]), n: ndarray(BigInt64Array.of(7n), []) },
    optimizer: { "net.step": ndarray(Float32Array.of(step), []) },
  },
  progress: { position: { epoch: 1, index: 2 * step } },
});

const newRun = (): Promise<RunFolder<ModelRun>> => createRun(join(root, "a"), config);

test("a checkpoint comes back as it was written; the newest is the default", async () => {
  const run = await newRun();
  expect(await readCheckpoint(run)).toBeUndefined();
  const path = await run.writeCheckpoint(checkpoint(9));
  expect(path).toBe(join(root, "a/checkpoints/9"));
  await run.writeCheckpoint({
    ...checkpoint(10),
    tensors: { ...checkpoint(10).tensors, ema: { w: ndarray(Float32Array.of(1, 1), [2]) } },
  });
  expect(await run.checkpointSteps()).toEqual([9, 10]);
  expect(await readCheckpoint(run, 9)).toEqual(checkpoint(9));
  expect((await readCheckpoint(run))?.tensors.ema?.w?.data).toEqual(Float32Array.of(1, 1));
  await expect(readCheckpoint(run, 8)).rejects.toThrow('unknown checkpoint "8". Known: 9, 10.');
});

test.each([
  ["weights.safetensors", (bytes: Buffer) => bytes.subarray(0, -1), "weights.safetensors is damaged: it has"],
  ["optimizer.safetensors", flipped, "optimizer.safetensors is damaged: its SHA-256"],
  [
    "state.json",
    (bytes: Buffer) => Buffer.from(bytes.toString().replace('"epoch": 1', '"epoch": 2')),
    "state.json is damaged",
  ],
  ["state.json", (bytes: Buffer) => bytes.subarray(0, 20), "state.json is damaged"],
  ["weights.safetensors", () => undefined, "weights.safetensors is missing"],
  ["state.json", () => undefined, "state.json is missing"],
])("damage to %s is found (%#)", async (file, damage, sentence) => {
  const run = await newRun();
  await run.writeCheckpoint(checkpoint(5));
  await run.writeCheckpoint(checkpoint(6));
  const path = join(run.path, "checkpoints/6", file);
  const bytes = damage(readFileSync(path));
  if (bytes) writeFileSync(path, bytes);
  else rmSync(path);
  await expect(readCheckpoint(run)).rejects.toThrow(sentence);
  await expect(readCheckpoint(run)).rejects.toThrow(
    "The checkpoint of step 5 is intact: add option `checkpoint` 5",
  );
  rmSync(join(run.path, "checkpoints/5"), { recursive: true });
  await expect(readCheckpoint(run)).rejects.toThrow("There is no intact checkpoint before it");
});

function flipped(bytes: Buffer): Buffer {
  bytes[bytes.length - 1]! ^= 0x80;
  return bytes;
}

test("going back sets later checkpoints aside, forgets later metrics, and clears what a kill left", async () => {
  const run = await newRun();
  for (const step of [5, 6, 7]) await run.writeCheckpoint(checkpoint(step));
  const folder = join(run.path, "checkpoints");
  mkdirSync(join(folder, ".8.0123456789ab.tmp"));
  writeFileSync(join(run.path, "metrics.jsonl"), '{"step":4,"loss":1.5}\n{"step":6,"loss":1}\n{"step":7,"lo');
  const writer = await RunWriter.open(run, 5);
  expect(readdirSync(folder).sort()).toEqual(["5", "6.aside", "7.aside"]);
  const step = { kind: "step", step: 10, epoch: 0.1, metrics: { loss: Math.fround(0.1) } } as const;
  await writer.on(step);
  await writer.on({ ...step, step: 11 });
  await writer.on({ ...step, step: 100 });
  expect(readFileSync(join(run.path, "metrics.jsonl"), "utf8")).toBe(
    '{"step":4,"loss":1.5}\n{"step":10,"epoch":0.1,"loss":0.100000001}\n{"step":100,"epoch":0.1,"loss":0.100000001}\n',
  );
  for (const s of [6, 7, 8]) await writer.save(checkpoint(s));
  expect(await run.checkpointSteps()).toEqual([7, 8]);
  await writer.close();
  await rewind(run, 6);
  expect(readdirSync(folder).sort()).toEqual(["6.aside", "7.aside", "7.aside-2", "8.aside"]);
});

test("runs are found by folder and by name; what is not a run is said", async () => {
  const run = await newRun();
  expect((await openRunFolder("a", root)).config).toEqual(config);
  expect((await openRunFolder(run.path, root)).path).toBe(run.path);
  expect(await listRuns(root)).toEqual([run.path]);
  expect(outputsOf(run, root)).toBe(run.path);
  expect(await freeRunPath("a", root)).toBe(join(root, "a-2"));
  expect(await freeRunPath("b", root)).toBe(join(root, "b"));
  await expect(openRunFolder("aa", root)).rejects.toThrow(
    /^unknown run "aa"\. Known: a, .*ddpm-mnist.*\. Did you mean "a"\?/,
  );
  await expect(createRun(run.path, config)).rejects.toThrow("is not empty. Continue the run there");

  const file = join(run.path, "config.json");
  writeFileSync(file, JSON.stringify({ ...config, training: { ...config.training, batchSize: 0 } }));
  await expect(openRunFolder("a", root)).rejects.toThrow(
    `${file} is not the configuration of a run, at training.batchSize: Too small`,
  );
  writeFileSync(file, "{");
  await expect(openRunFolder("a", root)).rejects.toThrow(`${file} is not JSON: it was cut short`);
  const old = { kind: "tabular", galatea: "0.1.0", algorithm: "sarsa", env: "Taxi-v3", envOptions: {} };
  writeFileSync(
    file,
    JSON.stringify({ ...old, maxSteps: 200, seed: 1, settings: { episodes: 500, gamma: 0.9 } }),
  );
  const tabular = await openRunFolder("a", root);
  expect(tabular.config).toMatchObject({
    kind: "tabular",
    agent: "sarsa",
    steps: 500,
    options: { gamma: 0.9 },
  });
  expect(() => asModelRun("a", tabular.config)).toThrow(
    "a is a run of the agent sarsa on Taxi-v3: see galatea rl",
  );
});

test("what is made of a run that comes with the package stays out of the package", async () => {
  const example = await openRunFolder("ddpm-mnist", root);
  expect(example.config).toMatchObject({ kind: "model", model: "ddpm", spec: { shape: [1, 28, 28] } });
  expect(outputsOf(example, root)).toBe(join(root, "examples", "ddpm-mnist"));
});
