import { defineConfig } from "tsdown";

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/index.node.ts",
    "src/{nn,optim,data,train,model,generative,sequence,plot,rl,map}/index.ts",
    "src/data/{image-files,vite.node}.ts",
    "src/generative/diffusion/index.ts",
    "src/rl/alignment/index.ts",
    "src/{data,train,model,plot,rl}/index.node.ts",
    "src/catalog.ts",
    "src/catalog.node.ts",
    "src/cli/main.ts",
  ],
  format: "esm",
  platform: "neutral",
  fixedExtension: false,
  // One file a module, as in src: what a page does not import it does not load.
  unbundle: true,
  // The declarations are tsc's (tsconfig.types.json): bundlers lose a tensor's array() and value(), which are a merged declaration.
  dts: false,
  deps: { neverBundle: [/^node:/] },
});
