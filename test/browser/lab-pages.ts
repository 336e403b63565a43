/** The lab's pages, built from the sources as they are, and a browser to visit them with. */
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { labServer } from "../../src/cli/lab-server.ts";
import { CHROMIUM, FLAGS } from "./harness.ts";

export interface Lab {
  readonly url: string;
  readonly browser: Browser;
  close(): Promise<void>;
}

/** Build the pages, and serve them with the runs of a folder. */
export async function openLab(runs: string): Promise<Lab> {
  const outDir = await mkdtemp(join(tmpdir(), "galatea-lab-"));
  await build({
    root: fileURLToPath(new URL("../../lab", import.meta.url)),
    configFile: fileURLToPath(new URL("../../lab/vite.config.ts", import.meta.url)),
    build: { outDir, emptyOutDir: true },
    logLevel: "error",
  });
  const app = labServer({ runs, pages: outDir });
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise<void>((done) => server.once("listening", done));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    browser,
    close: async () => {
      await browser.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(outDir, { recursive: true });
    },
  };
}

export const VIEWS = (["en", "zh"] as const).flatMap((lang) =>
  (["light", "dark"] as const).map((theme) => [lang, theme] as const),
);

/** A page that collects what its console says is wrong. */
export async function visit(
  { browser, url }: Lab,
  address: string,
  colorScheme: "light" | "dark" = "light",
): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(`${url}#/${address}`);
  return { page, problems };
}

/** What axe-core finds against WCAG 2.2 AA, each as a sentence. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations: found } = (await page.evaluate(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })",
  )) as { violations: { id: string; help: string; nodes: { html: string }[] }[] };
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]!.html}`);
}
