import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { IDX_FILES } from "./idx.ts";
import { mnistFolder } from "./images.node.ts";

/** The part of Vite's plugin type that is used, so that Vite is not needed to build this package. */
export interface MnistPlugin {
  readonly name: string;
  configResolved(config: { readonly base: string }): void;
  configureServer(server: {
    readonly middlewares: {
      use(
        path: string,
        handle: (request: IncomingMessage, response: ServerResponse, next: () => void) => void,
      ): unknown;
    };
  }): void;
  generateBundle(this: {
    emitFile(file: { type: "asset"; fileName: string; source: Uint8Array }): unknown;
  }): Promise<void>;
}

/**
 * A Vite plugin that serves MNIST's four files to a page below `mnist/`, in development and in builds. They are
 * gzipped, 12 MB in all.
 *
 * ```ts
 * // vite.config.ts
 * import { mnist } from "galatea/vite";
 * export default { plugins: [mnist()] };
 * // in the page
 * const data = await openData("mnist", { url: `${import.meta.env.BASE_URL}mnist/` });
 * ```
 */
export function mnist(): MnistPlugin {
  const files = new Map(Object.values(IDX_FILES).map((name) => [name as string, zipped(name)]));
  let base = "/";
  return {
    name: "galatea:mnist",
    configResolved: (config) => {
      base = config.base;
    },
    configureServer: ({ middlewares }) => {
      middlewares.use(`${base}mnist`, (request, response, next) => {
        const file = files.get((request.url ?? "").replace(/^\/|\?.*$/g, ""));
        if (!file) return next();
        response.setHeader("content-type", "application/octet-stream");
        file().then(
          (bytes) => response.end(bytes),
          (error: Error) => response.writeHead(500, error.message).end(),
        );
      });
    },
    async generateBundle() {
      for (const [name, file] of files)
        this.emitFile({ type: "asset", fileName: `mnist/${name}`, source: await file() });
    },
  };
}

/** Read and gzip a file on first use. */
function zipped(name: string): () => Promise<Uint8Array> {
  let bytes: Promise<Uint8Array> | undefined;
  return () => (bytes ??= readFile(join(mnistFolder(), name)).then((plain) => promisify(gzip)(plain)));
}
