import { describe, expect, test } from "vitest";
import { ddpm } from "../../../src/generative/diffusion/ddpm.ts";
import { dit } from "../../../src/generative/diffusion/dit.ts";
import type { AnyModel, Picture } from "../../../src/model/contract.ts";
import { done, type Trained, tinyData, trainedAs } from "../helpers.ts";

/** Networks that learn pictures of 8 × 8 in seconds. */
const SMALL: Readonly<Record<string, Record<string, unknown>>> = {
  ddpm: { width: 8, multipliers: [1, 2], attentionAt: [4], groups: 4, timesteps: 50, warmup: 10, ema: 0.95 },
  dit: { patch: 4, depth: 2, width: 64, heads: 2, timesteps: 50, warmup: 10, ema: 0.95 },
};
const train = (name: string, options = {}, steps = 300): Promise<Trained> =>
  trainedAs({ ddpm, dit }[name as "ddpm" | "dit"], { ...SMALL[name], ...options }, steps, 4e-3);

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const call = done;
const imagesOf = (picture: Picture | undefined) => {
  if (!picture || !("images" in picture)) throw new Error("these are no images");
  return picture.images;
};

/** The mean brightness of the four quadrants of each image. */
const quadrantsOf = ({ data }: { data: Float32Array }): number[][] =>
  Array.from({ length: data.length / 64 }, (_, i) => {
    const sums = [0, 0, 0, 0];
    for (let p = 0; p < 64; p++) sums[(p >> 5) * 2 + ((p >> 2) & 1)]! += data[i * 64 + p]! / 16;
    return sums;
  });

/** The share of images whose brightest quadrant is the class asked for. */
const followed = (images: { data: Float32Array }, classes: (i: number) => number): number =>
  mean(quadrantsOf(images).map((q, i) => Number(q.indexOf(Math.max(...q)) === classes(i))));

/** The share of images with one bright quadrant, as all of the data have. */
const proper = (images: { data: Float32Array }): number =>
  mean(
    quadrantsOf(images).map((q) =>
      Number(q.filter((v) => v > 0.5).length === 1 && q.filter((v) => v < 0.35).length === 3),
    ),
  );

describe.each(["ddpm", "dit"])("%s", (name) => {
  let run: Trained;
  test("learns, and draws the class it is asked for", async () => {
    run = await train(name);
    expect(mean(run.losses.slice(-10))).toBeLessThan(0.5 * mean(run.losses.slice(0, 5)));
    const each = imagesOf((await call(run, "sample", { count: 16, steps: 20 })).pictures![0]);
    expect(proper(each)).toBeGreaterThan(name === "dit" ? 0.4 : 0.8);
    // A DiT starts to heed classes late, PyTorch's as well as ours: its conditioning grows from zero.
    if (name === "dit") return;
    expect(followed(each, (i) => i % 4)).toBeGreaterThan(0.8);
    const one = await call(run, "sample", { count: 8, steps: 20, class: "sw", guidance: 2 });
    expect(followed(imagesOf(one.pictures![0]), () => 2)).toBeGreaterThan(0.8);
  });

  test("the same seed draws the same images, whichever way they are asked for", async () => {
    const once = imagesOf((await call(run, "sample", { count: 70, steps: 5 })).pictures![0]);
    const again = imagesOf((await call(run, "sample", { count: 70, steps: 5 })).pictures![0]);
    expect(again.data).toEqual(once.data);
    const more = imagesOf((await call(run, "sample", { count: 72, steps: 5, sampler: "ddim" })).pictures![0]);
    const gap = once.data.reduce((worst, v, i) => Math.max(worst, Math.abs(v - more.data[i]!)), 0);
    expect(gap).toBeLessThan(1e-4);
  });

  test("says which steps ran, and shows the way", async () => {
    const out = await call(run, "sample", {
      count: 4,
      steps: 10,
      spacing: "quadratic",
      gif: true,
      interpolate: true,
      grid: true,
    });
    expect(out.pictures!.map((p) => p.name)).toEqual([
      "samples",
      "denoising",
      "denoising",
      "interpolations",
      "eta-and-steps",
    ]);
    expect(out.text![0]).toMatch(
      /^ddim, η = 0; quadratic, as in the DDIM paper, S = 10: \d+ steps at t = 49/,
    );
    const film = out.pictures![2]!;
    expect("frames" in film && film.frames.length).toBeGreaterThan(5);
  });

  test("encodes and decodes, paints what is hidden, measures its bound", async () => {
    const coarse = (await call(run, "reconstruct", { steps: 5 })).numbers!.mse!;
    const fine = (await call(run, "reconstruct", { steps: 50 })).numbers!.mse!;
    expect(fine).toBeLessThan(coarse);
    const painted = await call(run, "reconstruct", { steps: 10, mask: "left" });
    expect(painted.pictures!.map((p) => p.name)).toEqual(["inpainting"]);
    const { numbers, pictures, text } = await call(run, "evaluate", { boundImages: 8, boundTimes: 20 });
    expect(pictures!.map((p) => p.name)).toEqual(["snr", "noising"]);
    expect(numbers!.bitsPerDim).toBeGreaterThan(0);
    const { bitsPrior, bitsSteps, bitsDecoder } = numbers!;
    expect(bitsPrior! + bitsSteps! + bitsDecoder!).toBeCloseTo(numbers!.bitsPerDim!, 6);
    expect(text![0]).toMatch(/not measured/);
  });
});

test("what cannot be asked for is said in a sentence", async () => {
  const run = await train("ddpm", {}, 2);
  const plain = await train("ddpm", { unconditional: true }, 2);
  const always = await train("ddpm", { labelDropout: 0 }, 2);
  const refused = (on: Trained, options: Record<string, unknown>, words: string): Promise<void> =>
    expect(call(on, "sample", { ...options })).rejects.toThrow(words);
  await refused(
    run,
    { steps: 51 },
    "51 sampling steps were asked for, but the noise schedule has 50: ask for 50 or fewer",
  );
  await refused(run, { eta: -1 }, "eta is 0 (deterministic) to 1 (as random as DDPM), or sigma-hat, not -1");
  await refused(run, { class: "9" }, 'unknown class "9"');
  await refused(
    plain,
    { class: "nw" },
    "class nw was asked for, but this model was trained without classes: leave option `class` out",
  );
  await refused(
    plain,
    { guidance: 2 },
    "guidance scale 2 was asked for, but this model was trained without classes",
  );
  await refused(
    always,
    { guidance: 2 },
    "guidance scale 2 was asked for, but this model was trained without label dropout",
  );
  await refused(
    run,
    { interpolate: true, eta: 1, steps: 5 },
    "option `interpolate` needs ddim with option `eta` 0, or dpm-solver",
  );
});

test("data and networks that do not go together are refused before training", () => {
  const build = (model: AnyModel, options: Record<string, unknown>) =>
    model.build(model.options.parse(options), tinyData.spec);
  expect(() => build(ddpm, { multipliers: [1, 2, 4, 8, 16], attentionAt: [] })).toThrow(
    "images of 8 pixels cannot be halved 4 times",
  );
  expect(() => build(ddpm, {})).toThrow("attention at resolution 7: the levels have 8, 4, 2");
  expect(() => build(dit, { patch: 3 })).toThrow("patches of 3 pixels do not tile images [1, 8, 8]");
});

test("weights of another architecture are refused by name", async () => {
  const { module } = await train("ddpm", {}, 1);
  const other = await train("dit", {}, 1);
  const state = await other.module.stateDict();
  expect(() => module.loadStateDict(state, { source: "other.safetensors" })).toThrow(/other\.safetensors/);
});
