/** The trained runs that come with the package, below `examples/`: part of the site unless `galatea lab` serves them. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";
import { PACKAGE } from "./ort.ts";

/** What the playground and the digits open. */
const FILES: readonly string[] = [
  ["lunar-lander", 1_000_000],
  ["minatar-breakout", 512_000],
  ["ddpm-mnist", 8000],
].flatMap(([name, step]) =>
  [
    "config.json",
    "checkpoints/index.json",
    `checkpoints/${step}/state.json`,
    `checkpoints/${step}/weights.safetensors`,
  ].map((file) => `examples/${name}/${file}`),
);

export function shipped(root: string): Plugin {
  let mode = "";
  return {
    name: "galatea-lab:shipped",
    configResolved: (config) => {
      mode = config.mode;
    },
    configureServer: ({ middlewares }) => {
      middlewares.use((request, response, next) => {
        const file = FILES.find((known) => request.url?.split("?")[0] === `/${known}`);
        if (!file) return next();
        createReadStream(join(root, file)).pipe(response);
      });
    },
    async generateBundle() {
      if (mode === PACKAGE) return;
      for (const fileName of FILES)
        this.emitFile({ type: "asset", fileName, source: await readFile(join(root, fileName)) });
    },
  };
}
