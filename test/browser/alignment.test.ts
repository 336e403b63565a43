import { afterAll, expect, test } from "vitest";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { alignGpt } from "./alignment-training.ts";
import { openPage } from "./harness.ts";

const page = await openPage({ entry: "alignment-tasks.ts" });
afterAll(() => page.close());

const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;

test("a browser tab fine-tunes a GPT, then RLOO makes it better, from the completions that Node draws", async () => {
  const there = await page.call<number[]>("rloo", { steps: 40 });
  const engine = await nodeEngine({ threads: 1 });
  const here = await alignGpt(engine, 1);
  await engine.dispose();
  // Rounding may let a draw or two of 64 fall otherwise.
  expect(Math.abs(there[0]! - here[0]!)).toBeLessThan(0.05);
  expect(there).toHaveLength(40);
  expect(mean(there.slice(-5))).toBeGreaterThan(mean(there.slice(0, 5)) + 0.1);
});
