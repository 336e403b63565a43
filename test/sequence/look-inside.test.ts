import { afterAll, beforeAll, expect, test } from "vitest";
import type { Data } from "../../src/data/data.ts";
import { taskData } from "../../src/data/tasks.ts";
import { lineData } from "../../src/data/text.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { begin } from "../../src/model/assemble.ts";
import { withModel } from "../../src/model/context.ts";
import type { Context, Output, World } from "../../src/model/contract.ts";
import type { Gpt } from "../../src/sequence/gpt.ts";
import { gpt } from "../../src/sequence/gpt-model.ts";
import { Key } from "../../src/tensor/random.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const words = lineData(
  "lines:words",
  Array.from({ length: 200 }, (_, i) => ["anna", "otto"][i % 2]).join("\n"),
);
const never = (): Promise<never> => Promise.reject(new Error("not needed"));
const world: World = { data: never, asset: never, file: never, run: never };

function use(data: Data, name: string, given: object, own: object = {}): Promise<Output> {
  const options = { layers: 2, heads: 2, width: 16, context: 8, ...own };
  const { task } = begin(gpt, { data, options, training: { batchSize: 16 } });
  const parts = { module: task.module as Gpt, options: gpt.options.parse(options), spec: data.spec, engine, key: Key.seed(0), world }; // biome-ignore format: one line
  return withModel(parts, (context) => {
    const command = gpt.commands[name]!;
    return command.run(context as Context<never, Gpt>, command.options.parse(given) as never);
  });
}
const kept = ({ files }: Output): never => JSON.parse(files![0]!.text) as never;

test("attention: a map of each layer and head, whose rows are shares of what came before", async () => {
  const out = await use(words, "attention", { prompt: "ann" });
  const { tokens, maps } = kept(out) as { tokens: string[]; maps: { layer: string; head: number; weights: number[][] }[] }; // biome-ignore format: one line
  expect(tokens).toEqual(["⏎", "a", "n", "n"]);
  expect(maps.map(({ layer, head }) => `${layer} ${head}`)).toEqual(["h.0 0", "h.0 1", "h.1 0", "h.1 1"]);
  for (const { weights } of maps)
    for (const [t, row] of weights.entries()) {
      expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      expect(row.slice(t + 1)).toEqual(row.slice(t + 1).map(() => 0));
    }
  expect(out.pictures!.map(({ name }) => name)).toEqual(["attention"]);
  expect((out.pictures![0] as { svg: string }).svg).toContain("layer 2, head 2");
});

test("lens: after the last block it is what the model says; the five likeliest of each are kept", async () => {
  const out = await use(words, "lens", { prompt: "ot" });
  const { tokens, layers } = kept(out) as { tokens: string[]; layers: { layer: string; next: { token: string; probability: number }[][] }[] }; // biome-ignore format: one line
  expect([tokens, layers.map(({ layer }) => layer)]).toEqual([["⏎", "o", "t"], ["embedding", "block 1", "block 2"]]); // biome-ignore format: one line
  for (const { next } of layers)
    for (const candidates of next) {
      expect(candidates).toHaveLength(5);
      expect(candidates.map(({ probability }) => probability).toSorted((a, b) => b - a)).toEqual(
        candidates.map(({ probability }) => probability),
      );
      // a, n, o, t and the line break.
      expect(candidates.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 4);
    }
  expect((out.pictures![0] as { svg: string }).svg).toContain("block 2");
});

test("of a model that answers, question and answer; what cannot be shown is said", async () => {
  const task = taskData("sort,length=3,min=3,symbols=3", "task:sort");
  const { tokens } = kept(await use(task, "attention", { prompt: "cab\tab" })) as { tokens: string[] };
  expect(tokens).toEqual(["▸", "c", "a", "b", "▸", "a", "b"]);
  await expect(use(words, "lens", { prompt: "annaottoanna" })).rejects.toThrow(
    "13 tokens, and the model's context is 8",
  );
  await expect(use(words, "attention", { prompt: "a" }, { attention: false })).rejects.toThrow(
    "this model has no attention",
  );
});
