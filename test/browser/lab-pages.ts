/** The lab's pages, built from the sources as they are, and a browser to visit them with. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { labServer, SERVED } from "../../src/cli/lab-server.ts";
import { CHROMIUM, FLAGS } from "./harness.ts";
import { FOLDER } from "./lab-folder.ts";

export interface Lab {
  readonly url: string;
  readonly browser: Browser;
  close(): Promise<void>;
}

/** The pages, built where that has not been done yet; and how they are thrown away. */
async function builtPages(): Promise<{ readonly pages: string; discard(): Promise<void> }> {
  const shared = process.env[FOLDER];
  const outDir = shared ?? (await mkdtemp(join(tmpdir(), "galatea-lab-")));
  if (!existsSync(join(outDir, "index.html")))
    await build({
      root: fileURLToPath(new URL("../../lab", import.meta.url)),
      configFile: fileURLToPath(new URL("../../lab/vite.config.ts", import.meta.url)),
      build: { outDir, emptyOutDir: true },
      logLevel: "error",
    });
  return { pages: outDir, discard: async () => void (shared ?? (await rm(outDir, { recursive: true }))) };
}

/** Serve the pages with the runs of a folder, and open a browser. */
export async function openLab(runs: string): Promise<Lab> {
  const built = await builtPages();
  const app = labServer({ runs, pages: built.pages });
  const server = serve({ ...SERVED, fetch: app.fetch, port: 0 });
  await new Promise<void>((done) => server.once("listening", done));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    browser,
    close: async () => {
      await browser.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await built.discard();
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
