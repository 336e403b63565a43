/** The lab's page of digits: a VAE that learns them, and the shipped diffusion model, step by step. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { visitOffline } from "./lab-offline.ts";
import { type Lab, openLab, VIEWS, violations, visit } from "./lab-pages.ts";

const runs = mkdtempSync(join(tmpdir(), "galatea-no-runs-"));
const PATIENT = { timeout: 60_000 };
let lab: Lab;

beforeAll(async () => {
  lab = await openLab(runs);
}, 180_000);
afterAll(async () => {
  await lab?.close();
  rmSync(runs, { recursive: true });
});

/** The greys of the canvases that a selector finds. */
const greys = (page: Page, selector: string): Promise<number[][]> =>
  page.evaluate(
    (of) =>
      Array.from(document.querySelectorAll<HTMLCanvasElement>(of), (canvas) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, 28, 28);
        return Array.from({ length: 784 }, (_, i) => data[4 * i]!);
      }),
    selector,
  );
const until = (page: Page, selector: string) => page.locator(selector).waitFor(PATIENT);

test.each(VIEWS)("in %s and %s: no violation of WCAG, nothing wrong in the console", async (lang, theme) => {
  const { page, problems } = await visit(lab, `${lang}/digits`, theme);
  for (const part of ["latent", "film", "guidance", "between", "complete"]) {
    await page.evaluate((hash) => (location.hash = hash), `#/${lang}/digits/${part}`);
    await page.locator(`nav a[aria-current][href$="digits/${part}"]`).waitFor();
    await page.locator("canvas").first().waitFor();
    expect(await violations(page), part).toEqual([]);
  }
  expect(problems).toEqual([]);
  await page.close();
});

test("a VAE learns digits: its loss falls, a code is decoded, and rewound it takes the same steps", async () => {
  const { page, problems } = await visit(lab, "en/digits/latent?width=32");
  const step = page.getByRole("button", { name: "One step" });
  const loss = async (): Promise<number> =>
    Number(await page.locator("[data-loss]").getAttribute("data-loss"));
  const losses = async (): Promise<number[]> => {
    const seen: number[] = [];
    for (const n of [1, 2, 3]) {
      await step.click(PATIENT);
      await until(page, `[data-step="${n}"]`);
      seen.push(await loss());
    }
    return seen;
  };
  const first = await losses();
  const map = page.locator(".map");
  await map.focus();
  const code = page.getByText(/^z = /);
  const before = [await code.textContent(), await greys(page, ".digit canvas")];
  for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowRight");
  await expect
    .poll(async () => (await greys(page, ".digit canvas")).flat().join())
    .not.toBe(before[1]!.toString());
  expect(await code.textContent()).not.toBe(before[0]);
  await page.getByRole("button", { name: "Rewind" }).click();
  await until(page, `[data-step="0"]`);
  expect(await losses()).toEqual(first);
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await expect.poll(async () => Number(await page.locator("[data-step]").getAttribute("data-step")), PATIENT).toBeGreaterThan(40); // biome-ignore format: one line
  await page.getByRole("button", { name: "Pause" }).click();
  expect(await loss()).toBeLessThan(0.7 * first[0]!);
  expect(problems).toEqual([]);
  await page.close();
});

test("a film of five steps has a frame for each and one for the image, which is the last guess", async () => {
  const { page, problems } = await visit(lab, "en/digits/film?steps=5&class=0");
  await until(page, '[data-frames="6"]');
  const slider = page.getByRole("slider", { name: "Frame" });
  await slider.focus();
  await page.keyboard.press("Home");
  await until(page, '[data-frame="0"]');
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
  await until(page, '[data-frame="4"]');
  const guesses = await greys(page, "[data-sampler] figure:nth-child(2) canvas");
  await page.keyboard.press("End");
  await until(page, '[data-frame="5"]');
  const images = await greys(page, "[data-sampler] figure:nth-child(1) canvas");
  expect(images).toEqual(guesses);
  // Both samplers started from one noise, and went other ways.
  expect(images[0]).not.toEqual(images[1]);
  await page.keyboard.press("Home");
  await until(page, '[data-frame="0"]');
  const noises = await greys(page, "[data-sampler] figure:nth-child(1) canvas");
  expect(noises[0]).toEqual(noises[1]);

  // Another class gives another image: a one has less ink than a zero.
  const ink = (image: readonly number[]): number => image.reduce((sum, v) => sum + v, 0) / 784;
  await page.getByLabel("digit", { exact: true }).selectOption("1");
  const share = async (): Promise<number> => {
    if ((await page.locator('[data-frames="6"]').count()) === 0) return 1;
    const [one] = await greys(page, "[data-sampler] figure:nth-child(1) canvas");
    return ink(one!) / ink(images[0]!);
  };
  await expect.poll(share, PATIENT).toBeLessThan(0.75);
  expect(await share()).toBeGreaterThan(0.05);
  expect(problems).toEqual([]);
  await page.close();
});

test("what was kept or painted stays as it is in every completion", async () => {
  const { page, problems } = await visit(lab, "en/digits/complete?steps=3");
  await page.getByRole("button", { name: "Keep the left half" }).click();
  await until(page, '[data-kept="392"]');
  // A stroke of ink into the free half, by keyboard.
  await page.locator(".painting").focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press(" ");
  await page.getByRole("button", { name: "Complete it" }).click(PATIENT);
  await until(page, '[data-images="4"]');
  const { kept, drawn } = (await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".painting canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, 28, 28);
    const all = Array.from({ length: 784 }, (_, i) => i).filter((i) => data[4 * i + 3] === 255);
    return { kept: all, drawn: all.map((i) => data[4 * i]!) };
  })) as { kept: number[]; drawn: number[] };
  expect(kept.length).toBeGreaterThan(392);
  const made = await greys(page, "[data-images] canvas");
  expect(made).toHaveLength(4);
  for (const image of made)
    expect(Math.max(...kept.map((at, i) => Math.abs(image[at]! - drawn[i]!)))).toBeLessThanOrEqual(1);
  expect(problems).toEqual([]);
  await page.close();
});

test("a second visit has the images and the trained model without a network", async () => {
  const pages = {
    "en/digits/latent?width=32": async (page: Page) => {
      await page.getByRole("button", { name: "One step" }).click(PATIENT);
      await until(page, '[data-step="1"]');
    },
    "en/digits/film?steps=1": (page: Page) => until(page, '[data-frames="2"]'),
  };
  const kept = [/\.wasm$/, /t10k-labels/, /weights\.safetensors$/, /Latent-/, /Film-/];
  await visitOffline(lab, pages, kept);
});

test("what an address asks for in vain is said, and the rest goes on", async () => {
  const { page } = await visit(lab, "en/digits/film?steps=1000&eta=x&class=12");
  for (const text of [
    "“1000” is no value for steps",
    "“x” is no value for eta",
    "“12” is no value for class",
  ])
    await page.getByText(text).waitFor();
  await page.goto(`${lab.url}#/en/digits/nothing`);
  await page.getByText("There is no part “nothing” here.").waitFor();
  await page.close();
});
