/** The lab's pages in a browser: every page in both languages and themes, experiments that move, keyboard, no network. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafeTensors } from "../../src/nn/safetensors.ts";
import { type Lab, openLab, VIEWS, violations, visit } from "./lab-pages.ts";

let lab: Lab;
let runs: string;

beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), "galatea-runs-"));
  lab = await openLab(runs);
}, 180_000);
afterAll(async () => {
  await lab.close();
  await rm(runs, { recursive: true });
});

const numberOf = async (page: Page, name: string): Promise<number> =>
  Number.parseFloat((await page.locator(`[data-number=${name}]`).first().textContent()) ?? "");
const play = (page: Page) => page.locator(".bar .primary:not([disabled])").click({ timeout: 60_000 });
const until = (page: Page, step: number) =>
  page.waitForFunction(
    (n) => Number(document.querySelector<HTMLElement>("[data-step]")!.dataset.step) >= n,
    step,
    { timeout: 120_000 },
  );

test.each(VIEWS)("%s, %s: pages have no violation of WCAG 2.2 AA and no error", async (lang, theme) => {
  const { page, problems } = await visit(lab, `${lang}/`, theme);
  for (const address of ["", "a/vae", "a/sac", "plane?model=gan&twin=vae", "nowhere"]) {
    await page.evaluate((hash) => (location.hash = hash), `#/${lang}/${address}`);
    await page.locator("h1").waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe(lang === "zh" ? "zh-CN" : "en");
    expect(await violations(page), address).toEqual([]);
  }
  expect(problems).toEqual([]);
  await page.close();
});

test("a VAE learns: its samples come near the data; rewound, it takes the same steps", async () => {
  const { page, problems } = await visit(lab, "en/plane?width=32");
  await play(page);
  await until(page, 120);
  await page.locator(".bar .primary").click();
  // The picture of the last step comes after the step.
  await expect.poll(() => numberOf(page, "covered"), { timeout: 60_000 }).toBeGreaterThan(20);

  const losses = async (): Promise<string> => {
    await page.getByRole("button", { name: "Rewind" }).click();
    for (const step of [1, 2, 3]) {
      await page.getByRole("button", { name: "One step" }).click();
      await page.locator(`[data-step="${step}"]`).waitFor();
    }
    await page.locator(".curve").focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    const told = page.locator(".told[aria-live]");
    await expect.poll(() => told.textContent()).toMatch(/loss \d/);
    return (await told.textContent()) ?? "";
  };
  expect(await losses()).toBe(await losses());
  expect(problems).toEqual([]);
  await page.close();
});

test("a term of a formula lights its lines of code, by the pointer and by the keyboard; a line lights its term", async () => {
  const { page, problems } = await visit(lab, "en/a/grpo");
  const code = page.getByRole("region", { name: "groupAdvantages" });
  const lit = code.locator(".line.lit");
  await page.locator('.formula [data-term="1"]').first().hover();
  await expect
    .poll(() => lit.allTextContents())
    .toEqual([expect.stringContaining("const sd ="), expect.stringContaining("sd + SD_EPSILON")]);
  const term = page.getByRole("button", { name: /above the mean/ });
  await term.focus();
  await page.keyboard.press("Enter");
  await page.mouse.move(0, 0);
  expect(await term.getAttribute("aria-pressed")).toBe("true");
  await expect.poll(() => lit.first().textContent()).toContain("const m =");
  await code.getByText("const sd =").hover();
  await expect.poll(() => page.locator('.formula .lit[data-term="1"]').count()).toBeGreaterThan(0);
  expect(problems).toEqual([]);
  await page.close();
});

test("a GAN's half step moves the judge alone", async () => {
  const { page } = await visit(lab, "en/a/gan?width=32");
  const half = page.getByRole("button", { name: "Half a step" });
  await half.click({ timeout: 60_000 });
  await page.getByText("only the discriminator has moved").waitFor();
  await half.click();
  await page.getByText("only the generator has moved").waitFor();
  await page.locator('[data-step="1"]').waitFor();
  await page.close();
});

test("picture, samples, curves and weights are saved, named by model, data and step", async () => {
  const { page, problems } = await visit(lab, "en/plane?width=32");
  await page.getByRole("button", { name: "One step" }).click({ timeout: 60_000 });
  await page.locator('[data-step="1"]').waitFor();
  const saved = async (name: string): Promise<readonly [string, Buffer]> => {
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name }).click(),
    ]);
    return [file.suggestedFilename(), await readFile(await file.path())];
  };
  const [picture, png] = await saved("Picture (PNG)");
  expect(picture).toBe("vae-ring-8-step-1.png");
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  const [samples, csv] = await saved("Samples (CSV)");
  expect(samples).toBe("vae-ring-8-step-1.csv");
  expect(csv.toString()).toMatch(/^x,y\n(-?[\d.e-]+,-?[\d.e-]+\n){100,}$/);
  const [, json] = await saved("Curves (JSON)");
  expect(JSON.parse(json.toString())).toMatchObject({ model: "vae", options: { width: 32 }, steps: [0, 1] });
  const [weights, bytes] = await saved("Weights (safetensors)");
  expect(weights).toBe("vae-ring-8-step-1.safetensors");
  expect(Object.keys(readSafeTensors(bytes, weights).tensors)).toContainEqual(
    expect.stringMatching(/^encoder\./),
  );
  const [name, archive] = await saved("Run (ZIP)");
  expect(name).toBe("vae-ring-8-step-1.zip");
  expect(archive.toString("latin1")).toContain("vae-ring-8-step-1/checkpoints/1/weights.safetensors");
  expect(problems).toEqual([]);
  await page.close();
});

test("a curve is guessed by the keyboard and by the pointer, and judged by what then comes", async () => {
  const { page, problems } = await visit(lab, "en/plane?width=16");
  const point = (step: number) =>
    page.getByRole("slider", { name: `your guess at step ${step}`, exact: true });
  await point(0).focus({ timeout: 60_000 });
  await page.keyboard.press("Home");
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("PageUp");
  expect(await point(0).getAttribute("aria-valuenow")).toBe("0");
  expect(await point(100).getAttribute("aria-valuenow")).toBe("1.25");
  const picture = page.getByRole("group", { name: "Your guess of" });
  await picture.scrollIntoViewIfNeeded();
  const box = (await picture.boundingBox())!;
  await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.8 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.99 * box.width, box.y + 0.8 * box.height, { steps: 4 });
  await page.mouse.up();
  expect(Number(await point(300).getAttribute("aria-valuenow"))).toBeLessThan(0.5);
  expect(await violations(page)).toEqual([]);
  const run = page.getByRole("button", { name: "Run and see" });
  await expect.poll(() => run.isEnabled(), { timeout: 60_000 }).toBe(true);
  await run.press("Enter");
  const told = page.locator("[data-off]");
  await told.waitFor({ timeout: 120_000 });
  expect(await told.textContent()).toMatch(/“KL, nats” lay \d\.\d+ from what came.*Farthest at step \d+/s);
  // As the table has it.
  await page.getByText("Both as a table").click();
  const rows = page.locator(".guess tbody tr");
  expect(await rows.count()).toBe(13);
  const apart = await rows.evaluateAll((all) =>
    all.map((row) => Math.abs(Number(row.children[1]!.textContent) - Number(row.children[2]!.textContent))),
  );
  const mean = apart.reduce((sum, d) => sum + d, 0) / apart.length;
  expect(Math.abs(mean - Number(await told.getAttribute("data-off")))).toBeLessThan(0.02);
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Guess again" }).click();
  await told.waitFor({ state: "detached" });
  expect(problems).toEqual([]);
  await page.close();
});

test("a diffusion model draws its samples by DDIM or DDPM, in as many steps as one chooses", async () => {
  const { page, problems } = await visit(lab, "en/plane?model=ddpm&width=16");
  await page.getByRole("button", { name: "One step" }).click({ timeout: 60_000 });
  await page.locator('[data-step="1"]').waitFor();
  const saved = async () => {
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Samples (CSV)" }).click(),
    ]);
    return file;
  };
  const samples = async (): Promise<string> => readFile(await (await saved()).path(), "utf8");
  // The picture comes after the step.
  await expect
    .poll(async () => (await saved()).suggestedFilename(), { timeout: 30_000 })
    .toBe("ddpm-ring-8-step-1.csv");
  const ddim = await samples();
  const choose = (name: string) => page.getByRole("button", { name }).click();
  await choose("DDPM, η = 1");
  await expect.poll(samples, { timeout: 30_000 }).not.toBe(ddim);
  await choose("DDIM, η = 0");
  await expect.poll(samples, { timeout: 30_000 }).toBe(ddim);
  await page.getByRole("slider", { name: "S, steps" }).fill("3");
  await expect.poll(samples, { timeout: 30_000 }).not.toBe(ddim);
  expect(problems).toEqual([]);
  await page.close();
});

test("what an address asks for in vain is said, and the rest goes on", async () => {
  const { page } = await visit(lab, "en/plane?model=nope&seed=x&beta=-1");
  await page.getByText("There is no model “nope” in the plane").waitFor();
  await page.getByText("“x” is not a seed").waitFor();
  await page.getByText("“-1” is no value for beta").waitFor();
  await play(page);
  await until(page, 3);
  await page.close();
});

test("where WebAssembly has no SIMD, a sentence says so, and the rest goes on", async () => {
  const page = await lab.browser.newPage({ serviceWorkers: "block" });
  await page.route("**/assets/worker-*.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `WebAssembly.validate = () => false;${await response.text()}` });
  });
  await page.goto(`${lab.url}#/en/plane`);
  await page.getByRole("alert").filter({ hasText: "no SIMD" }).waitFor({ timeout: 60_000 });
  expect(await page.getByRole("alert").textContent()).toContain("or newer");
  await page.goto(`${lab.url}#/en/bridge`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.close();
});

test("the keyboard alone: along the map to an algorithm, which begins to learn", async () => {
  const { page } = await visit(lab, "en/");
  await page.locator("#node-ae").focus();
  await page.keyboard.press("ArrowRight");
  const reached = await page.evaluate(() => document.activeElement!.id);
  expect(["node-vae", "node-dae"]).toContain(reached);
  await page.keyboard.press("Enter");
  await page.locator(".bar .primary:not([disabled])").focus({ timeout: 60_000 });
  await page.keyboard.press("Enter");
  await until(page, 2);
  await page.close();
});

test("a second visit trains without a network", async () => {
  const context = await lab.browser.newContext();
  const page = await context.newPage();
  await page.goto(`${lab.url}#/en/plane?width=32`);
  await play(page);
  await until(page, 2);
  // What was fetched is kept in the background.
  await expect
    .poll(
      () =>
        page.evaluate(async () => (await (await caches.open("galatea-lab")).keys()).map(({ url }) => url)),
      { timeout: 30_000 },
    )
    .toEqual(expect.arrayContaining([expect.stringMatching(/\.wasm$/), expect.stringMatching(/worker-/)]));
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await context.setOffline(true);
  await page.reload();
  await play(page);
  await until(page, 2);
  await context.close();
});
