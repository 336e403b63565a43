/** What the lab draws has a name in both languages. */
import { afterAll, expect, test } from "vitest";
import { Alignment } from "../../lab/src/alignment/alignment.ts";
import { METHODS, USUAL } from "../../lab/src/alignment/setup.ts";
import type { Value } from "../../lab/src/experiment/controls.ts";
import { metricName, metricWord } from "../../lab/src/experiment/metrics.ts";
import { Experiment } from "../../lab/src/plane/experiment.ts";
import { MODEL_NAMES, type ModelName } from "../../lab/src/plane/models.ts";
import { Pairs } from "../../lab/src/sequence/pairs.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import type { Metrics } from "../../src/train/checkpoint.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

function allNamed(metrics: Metrics): void {
  expect(Object.keys(metrics)).not.toEqual([]);
  for (const lang of ["en", "zh"] as const)
    expect(Object.keys(metrics).filter((key) => metricWord(key, lang) === undefined)).toEqual([]);
}

const PLANE: readonly (readonly [ModelName, Readonly<Record<string, Value>>])[] = [
  ...MODEL_NAMES.map((model) => [model, {}] as const),
  ["gan", { loss: "wgan-gp" }],
];
test.each(PLANE)("in the plane: %s %j", async (model, options) => {
  const live = await Experiment.open({ model, data: "ring-8", seed: 0, options }, engine);
  allNamed((await live.next()).metrics);
  await live.dispose();
});

test("sequences", async () => {
  const pairs = await Pairs.open({ variant: "dot", task: "copy", seed: 0, options: {} }, engine);
  allNamed((await pairs.next()).metrics);
  await pairs.dispose();
});

test.each(METHODS)("rewards: %s", async (method) => {
  const live = await Alignment.open({ ...USUAL, method }, engine, () => undefined);
  allNamed((await live.next()).metrics);
  await live.dispose();
});

test("a key without a word stays as it is; of two players the word begins with whose it is", () => {
  expect(metricName("discriminator/loss", "en")).toBe("discriminator: loss");
  expect(metricName("generator/grad_norm", "zh")).toBe("生成器：梯度的范数");
  expect(metricName("evaluation/return", "en")).toBe("evaluation/return");
  expect(metricName("toString", "en")).toBe("toString");
});
