/** What the GPT's test page can be asked to do. Everything here runs in the browser. */
import { openData } from "../../src/data/web.ts";
import { webEngine } from "../../src/engine/onnx/web.ts";
import { type Trained, trainGpt } from "./gpt-training.ts";

export interface Shown extends Trained {
  /** How long the page's text was after each piece. */
  readonly lengths: number[];
}

export const tasks = {
  async gpt({ steps }: { steps: number }): Promise<Shown> {
    const data = await openData("names", { url: "/names/" });
    const engine = await webEngine({ device: "wasm", threads: 2, wasmPaths: "/ort/" });
    const lengths: number[] = [];
    const trained = await trainGpt(engine, data, steps, (piece) => {
      document.body.append(piece);
      lengths.push(document.body.textContent.length);
    });
    await engine.dispose();
    return { ...trained, lengths };
  },
};
