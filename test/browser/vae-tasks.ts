/** What the VAE's test page can be asked to do. Everything here runs in the browser. */
import { openData } from "../../src/data/web.ts";
import { webEngine } from "../../src/engine/onnx/web.ts";
import { trainVae } from "./vae-training.ts";

export const tasks = {
  async vae({
    steps,
    threads,
  }: {
    steps: number;
    threads: number;
  }): Promise<{ losses: number[]; engine: string }> {
    const data = await openData("mnist", { url: "/mnist/" });
    const engine = await webEngine({ device: "wasm", threads, wasmPaths: "/ort/" });
    const losses = await trainVae(engine, data, steps);
    const { name } = engine;
    await engine.dispose();
    return { losses, engine: name };
  },
};
