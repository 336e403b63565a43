import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, openLab, VIEWS, violations, visit } from "./lab-pages.ts";

const folder = mkdtempSync(join(tmpdir(), "galatea-runs-"));
let lab: Lab;
beforeAll(async () => {
  lab = await openLab(folder);
}, 120_000);
afterAll(async () => {
  await lab?.close();
  rmSync(folder, { recursive: true });
});

test.each(VIEWS)(
  "in %s and %s: no violation of WCAG, and nothing wrong in the console",
  async (lang, theme) => {
    const { page, problems } = await visit(lab, `${lang}/grids?world=maze&gamma=0.95`, theme);
    await page.locator(".panels section").nth(2).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
  },
);

test("they learn by keyboard alone, and the same seed gives the same values again", async () => {
  const { page } = await visit(lab, "en/grids");
  const start = page.locator(".panels section").nth(2).locator("dd").nth(2);
  await start.waitFor();
  await page.getByRole("button", { name: "To the end of the episode" }).focus();
  const learn = async (): Promise<string | null> => {
    for (let i = 0; i < 20; i++) await page.keyboard.press("Enter");
    return start.textContent();
  };
  const first = await learn();
  expect(Number(first)).toBeLessThan(-3);
  const planned = page.locator(".panels section").first().locator("dd").nth(2);
  expect(await planned.textContent()).toBe("-13.00");
  await page.getByRole("button", { name: "Rewind" }).press("Enter");
  expect(await start.textContent()).toBe("0.00");
  await page.getByRole("button", { name: "To the end of the episode" }).focus();
  expect(await learn()).toBe(first);
  await page.close();
});

test("a setting that is not possible is said, and a process without values, too", async () => {
  const { page } = await visit(lab, "en/grids?alpha=7&world=nowhere");
  await page.getByText("left out: alpha=7.").waitFor();
  await page.getByText("left out: world=nowhere.").waitFor();
  // The goal made floor: without a discount there are no values.
  await page.getByRole("button", { name: /^Row 4, column 12/ }).click();
  await page.getByRole("alert").waitFor();
  expect(await page.getByRole("alert").textContent()).toContain("This process has no values");
  await page.close();
});

test("with ε = 0 one task is done, and one that needs a large ε is not", async () => {
  const { page } = await visit(lab, "en/grids?epsilon=0");
  const task = (text: string) => page.getByRole("listitem").filter({ hasText: text });
  const end = page.getByRole("button", { name: "To the end of the episode" });
  await end.focus();
  for (let i = 0; i < 90; i++) await page.keyboard.press("Enter");
  await task("Explore without exploring").getByRole("img", { name: "done" }).waitFor();
  await task("Know the way").getByRole("img", { name: "not yet" }).waitFor();
  await page.close();
});
