/** What the test page of RL for GPT can be asked to do. Everything here runs in the browser. */
import { webEngine } from "../../src/engine/onnx/web.ts";
import { alignGpt } from "./alignment-training.ts";

export const tasks = {
  async rloo({ steps }: { steps: number }): Promise<number[]> {
    const engine = await webEngine({ device: "wasm", threads: 2, wasmPaths: "/ort/" });
    const rewards = await alignGpt(engine, steps);
    await engine.dispose();
    return rewards;
  },
};
