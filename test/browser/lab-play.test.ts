import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, openLab, VIEWS, violations, visit } from "./lab-pages.ts";

const runs = mkdtempSync(join(tmpdir(), "galatea-no-runs-"));
const PATIENT = { timeout: 10_000 };
let lab: Lab;

beforeAll(async () => {
  lab = await openLab(runs);
}, 120_000);

afterAll(async () => {
  await lab?.close();
  rmSync(runs, { recursive: true });
});

test.each(VIEWS)("in %s and %s: no violation of WCAG, nothing wrong in the console", async (lang, theme) => {
  const { page, problems } = await visit(lab, `${lang}/play/minatar-breakout`, theme);
  await page.locator(".stage svg").waitFor();
  await page.locator(".bar button").nth(1).click(); // one step
  await page.locator(".says .now dt").waitFor();
  expect(await violations(page)).toEqual([]);
  expect(problems).toEqual([]);
  await page.close();
});

test("an agent plays with its own network, and the same seed gives the same game", async () => {
  const { page, problems } = await visit(lab, "en/play/minatar-breakout?seed=3");
  await page.locator(".stage svg").waitFor();
  // Presses "One step" until so many are taken, then gives the actions and the return.
  const played = async (): Promise<string[]> =>
    (await page.evaluate(`(async () => {
      const text = (of) => document.querySelector(of)?.textContent;
      const actions = [];
      for (let i = 1; i <= 25; i++) {
        document.querySelectorAll(".bar button")[1].click();
        while (text("dl dd") !== String(i)) await new Promise(requestAnimationFrame);
        actions.push(text(".says .now dt"));
      }
      return [...actions, text("dd.return")];
    })()`)) as string[];
  const first = await played();
  expect(Number(first.at(-1))).toBeGreaterThan(0); // a brick is broken
  await page.getByRole("button", { name: "Rewind" }).click();
  expect(await played()).toEqual(first);
  expect(problems).toEqual([]);
  await page.close();
});

test("taken over by the keyboard, the keys act, and Escape gives it back", async () => {
  const { page } = await visit(lab, "en/play/lunar-lander");
  await page.getByRole("button", { name: "I play" }).click();
  await page.keyboard.down("ArrowUp");
  await expect.poll(() => page.locator(".says .now dt").textContent(), PATIENT).toBe("main engine");
  await page.keyboard.up("ArrowUp");
  await expect.poll(() => page.locator(".says .now dt").textContent(), PATIENT).toBe("nothing");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "I play" }).waitFor();
  await page.close();
});

test("an unknown agent or seed is said, and the rest goes on", async () => {
  const { page } = await visit(lab, "en/play/nobody");
  await page.getByText("There is no agent “nobody” here.").waitFor();
  await page.goto(`${lab.url}#/en/play/lunar-lander?seed=x`);
  await page.getByText("A seed is a whole number").waitFor();
  await page.locator(".stage svg").waitFor();
  await page.close();
});
