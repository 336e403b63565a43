import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defaultClientConditions, defineConfig } from "vite";
import { algorithms } from "./build/algorithm.ts";
import { bridge } from "./build/bridge.ts";
import { controls } from "./build/controls.ts";
import { digits } from "./build/digits.ts";
import { oneFontFormat } from "./build/formulas.ts";
import { mapLayout } from "./build/map-layout.ts";
import { names } from "./build/names.ts";
import { ort } from "./build/ort.ts";
import { shipped } from "./build/shipped.ts";
import { sources } from "./build/source.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const root = at("..");

export default defineConfig({
  root: at("."),
  // Relative addresses: the lab works below any path of any host.
  base: "./",
  plugins: [
    svelte({ configFile: false }),
    oneFontFormat(),
    mapLayout(),
    algorithms(root),
    sources(root),
    bridge(root),
    controls(),
    names(),
    ort(),
    shipped(root),
    digits(),
  ],
  resolve: {
    alias: { galatea: at("../src") },
    // ONNX Runtime's own files are fetched from ort/, and not copied under a name of the bundler.
    conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions],
  },
  // ONNX Runtime would begin its threads from a classic worker's own file.
  worker: { format: "es", plugins: () => [names()] },
  build: { outDir: at("../dist/lab"), emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 1000 },
  server: { fs: { allow: [at("..")] } },
});
