import { afterAll, expect, test } from "vitest";
import { openData } from "../../src/data/node.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { openPage } from "./harness.ts";
import { trainVae } from "./vae-training.ts";

const page = await openPage({ entry: "vae-tasks.ts" });
afterAll(() => page.close());

const STEPS = 50;

test("a browser tab trains the VAE on MNIST with two threads, to the losses Node gets", async () => {
  const there = await page.call<{ losses: number[]; engine: string }>("vae", { steps: STEPS, threads: 2 });
  expect(there.engine).toBe("onnxruntime-web wasm, 2 threads");
  expect(page.workers()).toBe(1);

  const engine = await nodeEngine({ threads: 2 });
  const here = await trainVae(engine, await openData("mnist"), STEPS);
  await engine.dispose();

  expect(there.losses).toHaveLength(STEPS);
  // Nats an image, 543 to 204, where float32 steps are 6e-5 wide: the bound is relative (seen: 1.2e-6).
  const gaps = here.map((loss, i) => Math.abs(there.losses[i]! - loss) / Math.abs(loss));
  expect(Math.max(...gaps)).toBeLessThan(1e-5);
  expect(here.at(-1)!).toBeLessThan(0.5 * here[0]!);
});
