/** The page of agents: what learns gets better, goes the same way again, can be taken over, and is never empty. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, openLab, VIEWS, violations, visit } from "./lab-pages.ts";

let lab: Lab;
let runs: string;

beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), "galatea-runs-"));
  lab = await openLab(runs);
}, 180_000);
afterAll(async () => {
  await lab?.close();
  await rm(runs, { recursive: true });
});

const PATIENT = { timeout: 120_000 };
const ready = (page: Page) => page.locator(".bar .primary:not([disabled])").waitFor(PATIENT);
const pane = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
const numberOf = async (page: Page, agent: string, name: string): Promise<number> =>
  Number.parseFloat((await pane(page, agent).locator(`[data-number=${name}]`).textContent()) ?? "");
const stepOf = async (page: Page, agent: string): Promise<number> =>
  Number(await pane(page, agent).locator("[data-step]").getAttribute("data-step"));

test.each(VIEWS)("%s, %s: the page has no violation of WCAG 2.2 AA and no error", async (lang, theme) => {
  const { page, problems } = await visit(lab, `${lang}/agents`, theme);
  await page.locator(".stage svg").first().waitFor(PATIENT);
  expect(await violations(page)).toEqual([]);
  await ready(page);
  await page.locator(".pane .bar button").first().click();
  expect(await violations(page), "taken over").toEqual([]);
  // What an agent of continuous actions says has a picture of its own.
  if (lang === "en") {
    await page.evaluate((hash) => (location.hash = hash), `#/${lang}/agents?agent=sac&twin=none`);
    await page.locator(".stage svg").first().waitFor(PATIENT);
    expect(await violations(page), "a pendulum").toEqual([]);
  }
  expect(problems).toEqual([]);
  await page.close();
});

test("PPO learns to balance, ahead of A2C in the same steps; both agents are seen at play", async () => {
  const { page, problems } = await visit(lab, "en/agents");
  await page
    .getByText(/^recorded: as it played after \d+ steps$/)
    .first()
    .waitFor(PATIENT);
  await ready(page);
  await page.locator(".bar .primary").click();
  await expect.poll(() => stepOf(page, "PPO"), PATIENT).toBeGreaterThan(12_000);
  await page.locator(".bar .primary").click();
  const [ppo, a2c] = [await numberOf(page, "PPO", "mean"), await numberOf(page, "A2C", "mean")];
  expect(ppo).toBeGreaterThan(100);
  expect(ppo).toBeGreaterThan(a2c);
  const [left, right] = [await stepOf(page, "PPO"), await stepOf(page, "A2C")];
  expect(Math.abs(left - right)).toBeLessThan(1500);
  await pane(page, "PPO")
    .getByText(/^as it plays after [1-9]\d* steps$/)
    .waitFor(PATIENT);
  await pane(page, "A2C")
    .getByText(/^as it plays after [1-9]\d* steps$/)
    .waitFor(PATIENT);
  await page.getByRole("img", { name: "Return of episodes over the steps" }).waitFor();
  expect(problems).toEqual([]);
  await page.close();
});

test("rewound, an agent gets the same returns from the same updates", async () => {
  const { page, problems } = await visit(lab, "en/agents?agent=a2c&twin=none&envs=2");
  const shown = pane(page, "A2C").locator("[data-number=mean]");
  async function again(): Promise<string[]> {
    await page.getByRole("button", { name: "Rewind" }).click(PATIENT);
    await expect.poll(() => stepOf(page, "A2C"), PATIENT).toBe(0);
    const seen: string[] = [];
    for (let update = 1; update <= 8; update++) {
      await page.getByRole("button", { name: "One update" }).click();
      await expect.poll(() => stepOf(page, "A2C"), PATIENT).toBe(update * 10);
      seen.push((await shown.textContent()) ?? "");
    }
    return seen;
  }
  await ready(page);
  const first = await again();
  expect(Number(first.at(-1))).toBeGreaterThan(0);
  expect(await again()).toEqual(first);
  expect(problems).toEqual([]);
  await page.close();
});

test("by keyboard alone: one update, a game taken over and given back", async () => {
  const { page, problems } = await visit(lab, "en/agents?twin=none");
  await ready(page);
  await page.getByRole("button", { name: "One update" }).focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => stepOf(page, "PPO"), PATIENT).toBe(256);
  await pane(page, "PPO")
    .getByText(/^as it plays after \d+ steps$/)
    .waitFor(PATIENT);
  const take = page.getByRole("button", { name: "I play" });
  await take.focus();
  await page.keyboard.press("Enter");
  const stage = page.locator(".stage");
  const frame = async (): Promise<number> => Number(await stage.getAttribute("data-frame"));
  // Pushed to the right alone, the pole falls to the left, and another episode begins.
  await page.keyboard.down("ArrowRight");
  await expect
    .poll(async () => (await stage.textContent()) ?? "", PATIENT)
    .toMatch(/angle -1\d\.\d+° \(right\)/);
  await page.keyboard.up("ArrowRight");
  await expect.poll(frame, PATIENT).toBe(0);
  await page.keyboard.press("Escape");
  await page.getByText("as it plays after 256 steps").waitFor(PATIENT);
  expect(await take.getAttribute("aria-pressed")).toBe("false");
  expect(problems).toEqual([]);
  await page.close();
});

test("a task is done when the numbers say so; what is used up says so, and a rewind begins anew", async () => {
  const { page } = await visit(lab, "en/agents?twin=none&clip=0.001");
  await ready(page);
  const task = page.getByRole("listitem").filter({ hasText: "more than half of all ratios" });
  expect(await task.getByRole("img").getAttribute("aria-label")).toBe("not yet");
  await page.locator(".bar .primary").click();
  await expect.poll(() => task.getByRole("img").getAttribute("aria-label"), PATIENT).toBe("done");
  await page.getByText("Its steps are used up").waitFor({ timeout: 170_000 });
  expect(await stepOf(page, "PPO")).toBe(50_000);
  await page.getByRole("button", { name: "Rewind" }).click();
  await expect.poll(() => stepOf(page, "PPO"), PATIENT).toBe(0);
  await ready(page);
  await page.close();
});

test("picture, episode and curves are saved; the command is that of the command line", async () => {
  const { page, problems } = await visit(lab, "en/agents?agent=dqn&twin=none&lr=0.002");
  await ready(page);
  await page.getByRole("button", { name: "One update" }).click();
  await expect.poll(() => stepOf(page, "DQN"), PATIENT).toBe(256);
  await pane(page, "DQN")
    .getByText(/^as it plays after \d+ steps$/)
    .waitFor(PATIENT);
  const saved = async (name: string): Promise<readonly [string, string]> => {
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name }).click(),
    ]);
    return [file.suggestedFilename(), await readFile(await file.path(), "utf8")];
  };
  const [picture, svg] = await saved("Picture (SVG)");
  expect(picture).toMatch(/^dqn-CartPole-v1-step-\d+\.svg$/);
  expect(svg).toMatch(/^<svg /);
  const [, csv] = await saved("Episode (CSV)");
  expect(csv).toMatch(/^step,state_0,state_1,state_2,state_3,q_0,q_1,value,action,reward\n0,/);
  const [curves, json] = await saved("Curves (JSON)");
  expect(curves).toBe("dqn-CartPole-v1-step-256.json");
  expect(JSON.parse(json)).toMatchObject({ name: "dqn", options: { lr: 0.002 }, seed: 0 });
  await page.getByText("As a command").click();
  await page
    .getByText(
      /^npx galatea rl train dqn --env CartPole-v1 --steps 50000 --seed 0 --hidden 64,64 --no-double --lr 0\.002$/,
    )
    .waitFor();
  expect(problems).toEqual([]);
  await page.close();
});

test("what an address asks for in vain is said, and the rest goes on", async () => {
  const { page } = await visit(lab, "en/agents?agent=a3c&twin=nobody&env=Doom-v1&seed=x&clip=-1");
  await page.getByText("There is no agent “a3c” here").waitFor();
  await page.getByText("There is no agent “nobody” here").waitFor();
  await page.getByText("There is no environment “Doom-v1” here").waitFor();
  await page.getByText("“x” is not a seed").waitFor();
  await page.getByText("“-1” is no value for clip").waitFor();
  await page.goto(`${lab.url}#/en/agents?agent=sac&env=CartPole-v1`);
  await page.getByText("SAC does not learn in CartPole-v1 here").waitFor();
  await page.close();
});
