import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { z } from "zod";
import { mnistFolder } from "../data/images.node.ts";
import { UserError } from "../errors.ts";
import { EXAMPLES, RUNS } from "../train/folders.node.ts";
import { Cli } from "./command.ts";
import type { Shell } from "./common.ts";
import { Printer } from "./io.ts";
import { labServer, SERVED } from "./lab-server.ts";
import { openInBrowser } from "./open-browser.ts";
import { addOptions, pickOptions } from "./options.ts";

const LabOptions = z.strictObject({
  port: z.int().min(0).max(65_535).default(6007).describe("where it listens; 0: any port that is free"),
  open: z.boolean().default(true).describe("do not open a browser"),
  json: z.boolean().default(false).describe("print only JSON lines on stdout"),
});

/** The built pages: beside the built command line, or where the workspace puts them. */
const PAGES = [new URL("../lab", import.meta.url), new URL("../../dist/lab", import.meta.url)].map((url) =>
  fileURLToPath(url),
);

/** What the pages need and this machine has already: ONNX Runtime, the trained runs, and MNIST. */
const more = (): Readonly<Record<string, string>> => ({
  "/ort": dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm")),
  "/examples": EXAMPLES,
  "/mnist": mnistFolder(),
});

export function labCommand({ io }: Shell): Cli {
  const command = new Cli("lab")
    .description(
      "Open the lab: the map of all algorithms, each with what it changes in the one it grew from, and your runs, whose curves " +
        "and samples are drawn while they train. It listens on 127.0.0.1 alone, and only reads. Ctrl-C ends it.",
    )
    .argument("[dir]", "folder of runs, or one run", RUNS)
    .examples(
      ["galatea lab", "the lab, with the runs under runs/"],
      ["galatea lab experiments/runs --port 8080", "other runs, another port"],
      ["galatea lab --no-open", "without opening a browser"],
    ) as Cli;
  addOptions(command, LabOptions, "Options:");
  return command.action(async (dir: string, parsed: Record<string, unknown>) => {
    const { port, open, json } = pickOptions(LabOptions, parsed);
    if (dir !== RUNS && !existsSync(dir))
      throw new UserError(`there is no folder ${dir}: name one that holds runs, or a run`);
    const pages = PAGES.find((folder) => existsSync(join(folder, "index.html")));
    if (!pages)
      throw new UserError(
        `the lab's pages are not built: run npm run build in ${dirname(dirname(PAGES[1]!))}, or npm run lab for its development server`,
      );
    const app = labServer({ runs: dir, pages, more: more() });
    const server = serve({ ...SERVED, fetch: app.fetch, port });
    try {
      await new Promise<void>((done, fail) => {
        server.once("listening", done);
        server.once("error", fail);
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      throw new UserError(`port ${port} is taken: give another, or option \`port\` 0 for any that is free`);
    }
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const printer = new Printer(io, json);
    printer.line(`The lab is open at ${url} (runs in ${dir}). Ctrl-C ends it.`);
    printer.object({ command: "lab", url, runs: dir });
    if (open) openInBrowser(url);
    await new Promise<void>((done) => {
      if (io.signal.aborted) done();
      else io.signal.addEventListener("abort", () => done(), { once: true });
    });
    if ("closeAllConnections" in server) server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }) as Cli;
}
