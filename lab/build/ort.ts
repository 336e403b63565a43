/** The files of ONNX Runtime below `ort/`: served in development, and part of the site unless `galatea lab` serves them. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import type { Plugin } from "vite";

const FILES = ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"] as const;
const TYPES: Readonly<Record<string, string>> = { ".mjs": "text/javascript", ".wasm": "application/wasm" };
const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));

/** The mode in which the site is built for the npm package, whose server has these files from node_modules. */
export const PACKAGE = "package";

export function ort(): Plugin {
  let mode = "";
  return {
    name: "galatea-lab:ort",
    configResolved: (config) => {
      mode = config.mode;
    },
    configureServer: ({ middlewares }) => {
      middlewares.use((request, response, next) => {
        const name = /^\/ort\/([^?]*)/.exec(request.url ?? "")?.[1];
        const file = FILES.find((known) => known === name);
        if (!file) return next();
        response.setHeader("Content-Type", TYPES[extname(file)]!);
        createReadStream(join(folder, file)).pipe(response);
      });
    },
    async generateBundle() {
      if (mode === PACKAGE) return;
      for (const file of FILES)
        this.emitFile({ type: "asset", fileName: `ort/${file}`, source: await readFile(join(folder, file)) });
    },
  };
}
