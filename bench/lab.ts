/**
 * npm run bench -- lab: what the lab's pages weigh and how fast they are, in headless Chromium on the cores that this machine has;
 * one JSON line each, with the bound that it is held to. CHROMIUM names the browser.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { openLab, visit } from "../test/browser/lab-pages.ts";
import { agentRun } from "../test/run-configs.ts";

const RUNS = 100;
const POINTS = 10_000;
/** Milliseconds for which frames and steps are counted, and restarts after which memory is looked at. */
const SPAN = 5000;
const RESTARTS = 40;
/** Milliseconds for which the list of runs is looked at. */
const LIST = 3000;
/** Times that a layer is switched on. */
const SWITCHES = 40;

const folder = mkdtempSync(join(tmpdir(), "galatea-bench-lab-"));
writeRuns();
const lab = await openLab(folder);

function say(what: string, value: number, unit: string, bound: string): void {
  console.log(JSON.stringify({ bench: `lab: ${what}`, value: Math.round(value * 100) / 100, unit, bound }));
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(share * values.length)]!;

/** What a page asks for until it is ready, gzipped as a host would send it. */
async function weigh(
  address: string,
  ready: (page: Page) => Promise<unknown>,
): Promise<{ scripts: number; all: number }> {
  // A service worker would fetch in place of the page, and not show what.
  const page = await lab.browser.newPage({ serviceWorkers: "block" });
  const asked = new Set<string>();
  page.on("request", (request) => asked.add(request.url().replace(/#.*/, "")));
  await page.goto(`${lab.url}#/${address}`);
  await ready(page);
  await page.close();
  let [scripts, all] = [0, 0];
  for (const url of asked) {
    if (!url.startsWith(lab.url)) continue;
    const bytes = gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length;
    all += bytes;
    if (/\.m?js$/.test(url)) scripts += bytes;
  }
  return { scripts, all };
}

async function weights(): Promise<void> {
  const map = await weigh("en", (page) => page.locator("main svg a").first().waitFor());
  say("script of the map", map.scripts / 1000, "kB gzipped", "≤ 70");
  const plane = await weigh("en/plane", playable);
  say("all of the plane, engine and all", plane.all / 1e6, "MB gzipped", "≤ 5");
}

const playable = (page: Page): Promise<void> =>
  page.locator("button.primary:enabled").first().waitFor({ timeout: 60_000 });

/** The step that the plane shows. */
const STEP = `Number(/step (\\d+)/.exec(document.querySelector(".panes").textContent)?.[1] ?? -1)`;

/** Let it play, and count its steps a second and the times of frames, after the first. */
async function played(page: Page): Promise<{ readonly steps: number; readonly frames: readonly number[] }> {
  await playable(page);
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await page.waitForFunction(`${STEP} > 50`, undefined, { timeout: 60_000 });
  return page.evaluate(`new Promise((done) => {
    const [frames, begin, first] = [[], performance.now(), ${STEP}];
    let before = begin;
    const look = (now) => {
      frames.push(now - before);
      before = now;
      if (now - begin < ${SPAN}) requestAnimationFrame(look);
      else done({ frames: frames.slice(1), steps: (${STEP} - first) / (now - begin) * 1000 });
    };
    requestAnimationFrame(look);
  })`);
}

async function training(): Promise<void> {
  for (const model of ["ae", "dae", "gan", "ddpm"]) {
    const { page } = await visit(lab, `en/plane?model=${model}`);
    say(`${model} in the plane`, (await played(page)).steps, "steps/s", "≥ 50");
    await page.close();
  }
  const { page } = await visit(lab, "en/plane");
  const { steps, frames } = await played(page);
  say("vae in the plane", steps, "steps/s", "≥ 50");
  say("frames while it trains, 95th percentile", quantile(frames, 0.95), "ms", "≤ 20");
  say("the longest frame", Math.max(...frames), "ms", "≤ 150");

  const waits: number[] = [];
  for (let i = 0; i < SWITCHES; i++) {
    const wait = (await page.evaluate(`(async () => {
      const button = [...document.querySelectorAll(".layers button")].find((each) => each.textContent === "arrows");
      const drawn = () => document.querySelector(".plane canvas").dataset.drawn.includes("field");
      const begin = performance.now();
      button.click();
      while (!drawn()) await new Promise(requestAnimationFrame);
      const wait = performance.now() - begin;
      button.click();
      // Until a picture without it has come.
      await new Promise((go) => setTimeout(go, 200));
      return wait;
    })()`)) as number;
    waits.push(wait);
  }
  say("from a switch to the picture while it trains, 95th percentile", quantile(waits, 0.95), "ms", "≤ 100");

  const restart = async (): Promise<number> => {
    const begin = performance.now();
    await page.getByRole("button", { name: "Rewind" }).click();
    await page.waitForFunction(`${STEP} === 0`, undefined, { polling: "raf" });
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await page.waitForFunction(`${STEP} > 0`, undefined, { polling: "raf" });
    return performance.now() - begin;
  };
  const times: number[] = [];
  for (let i = 0; i < 3; i++) times.push(await restart());
  const before = await memory();
  for (let i = 0; i < RESTARTS; i++) times.push(await restart());
  const after = await memory();
  say("a restart, median", quantile(times, 0.5), "ms", "≤ 400");
  say(`memory after ${RESTARTS} restarts`, 100 * (after / before - 1), "% more", "≤ 20");
  await page.close();
}

/** Resident memory of the browser's processes, in MB. */
async function memory(): Promise<number> {
  const session = await lab.browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const resident = ({ id }: { id: number }): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0) / 1024;
  return processInfo.map(resident).reduce((a, b) => a + b, 0);
}

/** From a press of a key to the curves of all runs: as soon as the list is there, and after it was looked at for a while. */
async function curves(): Promise<void> {
  const names = Array.from({ length: RUNS }, (_, i) => `run-${i}`).join(",");
  const draw = async (wait: number): Promise<number> => {
    const { page } = await visit(lab, "en/runs");
    await page.locator("[data-run]").first().waitFor();
    await page.waitForTimeout(wait);
    const begin = performance.now();
    await page.evaluate((draw) => {
      location.hash = `#/en/runs?draw=${draw}`;
    }, names);
    await page.waitForFunction(
      `document.querySelector(".uplot canvas") && document.querySelectorAll("figure .legend li").length === ${RUNS}`,
      undefined,
      { polling: "raf", timeout: 60_000 },
    );
    const time = performance.now() - begin;
    await page.close();
    return time;
  };
  const what = `curves of ${RUNS} runs of ${POINTS} points`;
  say(`${what}, as soon as the list is there`, await draw(0), "ms", "≤ 1000");
  const later: number[] = [];
  for (let i = 0; i < 5; i++) later.push(await draw(LIST));
  say(`${what}, after ${LIST / 1000} s at the list, median`, quantile(later, 0.5), "ms", "≤ 1000");
}

function writeRuns(): void {
  const config = { steps: POINTS, sampleEvery: POINTS, checkpointEvery: POINTS };
  for (let run = 0; run < RUNS; run++) {
    const path = join(folder, `run-${run}`);
    mkdirSync(path);
    writeFileSync(join(path, "config.json"), JSON.stringify(agentRun({ ...config, seed: run })));
    const line = (_: unknown, i: number): string =>
      `${JSON.stringify({ step: i + 1, loss: Math.exp(-i / 3000) + 0.1 * Math.sin(i + run) })}\n`;
    writeFileSync(join(path, "metrics.jsonl"), Array.from({ length: POINTS }, line).join(""));
  }
}

try {
  await weights();
  await training();
  await curves();
} finally {
  await lab.close();
  rmSync(folder, { recursive: true });
}
