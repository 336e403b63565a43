/** The pages of sequences, of rewards for a GPT and of the bridge: what learns moves, and goes the same way again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { visitOffline } from "./lab-offline.ts";
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

const PATIENT = { timeout: 60_000 };
const numberOf = async (page: Page, name: string): Promise<number> =>
  Number.parseFloat((await page.locator(`[data-number=${name}]`).first().textContent()) ?? "");
const ready = (page: Page) => page.locator(".bar .primary:not([disabled])").waitFor(PATIENT);
const play = (page: Page) => page.locator(".bar .primary:not([disabled])").click(PATIENT);
const until = (page: Page, step: number) =>
  page.waitForFunction(
    (n) => Number(document.querySelector<HTMLElement>("[data-step]")!.dataset.step) >= n,
    step,
    { timeout: 120_000 },
  );

/** Presses "Rewind", then "One step" so often; gives a number of the first experiment after each. */
async function again(page: Page, steps: number, name: string): Promise<number[]> {
  const shown = page.locator(`[data-number=${name}]`).first();
  const seen: number[] = [];
  for (let step = 0; step <= steps; step++) {
    await page.getByRole("button", { name: step === 0 ? "Rewind" : "One step" }).click();
    await expect.poll(() => shown.getAttribute("data-look"), PATIENT).toBe(String(step));
    seen.push(await numberOf(page, name));
  }
  return seen;
}

test.each(VIEWS)("%s, %s: pages have no violation of WCAG 2.2 AA and no error", async (lang, theme) => {
  const { page, problems } = await visit(lab, `${lang}/sequence?model=code&twin=none`, theme);
  await ready(page);
  expect(await violations(page), "sequence").toEqual([]);
  for (const address of ["sequence/gpt", "alignment", "bridge/741"]) {
    await page.evaluate((hash) => (location.hash = hash), `#/${lang}/${address}`);
    await page.locator(".bar .primary").waitFor();
    expect(await violations(page), address).toEqual([]);
  }
  expect(problems).toEqual([]);
  await page.close();
});

test("attention learns to reverse what a fixed code cannot yet; rewound, it takes the same steps", async () => {
  const { page, problems } = await visit(lab, "en/sequence");
  await play(page);
  await until(page, 60);
  await page.locator(".bar .primary").click();
  await expect.poll(() => numberOf(page, "accuracy"), PATIENT).toBeGreaterThan(60);
  await page.getByRole("img", { name: /^alignment\. .* looks at / }).waitFor();
  await page.getByText("It has no attention").waitFor();
  await page.getByLabel("Source", { exact: true }).fill("abcxyz");
  await page.getByText("“abcxyz” cannot be read").waitFor();
  await page.getByLabel("Source", { exact: true }).fill("cab");
  await expect.poll(() => page.locator(".own .letters").first().textContent(), PATIENT).toBe("cab");
  expect(await again(page, 3, "loss")).toEqual(await again(page, 3, "loss"));
  expect(problems).toEqual([]);
  await page.close();
});

test("a GPT learns names, and writes the same for the same seed, letter by letter", async () => {
  const { page, problems } = await visit(lab, "en/sequence/gpt?layers=1&width=32");
  await play(page);
  await until(page, 40);
  await page.locator(".bar .primary").click();
  await expect.poll(() => numberOf(page, "loss"), PATIENT).toBeLessThan(3);
  await page.getByLabel("It begins with").fill("ma");
  const names = page.locator(".names");
  const written = async (): Promise<string> => {
    const lengths = new Set<number>();
    await page.getByRole("button", { name: "Write", exact: true }).click();
    const all = () => names.locator("li").allTextContents();
    const begun = async (): Promise<number> => {
      const now = await all();
      lengths.add(now.join("").length);
      return now.length;
    };
    await expect.poll(begun, PATIENT).toBe(6);
    expect(lengths.size).toBeGreaterThan(2); // it came bit by bit
    await page.locator('.names[aria-busy="false"]').waitFor();
    return (await all()).join(" ");
  };
  const first = await written();
  expect(first).toMatch(/^ma/);
  expect(await written()).toBe(first);
  await page.getByLabel("It begins with").fill("7");
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.getByText('the character "7"').waitFor();
  expect(problems).toEqual([]);
  await page.close();
});

test("rewards move a policy up and away, below the exact curve; rewound, it goes the same way", async () => {
  const { page, problems } = await visit(lab, "en/alignment?beta=0.1&lr=0.003");
  await page.locator('[data-number=kl][data-look="0"]').waitFor(PATIENT);
  const start = await numberOf(page, "reward");
  await play(page);
  await until(page, 15);
  await page.locator(".bar .primary").click();
  await expect.poll(() => numberOf(page, "reward"), PATIENT).toBeGreaterThan(start + 0.05);
  expect(await numberOf(page, "kl")).toBeGreaterThan(0);
  expect(await numberOf(page, "reward")).toBeLessThan((await numberOf(page, "most")) + 0.002);
  expect(await again(page, 2, "kl")).toEqual(await again(page, 2, "kl"));
  expect(problems).toEqual([]);
  await page.close();
});

test("the bridge: three ways to one answer, by keyboard, step by step and back", async () => {
  const { page, problems } = await visit(lab, "en/bridge/64");
  await page.getByRole("button", { name: "One step" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("1 of 9 entries", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByText("0 of 9 entries", { exact: true }).waitFor();
  await page.getByRole("button", { name: "To the end" }).click();
  for (const way of ["classic", "sweeping", "learning"])
    await expect.poll(() => page.locator(`[data-answer=${way}]`).textContent()).toBe("7");
  expect(await page.locator("pre.source").count()).toBe(2);
  expect(problems).toEqual([]);
  await page.close();
});

test("what an address asks for in vain is said, and the rest goes on", async () => {
  const { page } = await visit(lab, "en/sequence?model=nope&task=count&seed=x&width=0");
  await page.getByText("There is no model “nope” here").waitFor();
  await page.getByText("There is no task “count” here").waitFor();
  await page.getByText("“x” is not a seed").waitFor();
  await page.getByText("“0” is no value for width").waitFor();
  await page.goto(`${lab.url}#/en/alignment?method=dqn&group=1`);
  await page.getByText("“dqn” is no value for method").waitFor();
  await page.getByText("“1” is no value for group").waitFor();
  await page.goto(`${lab.url}#/en/bridge/65?input=9`);
  await page.getByText("There is no problem 65 here").waitFor();
  await page.getByText("“9” is no input of this problem").waitFor();
  await page.close();
});

test("until the engine is there, something recorded plays", async () => {
  const context = await lab.browser.newContext();
  const page = await context.newPage();
  // The engine does not come.
  await page.route(/\.wasm$/, () => undefined);
  const recorded = page.getByText(/^recorded with the usual settings, step \d+/).first();
  await page.goto(`${lab.url}#/en/sequence?twin=none`);
  await recorded.waitFor();
  await page.getByRole("img", { name: /^alignment\. .* looks at / }).waitFor();
  await expect.poll(() => page.locator(".written .good").count(), PATIENT).toBeGreaterThan(2);
  await page.evaluate(() => (location.hash = "#/en/sequence/gpt"));
  await recorded.waitFor();
  await expect.poll(() => page.locator(".names li").count()).toBe(6);
  await page.locator(".curve canvas").waitFor(PATIENT);
  await page.evaluate(() => (location.hash = "#/en/alignment?method=grpo"));
  await recorded.waitFor();
  expect(await numberOf(page, "reward")).toBeGreaterThan(0);
  await context.close();
});

test("a task is done when its numbers say so, and stays done; a question tells why", async () => {
  const { page, problems } = await visit(lab, "en/sequence?model=no-residual&twin=none");
  const task = page.getByRole("listitem").filter({ hasText: "learns nothing at all" });
  await ready(page);
  await task.getByRole("img", { name: "not yet" }).waitFor();
  await play(page);
  await until(page, 100);
  await task.getByRole("img", { name: "done" }).waitFor(PATIENT);
  await page.getByLabel(/^Model/).selectOption("dot");
  await ready(page);
  await task.getByRole("img", { name: "done" }).waitFor();
  const question = page.getByRole("group", { name: /^A Transformer without positions is to sort/ });
  await question.getByRole("button", { name: /^Mostly/ }).click();
  await question.getByText("Right.").waitFor();
  expect(problems).toEqual([]);
  await page.close();
});

test("what is shown of an experiment can be copied as a command and as a program", async () => {
  const { page } = await visit(lab, "en/alignment?beta=0.1");
  for (const [name, text] of [
    ["As a command", "npx galatea train rloo"],
    ["As TypeScript", "beta: 0.1"],
  ] as const) {
    await page.getByText(name, { exact: true }).click();
    await page.getByText(text).waitFor();
  }
  await page.close();
});

/** One step, in the page's own worker. */
const step = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "One step" }).click(PATIENT);
  await page.locator('[data-step="1"]').first().waitFor(PATIENT);
};

test.each([
  ["pairs", "en/sequence?twin=none", [/pairs-worker-/, /seq2seq-model-/]],
  ["a GPT", "en/sequence/gpt?layers=1&width=32", [/gpt-worker-/]],
  ["rewards", "en/alignment", [/AlignmentPage-/]],
] as const)("a second visit trains without a network: %s", async (_, address, kept) => {
  await visitOffline(lab, { [address]: step }, [/\.wasm$/, ...kept]);
});
