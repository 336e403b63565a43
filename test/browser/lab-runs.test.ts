import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseRunConfig } from "../../src/train/run-config.ts";
import { agentRun } from "../run-configs.ts";
import { type Lab, openLab, VIEWS, violations, visit } from "./lab-pages.ts";

const folder = mkdtempSync(join(tmpdir(), "galatea-runs-"));
let lab: Lab;

const configOf = (seed: number, lr: number) =>
  agentRun({ seed, steps: 100, logEvery: 10, sampleEvery: 100, checkpointEvery: 100, options: { lr } });

function write(name: string, config: object, values: readonly number[]): void {
  mkdirSync(join(folder, name, "samples"), { recursive: true });
  writeFileSync(join(folder, name, "config.json"), JSON.stringify(config));
  const line = (loss: number, i: number): string => `${JSON.stringify({ step: 10 * (i + 1), loss })}\n`;
  writeFileSync(join(folder, name, "metrics.jsonl"), values.map(line).join(""));
  const time = (_: number, i: number): string =>
    `${JSON.stringify({ step: 10 * (i + 1), time: 1000 + i })}\n`;
  writeFileSync(join(folder, name, "timing.jsonl"), values.map(time).join(""));
}

beforeAll(async () => {
  expect(parseRunConfig(JSON.stringify(configOf(0, 0.1)), "config.json").seed).toBe(0);
  write("first", configOf(0, 0.1), [4, 3, 2]);
  write("second", configOf(1, 0.1), [6, 5, 4]);
  write("third", configOf(0, 0.2), [9, 8, 7]);
  write("damaged", configOf(3, 0.1), [1]);
  appendFileSync(join(folder, "damaged/metrics.jsonl"), "not a line\n");
  mkdirSync(join(folder, "broken"));
  writeFileSync(join(folder, "broken/config.json"), "{");
  lab = await openLab(folder);
}, 120_000);

afterAll(async () => {
  await lab?.close();
  rmSync(folder, { recursive: true });
});

test.each(VIEWS)(
  "runs, in %s and %s: no violation of WCAG, and nothing wrong in the console",
  async (lang, theme) => {
    const { page, problems } = await visit(lab, `${lang}/runs?draw=first,third`, theme);
    await page.locator(".uplot canvas").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goto(`${lab.url}#/${lang}/runs/first`);
    await page.locator("table.settings").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
  },
);

test("what runs differ in, what cannot be read, and what is damaged, is said; the rest goes on", async () => {
  const { page } = await visit(lab, "en/runs?draw=first,third,damaged");
  await page.getByText("damaged: damaged lines of its log are left out: 2.").waitFor();
  await page.getByText("broken cannot be read:").waitFor();
  const rows = await page.locator("table.settings tbody tr").allInnerTexts();
  expect(rows.map((row) => row.split(/\s+/)[0])).toEqual(["seed", "lr"]);
  await page.goto(`${lab.url}#/en/runs/nowhere`);
  await page.getByText("There is no run “nowhere” here.").waitFor();
  await page.close();
});

test("a curve grows as its log does, and seeds are drawn together", async () => {
  const { page } = await visit(lab, "en/runs?draw=first,second");
  await page.locator(".uplot canvas").waitFor();
  await page.getByText("As a table").click();
  const rows = page.locator("figure table tbody tr");
  await expect.poll(() => rows.count()).toBe(3);
  appendFileSync(join(folder, "first/metrics.jsonl"), '{"step":40,"loss":1}\n');
  await expect.poll(() => rows.count(), { timeout: 5000 }).toBe(4);
  await page.getByLabel("Mean of seeds").check();
  await expect.poll(() => rows.count()).toBe(3); // where both have a point
  expect(await rows.first().textContent()).toMatch(/10\s*5$/);
  await page.close();
});

test("by keyboard alone: down the list, select, and along the curves", async () => {
  const { page } = await visit(lab, "en/runs?draw=second");
  await page.locator("[data-run]").first().waitFor();
  // The newest come first, so their order is that of the disk.
  const at = (): Promise<unknown> => page.evaluate("document.activeElement.dataset.run");
  await page.keyboard.press("j");
  const top = await at();
  await page.keyboard.press("j");
  expect(await at()).not.toBe(top);
  await page.keyboard.press("k");
  expect(await at()).toBe(top);
  for (let i = 0; i < 30 && (await at()) !== "first"; i++) await page.keyboard.press("j");
  await page.keyboard.press("x");
  await expect.poll(() => decodeURIComponent(page.url())).toMatch(/draw=second,first$/);
  await page.locator(".plot").focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText(/^steps: \d/).waitFor();
  await page.locator("[data-run]").first().focus();
  await page.keyboard.press("c");
  await expect.poll(() => page.url()).not.toContain("draw");
  await page.close();
});

test("more runs than a browser opens connections to a server are drawn, and the page goes on", async () => {
  const names = Array.from({ length: 8 }, (_, i) => `many-${i}`);
  for (const [i, name] of names.entries()) write(name, configOf(i, 1 + i), [i + 1, i]);
  const { page } = await visit(lab, `en/runs?draw=${names.join(",")}`);
  await page.locator(".uplot canvas").waitFor();
  await page.getByText("As a table").click();
  const heads = page.locator("figure table thead th");
  await expect.poll(() => heads.count(), { timeout: 5000 }).toBe(9);
  // The newest come first, so their order is that of the disk.
  const first = page.locator("figure table tbody tr").first().locator("td");
  await expect.poll(async () => (await first.allTextContents()).sort().join(" ")).toBe("1 2 3 4 5 6 7 8");
  expect(await page.evaluate("fetch('api/runs').then((r) => r.status)")).toBe(200);
  await page.close();
});
