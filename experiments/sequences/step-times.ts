import type { PairData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { median } from "../../src/generative/compare/cells.ts";
import { begin } from "../../src/model/assemble.ts";
import type { AnyModel } from "../../src/model/contract.ts";
import { seq2seq, transformer } from "../../src/sequence/index.ts";
import { train } from "../../src/train/loop.ts";
import { markdownTable } from "../experiment.ts";

/** Milliseconds of a training step against the length, for an LSTM and a Transformer of like size. */
export async function stepTimes(engine: Engine): Promise<string> {
  const models: readonly (readonly [string, AnyModel, Record<string, unknown>])[] = [
    [
      "LSTM, fixed code",
      seq2seq,
      { width: 128, embedding: 64, attention: "none", bidirectional: false, dropout: 0 },
    ],
    ["Transformer", transformer, { width: 48, layers: 3, heads: 4, context: 256, dropout: 0 }],
  ];
  const sizes = [16, 32, 64, 128];
  const rows: string[][] = [];
  for (const [name, model, options] of models) {
    const times: string[] = [];
    let parameters = 0;
    for (const length of sizes) {
      const data = (await openData(`task:copy,min=${length},length=${length},count=200`)) as PairData;
      const { task, plan, sets } = begin(model, {
        data,
        options,
        training: { steps: 12, batchSize: 16, lr: 1e-3, warmup: 0 },
      });
      parameters = task.module.parameterCount;
      const taken: number[] = [];
      let last = performance.now();
      for await (const event of train({
        task,
        plan,
        examples: sets.train,
        engine,
        seed: 0,
        sampleEvery: 100,
      })) {
        if (event.kind === "step") taken.push(performance.now() - last);
        last = performance.now();
      }
      times.push(median(taken.slice(2)).toFixed(1));
      task.module.dispose();
    }
    rows.push([name, String(parameters), ...times]);
  }
  return markdownTable(["ms a training step, batch 16", "parameters", ...sizes.map((n) => `T = ${n}`)], rows);
}
