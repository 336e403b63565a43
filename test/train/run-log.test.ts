import { expect, test } from "vitest";
import { configOf, differences, parseLog, settingsOf } from "../../src/train/run-log.ts";
import { agentRun } from "../run-configs.ts";

test("a damaged line is told by its number, and the others are read", () => {
  const text = '{"step":1,"loss":2}\n{"step":2,"lo\nnull\n{"loss":1}\n\n{"step":4,"loss":null}\n{"step":5';
  const { rows, damaged, rest } = parseLog(text);
  expect(rows).toEqual([
    { step: 1, loss: 2 },
    { step: 4, loss: null },
  ]);
  expect(damaged).toEqual([2, 3, 4]);
  expect(rest).toBe('{"step":5');
});

const CONFIG = agentRun({ options: { hidden: [64, 64], lr: 0.001 } });

test("the settings in which runs differ", () => {
  const configs = [CONFIG, { ...CONFIG, seed: 1, options: { hidden: [8], lr: 0.001 } }].map(
    (one) => configOf(JSON.stringify(one), "config.json").config!,
  );
  const settings = configs.map(settingsOf);
  expect(settings[0]).toMatchObject({ hidden: "64,64", agent: "dqn" });
  expect(differences(settings)).toEqual(["seed", "hidden"]);
});

test("a configuration that cannot be read gives its reason", () => {
  expect(configOf("{", "runs/a/config.json").problem).toContain("runs/a/config.json is not JSON");
  expect(configOf(JSON.stringify({ ...CONFIG, format: 9 }), "c").problem).toContain("of a newer galatea");
});
