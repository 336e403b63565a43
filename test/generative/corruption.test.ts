import { expect, test } from "vitest";
import { CORRUPTIONS } from "../../src/generative/corruption.ts";
import { full } from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import { values } from "./helpers.ts";

const SHAPE = [20, 1, 50, 50];
const N = 50_000;
const GREY = 0.4;
const fraction = (data: readonly number[], of: (v: number) => boolean): number => data.filter(of).length / N;
/** Four standard deviations of a fraction of N draws. */
const margin = (p: number): number => 4 * Math.sqrt((p * (1 - p)) / N);

test("Gaussian noise has the mean of the image and the deviation asked for", async () => {
  const [noisy] = await values(() => [CORRUPTIONS.gaussian(0.5)(full(SHAPE, GREY), Key.seed(0))]);
  const mean = noisy!.reduce((a, b) => a + b, 0) / N;
  const variance = noisy!.reduce((a, b) => a + (b - mean) ** 2, 0) / N;
  expect(Math.abs(mean - GREY)).toBeLessThan((4 * 0.5) / Math.sqrt(N));
  expect(Math.abs(variance - 0.25)).toBeLessThan(4 * 0.25 * Math.sqrt(2 / N));
  expect(Math.min(...noisy!)).toBeLessThan(-1);
});

test("masking sets the fraction to 0 and leaves the rest", async () => {
  const [masked] = await values(() => [CORRUPTIONS.masking(0.3)(full(SHAPE, GREY), Key.seed(0))]);
  const gone = fraction(masked!, (v) => v === 0);
  expect(Math.abs(gone - 0.3)).toBeLessThan(margin(0.3));
  expect(gone + fraction(masked!, (v) => v === Math.fround(GREY))).toBe(1);
});

test("salt and pepper come in equal parts", async () => {
  const [spoilt] = await values(() => [CORRUPTIONS["salt-and-pepper"](0.2)(full(SHAPE, GREY), Key.seed(0))]);
  const [pepper, salt] = [0, 1].map((kind) => fraction(spoilt!, (v) => v === kind));
  expect(Math.abs(pepper! - 0.1)).toBeLessThan(margin(0.1));
  expect(Math.abs(salt! - 0.1)).toBeLessThan(margin(0.1));
  expect(pepper! + salt! + fraction(spoilt!, (v) => v === Math.fround(GREY))).toBeCloseTo(1, 10);
});

test("a corruption is a function of the key", async () => {
  for (const make of Object.values(CORRUPTIONS)) {
    const draw = (seed: number) => values(() => [make(0.5)(full([1, 1, 4, 4], GREY), Key.seed(seed))]);
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  }
});
