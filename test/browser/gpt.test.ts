import { afterAll, expect, test } from "vitest";
import { openData } from "../../src/data/node.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import type { Shown } from "./gpt-tasks.ts";
import { trainGpt } from "./gpt-training.ts";
import { openPage } from "./harness.ts";

const page = await openPage({ entry: "gpt-tasks.ts" });
afterAll(() => page.close());

const STEPS = 20;

test("a browser tab trains the GPT on names to the losses Node gets, and writes the same, as it comes", async () => {
  const there = await page.call<Shown>("gpt", { steps: STEPS });

  const engine = await nodeEngine({ threads: 2 });
  const here = await trainGpt(engine, await openData("names"), STEPS);
  await engine.dispose();

  expect(there.losses).toHaveLength(STEPS);
  const gaps = here.losses.map((loss, i) => Math.abs(there.losses[i]! - loss) / loss);
  expect(Math.max(...gaps)).toBeLessThan(1e-5);
  expect(here.losses.at(-1)!).toBeLessThan(0.9 * here.losses[0]!);

  expect(there.text).toBe(here.text);
  expect(there.text).toHaveLength(40);
  // Letter by letter, not at the end.
  expect(there.lengths).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});
