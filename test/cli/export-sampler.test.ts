import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { beforeAll, expect, test } from "vitest";
import { openRun } from "../../src/catalog.node.ts";
import { decodeImage } from "../../src/data/image-files.ts";
import { compile } from "../../src/engine/compile.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { diffusionOf } from "../../src/generative/diffusion/config.ts";
import { ddim, initialNoise, Sampler, trajectory } from "../../src/generative/diffusion/index.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { Key } from "../../src/tensor/random.ts";
import { pictureRaster } from "../../src/train/pictures.node.ts";
import { cli, jsonLines, scratch, tinyMnist } from "./helpers.ts";

const folder = scratch();
const run = join(folder, "run");
const HOW = ["--steps", "12", "--spacing", "quadratic", "--guidance", "2"];
let data = "";

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
};

beforeAll(async () => {
  data = tinyMnist(folder, 60);
  const size =
    "--width 4 --multipliers 1,2 --attention-at 14 --groups 2 --timesteps 40 --warmup 0 --ema 0.5".split(" ");
  const plan = "--steps 10 --batch-size 20 --lr 0.01 --threads 1 --seed 3".split(" ");
  const { code, err } = await cli(["train", "ddpm", "--data", data, ...size, ...plan, "--out", run]);
  expect(code, err).toBe(0);
}, 180_000);

test("one seed, one picture: the command line's, the library's, and the exported file's", async () => {
  const drawn = ["sample", run, ...HOW, "--count", "4", "--class", "7", "--seed", "1", "--out", folder];
  const sampled = await cli(drawn);
  expect(sampled.code, sampled.err).toBe(0);

  const engine = await nodeEngine({ threads: 1 });
  const model = diffusionOf((await openRun(run, { engine })) as never);
  const sampler = new Sampler(model, (fn, name) => compile(fn, { engine, name: name ?? "sampler" }));
  const plan = ddim(model.schedule, trajectory({ T: 40, S: 12, spacing: "quadratic" }));
  const key = Key.seed(1).split("sample");
  const x = await sampler.sample(plan, { count: 4, key, label: 7, guidance: 2 });
  await engine.dispose();
  const library = ndarray(
    x.data.map((v) => Math.min(1, Math.max(0, (v + 1) / 2))),
    x.shape,
  );

  const png = join(folder, "10-samples.png");
  const seen = decodeImage(readFileSync(png), png);
  const raster = await pictureRaster({ name: "samples", images: library });
  expect([seen.width, seen.height]).toEqual([raster.width, raster.height]);
  // Equal but for a value on the edge between two greys.
  expect(far(raster.data, seen.data)).toBeLessThanOrEqual(1);
  expect(new Set(raster.data).size).toBeGreaterThan(20);

  const exported = await cli(["export", run, ...HOW, "--json"]);
  expect(exported.code, exported.err).toBe(0);
  const [said] = jsonLines(exported.out) as [{ file: string; part: string }];
  expect(said.part).toBe("sampler");
  expect(said.file).toBe(join(run, "export/ddpm-sampler-10.onnx"));
  const other = await cli(["export", run, "--steps", "3", "--json"]);
  expect(jsonLines(other.out)[0]!.file, "what was exported before is kept").toBe(
    join(run, "export/ddpm-sampler-10-2.onnx"),
  );
  const noise = initialNoise(model, key, 4);
  const session = await InferenceSession.create(said.file);
  const { images } = await session.run({
    noise: new OrtTensor("float32", noise.data, noise.shape),
    labels: new OrtTensor("int32", Int32Array.of(7, 7, 7, 7), [4]),
  });
  await session.release();
  expect(far(images!.data as Float32Array, library.data)).toBeLessThan(1e-4);
});

test("export --help shows the options of the run's model; its words say which steps are in the file", async () => {
  const help = await cli(["export", run, "--help"]);
  expect(help.out).toMatch(/For ddpm:[\s\S]*--sampler <name>[\s\S]*--guidance <x>/);
  expect((await cli(["export", "--help"])).out).toContain(
    "A model's own options: galatea export <run> --help",
  );
  const { out, code, err } = await cli(["export", run, ...HOW, "--out", join(folder, "s.onnx")]);
  expect(code, err).toBe(0);
  expect(out).toContain(
    "sampler: noise to images in [0, 1]: ddim, η = 0; quadratic, as in the DDIM paper, S = 12: 11 steps at t = 39, 32, 26",
  );
  expect(out).toContain("labels 0 to 9, 10 for no class; guidance 2");
  const denoiser = await cli(["export", run, "--part", "denoiser", "--out", join(folder, "d.onnx")]);
  expect(denoiser.code, denoiser.err).toBe(0);
  expect(denoiser.out).toContain("in   x float32[batch, 1, 28, 28], t float32[batch], labels int32[batch]");
});

test("bad wishes are answered with a sentence", async () => {
  const refused = async (args: string[], words: string): Promise<void> => {
    const { code, err } = await cli(["export", run, ...args]);
    expect(err).toContain(words);
    expect(code).toBe(1);
  };
  await refused(
    ["--steps", "41"],
    "41 sampling steps were asked for, but the noise schedule has 40: ask for 40 or fewer",
  );
  await refused(["--sampler", "ddpm"], "ddpm");
  await refused(["--guidance", "-1"], "the guidance scale is 0 or more (1 is no guidance), not -1");
  await refused(["--part", "sampelr"], 'unknown part "sampelr"');
  await refused(["--eta", "1"], "--eta");
});
