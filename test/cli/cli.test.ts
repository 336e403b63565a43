import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { beforeAll, expect, test, vi } from "vitest";
import { decodeImage } from "../../src/data/image-files.ts";
import { readSafeTensors } from "../../src/nn/safetensors.ts";
import { cli, jsonLines, scratch, tinyMnist } from "./helpers.ts";

const folder = scratch();
const run = join(folder, "run");
let data = "";

const train = (...more: string[]): string[] =>
  `train vae --data ${data} --width 32 --latent 3 --batch-size 50 --steps 20 --sample-every 10 --checkpoint-every 5 --threads 1 --seed 3`
    .split(" ")
    .concat(more);

beforeAll(async () => {
  data = tinyMnist(folder);
  const { code, err } = await cli(train("--out", run));
  expect(err).toContain("training vae on idx:");
  expect(code).toBe(0);
});

test("a run's folder holds its configuration, metrics, events, pictures and the last checkpoints", () => {
  const config = JSON.parse(readFileSync(join(run, "config.json"), "utf8")) as object;
  expect(config).toMatchObject({
    format: 2,
    kind: "model",
    model: "vae",
    steps: 20,
    seed: 3,
    spec: { kind: "images", shape: [1, 28, 28] },
    options: { latent: 3 },
    training: { batchSize: 50, optimizer: "adam", lrSchedule: "cosine" },
  });
  const steps = jsonLines(readFileSync(join(run, "metrics.jsonl"), "utf8"));
  expect(steps.map((l) => l.step)).toEqual([1, 10, 20]);
  expect(Object.keys(steps[0]!)).toEqual(expect.arrayContaining(["epoch", "loss", "grad_norm", "lr"]));
  expect(readdirSync(join(run, "checkpoints")).sort()).toEqual(["10", "15", "20"]);
  const pictures = readdirSync(join(run, "samples"));
  expect(pictures).toContain("20-samples.png");
  const path = join(run, "samples/20-samples.png");
  expect(decodeImage(readFileSync(path), path).width).toBeGreaterThan(100);
  expect(readdirSync(run).filter((name) => name.startsWith("events.out.tfevents."))).toHaveLength(1);
});

test("a run to pass on has the weights alone: it samples the same, and is not trained on", async () => {
  const slim = join(folder, "slim");
  const { code, err } = await cli(["export", run, "--format", "run", "--out", slim]);
  expect(code, err).toBe(0);
  expect(readdirSync(join(slim, "checkpoints/20")).sort()).toEqual(["state.json", "weights.safetensors"]);
  for (const from of [run, slim])
    await cli(["sample", from, "--count", "4", "--seed", "9", "--out", join(folder, `of-${from === run}`)]);
  const picture = (of: boolean): Buffer => readFileSync(join(folder, `of-${of}/20-samples.png`));
  expect(picture(true).equals(picture(false))).toBe(true);
  const on = await cli(["resume", slim, "--steps", "30"]);
  expect(on.err).toContain("holds the weights alone: it can be sampled and measured, but not trained on");
});

test("sample uses the run, and keeps what it made before", async () => {
  const first = await cli(["sample", run, "--count", "4", "--seed", "1"]);
  expect(first.code, first.err).toBe(0);
  const path = join(run, "sample/20-samples.png");
  expect(first.out).toContain(path);
  const again = await cli(["sample", run, "--count", "4", "--seed", "1"]);
  expect(again.out).toContain(join(run, "sample/20-samples-2.png"));
  expect(readFileSync(join(run, "sample/20-samples-2.png")).equals(readFileSync(path))).toBe(true);
  const other = await cli(["sample", run, "--count", "4", "--seed", "2", "--out", join(folder, "other")]);
  expect(other.code).toBe(0);
  expect(readFileSync(join(folder, "other/20-samples.png")).equals(readFileSync(path))).toBe(false);
});

test("reconstruct and evaluate use the run", async () => {
  const reconstruct = await cli(["reconstruct", run, "--count", "3"]);
  expect(reconstruct.code, reconstruct.err).toBe(0);
  const evaluate = await cli(["evaluate", run, "--json"]);
  expect(evaluate.code, evaluate.err).toBe(0);
  const [result] = jsonLines(evaluate.out) as [{ numbers: Record<string, number>; files: string[] }];
  expect(result).toMatchObject({ command: "evaluate", run, step: 20 });
  expect(result.numbers.mse).toBeGreaterThan(0);
  expect(result.files.every((file) => existsSync(file))).toBe(true);
});

test("the exported decoder runs in plain onnxruntime-node, with standard operators, to the same picture", async () => {
  const { code, out, err } = await cli(["export", run, "--batch", "2", "--json"]);
  expect(code, err).toBe(0);
  const [result] = jsonLines(out) as [{ file: string; inputs: object[]; outputs: object[] }];
  expect(result.inputs).toEqual([{ name: "z", dtype: "float32", shape: [2, 3] }]);
  expect(result.outputs).toEqual([{ name: "images", dtype: "float32", shape: [2, 1, 28, 28] }]);
  expect(readFileSync(result.file).includes("com.microsoft")).toBe(false);

  const session = await ort.InferenceSession.create(result.file);
  const z = Float32Array.of(0, 0, 0, 1, -1, 0.5);
  const { images } = await session.run({ z: new ort.Tensor("float32", z, [2, 3]) });
  const got = images!.data as Float32Array;

  const weights = await cli([
    "export",
    run,
    "--format",
    "safetensors",
    "--out",
    join(folder, "w.safetensors"),
  ]);
  expect(weights.code, weights.err).toBe(0);
  const want = await decodeByHand(join(folder, "w.safetensors"), z);
  expect(got).toHaveLength(2 * 784);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - want[i]!)).toBeLessThan(1e-5);
});

/** The decoder's layers as plain loops over the exported weights. */
async function decodeByHand(file: string, z: Float32Array): Promise<Float64Array> {
  const { tensors } = readSafeTensors(readFileSync(file), file);
  const layers = Object.keys(tensors)
    .filter((name) => name.startsWith("decoder.") && name.endsWith(".weight"))
    .sort();
  const out: number[] = [];
  for (let n = 0; n < 2; n++) {
    let x = [...z.subarray(3 * n, 3 * n + 3)];
    layers.forEach((name, l) => {
      const [weight, bias] = [tensors[name]!, tensors[name.replace("weight", "bias")]!];
      const [rows, columns] = weight.shape as [number, number];
      x = Array.from({ length: rows }, (_, r) => {
        let sum = Number(bias.data[r]);
        for (let c = 0; c < columns; c++) sum += Number(weight.data[r * columns + c]) * x[c]!;
        if (l === layers.length - 1) return 1 / (1 + Math.exp(-sum));
        return Math.max(0, sum);
      });
    });
    out.push(...x);
  }
  return Float64Array.from(out);
}

test("--json prints one object a line and nothing else", async () => {
  const { code, out, err } = await cli(train("--out", join(folder, "json"), "--json"));
  expect(code, err).toBe(0);
  expect(err).toBe("");
  const events = jsonLines(out);
  expect(events[0]).toMatchObject({ event: "start", model: "vae", steps: 20, from: 0 });
  expect(events.filter((e) => e.event === "step").map((e) => e.step)).toEqual([1, 10, 20]);
  expect(events.at(-1)).toMatchObject({ event: "done", step: 20, finished: true });
  // The same seed makes the same run.
  expect(readFileSync(join(folder, "json/metrics.jsonl"), "utf8")).toBe(
    readFileSync(join(run, "metrics.jsonl"), "utf8"),
  );
});

test("--device wasm trains in Node too, to nearly the same numbers", async () => {
  const { code, out, err } = await cli(train("--out", join(folder, "wasm"), "--json", "--device", "wasm"));
  expect(code, err).toBe(0);
  const events = jsonLines(out);
  expect(events[0]).toMatchObject({ engine: "onnxruntime-web wasm, 1 thread" });
  const native = jsonLines(readFileSync(join(run, "metrics.jsonl"), "utf8"));
  expect(events.at(-1)!.loss as number).toBeCloseTo(native.at(-1)!.loss as number, 1);
});

test("Ctrl-C stops with 130; resume goes on to the same metrics; a finished run says how to go further", async () => {
  const out = join(folder, "stopped");
  const stopped = await cli(train("--out", out, "--json"), '"step":10');
  expect(stopped.code).toBe(130);
  const resumed = await cli(["resume", out]);
  expect(resumed.code, resumed.err).toBe(0);
  expect(resumed.err).toMatch(/resuming .*stopped at step 1\d/);
  expect(readFileSync(join(out, "metrics.jsonl"), "utf8")).toBe(
    readFileSync(join(run, "metrics.jsonl"), "utf8"),
  );
  const finished = await cli(["resume", out]);
  expect(finished).toMatchObject({
    code: 1,
    err: expect.stringContaining(`To train further: galatea resume ${out} --steps 40`) as string,
  });
  const further = await cli(["resume", out, "--steps", "25"]);
  expect(further.code, further.err).toBe(0);
  expect(readdirSync(join(out, "checkpoints")).sort()).toEqual(["15", "20", "25"]);
  // Each process wrote TensorBoard events of its own.
  expect(readdirSync(out).filter((name) => name.startsWith("events."))).not.toHaveLength(0);
});

test("a damaged checkpoint is refused by name, and the one before it offered", async () => {
  const out = join(folder, "damaged");
  expect((await cli(train("--out", out))).code).toBe(0);
  const file = join(out, "checkpoints/20/optimizer.safetensors");
  const bytes = readFileSync(file);
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(file, bytes);
  const refused = await cli(["sample", out]);
  expect(refused.code).toBe(1);
  expect(refused.err).toBe(
    `${file} is damaged: its SHA-256 is not the one recorded when it was written. The checkpoint of step 15 is intact: add --checkpoint 15 to use it\n`,
  );
  const resumed = await cli(["resume", out, "--checkpoint", "15"]);
  expect(resumed.code, resumed.err).toBe(0);
  expect(readFileSync(join(out, "metrics.jsonl"), "utf8")).toBe(
    readFileSync(join(run, "metrics.jsonl"), "utf8"),
  );
  expect(readdirSync(join(out, "checkpoints")).sort()).toEqual(["10", "15", "20", "20.aside"]);

  writeFileSync(join(out, "checkpoints/20/state.json"), "{}");
  writeFileSync(join(out, "checkpoints/15/weights.safetensors"), bytes.subarray(0, 100));
  const both = await cli(["evaluate", out]);
  expect(both.err).toContain(
    `${join(out, "checkpoints/20/state.json")} is damaged: its checksum does not match`,
  );
  expect(both.err).toContain("The checkpoint of step 10 is intact: add --checkpoint 10");
});

test.each([
  [["trian"], 'unknown command "trian". Known: list, train, resume,', 'Did you mean "train"?'],
  [["train", "vaee"], 'unknown model "vaee". Known: ', 'Did you mean "vae"?'],
  [["train"], "say which model or recipe: "],
  [
    ["train", "vae", "--latnt", "3"],
    'unknown option of galatea train vae "--latnt". Known: --network, ',
    'Did you mean "--latent"?',
  ],
  [["train", "vae", "--latent", "many"], "--latent many: a whole number is expected"],
  [["train", "vae", "--latent", "0"], "--latent 0: too small: expected number to be >=1"],
  [["train", "vae", "--network", "cnn"], 'unknown value of --network "cnn". Known: mlp, conv'],
  [["train", "vae", "--data", "mnits"], 'unknown data set "mnits". Known: mnist,', 'Did you mean "mnist"?'],
  [["train", "vae", "--steps", "5", "--epochs", "1"], "--steps and --epochs both set the length"],
  [["train", "vae", "--lr"], "argument missing"],
  [["sample"], "missing required argument 'run'"],
  [["sample", "nowhere"], 'unknown run "nowhere". Known: '],
  [["list", "modles"], 'unknown list "modles". Known: models, recipes, data, runs. Did you mean "models"?'],
  [["train", "vae", "--device", "cuda", "--steps", "1"], "device cuda"],
])("%j is refused with a sentence", async (args, ...parts) => {
  const { code, out, err } = await cli(args);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  for (const part of parts) expect(err).toContain(part);
});

test("a loss that is not finite stops with a sentence; the last good checkpoint stays usable", async () => {
  const out = join(folder, "diverged");
  const { code, err } = await cli(train("--out", out, "--lr", "1e18"));
  expect(code).toBe(1);
  expect(err).toMatch(
    /step \d+: \w+ of \w+ is (NaN|-?Infinity)\. Training stopped; (there is no checkpoint yet|the last good checkpoint is .*)\. Try a smaller learning rate \(--lr\)/,
  );
  expect(existsSync(join(out, "lock.json"))).toBe(false);
});

test("a folder with a run is not written over", async () => {
  const { code, err } = await cli(train("--out", run));
  expect(code).toBe(1);
  expect(err).toContain(
    `${run} holds a run already. Continue it (galatea resume ${run}), or choose another --out`,
  );
});

test("a run's hooks explain themselves with the options of its model", async () => {
  const { code, out } = await cli(["sample", run, "--help"]);
  expect(code).toBe(0);
  expect(out).toContain("For vae:");
  expect(out).toContain("--count <n>");
  const general = await cli(["sample", "--help"]);
  expect(general.out).toContain("The model's own options: galatea sample <run> --help");
  const wrong = await cli(["sample", run, "--cuont", "3"]);
  expect(wrong.err).toContain('Did you mean "--count"?');
});

test("list shows models and data sets", async () => {
  const { out } = await cli(["list", "--json"]);
  const [lists] = jsonLines(out) as [Record<string, { name: string }[]>];
  expect(lists.models!.map((m) => m.name)).toEqual(expect.arrayContaining(["ae", "dae", "vae"]));
  expect((await cli(["list", "data"])).out).toContain("fashion-mnist");
});

test("another process's lock is respected, that of a dead one is not", async () => {
  const out = join(folder, "locked");
  expect((await cli(train("--out", out))).code).toBe(0);
  const { hostname } = await import("node:os");
  const lock = join(out, "lock.json");
  writeFileSync(lock, JSON.stringify({ pid: process.ppid, host: hostname() }));
  const refused = await cli(["resume", out, "--steps", "22"]);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(`is being trained by process ${process.ppid}`);
  writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));
  expect((await cli(["resume", out, "--steps", "22"])).code).toBe(0);
  expect(existsSync(lock)).toBe(false);
});

test.runIf(process.platform === "linux")(
  "nor is that of a killed one whose parent has not noticed",
  async () => {
    const out = join(folder, "zombie");
    expect((await cli(train("--out", out))).code).toBe(0);
    const { hostname } = await import("node:os");
    // The shell becomes `sleep`, which never asks after the shell's child.
    const parent = spawn("sh", ["-c", "sleep 1 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const [said] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(String(said));
      const ended = (): boolean => / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      await vi.waitUntil(ended, { timeout: 30_000 });
      writeFileSync(join(out, "lock.json"), JSON.stringify({ pid, host: hostname() }));
      expect((await cli(["resume", out, "--steps", "22"])).code).toBe(0);
      expect(ended()).toBe(true);
    } finally {
      parent.kill("SIGKILL");
    }
  },
);
