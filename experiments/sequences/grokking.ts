import { join } from "node:path";
import { progress } from "../../src/cli/progress.ts";
import type { PairData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { compile } from "../../src/engine/compile.ts";
import { begin } from "../../src/model/assemble.ts";
import { saveChart } from "../../src/plot/index.node.ts";
import { type Line, lineChart } from "../../src/plot/index.ts";
import { readAndNext } from "../../src/sequence/examples.ts";
import { type Gpt, gpt } from "../../src/sequence/index.ts";
import { and, argmax, cast, equal, greaterEqual, notEqual, sum } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { train } from "../../src/train/loop.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { percent, save } from "./learning.ts";

const DECAYS = [1, 0];
const [EVERY, BATCH] = [50, 512];

/** Modular addition: the training set is known by heart long before the rule is found, and without decay of weights it is not. */
export const grokking: Experiment = {
  description: "modular addition, known by heart long before it is understood; with and without weight decay",
  run: async (setting) => {
    const { engine, out, steps = 5000 } = setting;
    const data = (await openData("task:modular-addition,modulus=47,percent=50")) as PairData;
    const options = { context: 7, layers: 1, width: 128, positions: "learned" };
    const rows: string[][] = [];
    const lines: Line[] = [];
    for (const weightDecay of DECAYS) {
      const training = { steps, batchSize: 256, lr: 1e-3, lrSchedule: "constant", warmup: 10, weightDecay, beta2: 0.98 }; // biome-ignore format: a list of options
      const { task, plan, sets } = begin(gpt, { data, options, training });
      const module = task.module as Gpt;
      const measure = compile((tokens: Tensor, answer: Tensor) => rightAnswers(module, tokens, answer), {
        engine,
      });
      const share = async (part: "train" | "test"): Promise<number> => {
        const examples = sets[part];
        let right = 0;
        for (let at = 0; at < examples.length; at += BATCH) {
          const indices = Int32Array.from(
            { length: Math.min(BATCH, examples.length - at) },
            (_, i) => at + i,
          );
          const { tokens, next } = await examples.batch(indices);
          right += Number((await measure(tokens!, next!)).data[0]);
        }
        return right / examples.length;
      };
      const found: { step: number; train: number; test: number }[] = [];
      const bar = progress(`weight decay ${weightDecay}`, plan.steps);
      try {
        const events = train({ task, plan, examples: sets.train, engine, seed: 0, sampleEvery: steps + 1 });
        for await (const event of events) {
          if (event.kind !== "step") continue;
          bar.update(event.step, event.metrics);
          if (event.step % EVERY === 0)
            found.push({ step: event.step, train: await share("train"), test: await share("test") });
        }
      } finally {
        bar.stop();
      }
      for (const part of ["train", "test"] as const)
        lines.push({
          name: `${part}, weight decay ${weightDecay}`,
          x: found.map(({ step }) => step),
          y: found.map((at) => at[part]),
          dashed: part === "train",
        });
      const first = (part: "train" | "test", least: number): string =>
        String(found.find((at) => at[part] >= least)?.step ?? "never");
      rows.push([
        String(weightDecay),
        first("train", 0.99),
        first("test", 0.5),
        first("test", 0.99),
        percent(found.at(-1)!.test),
      ]);
      await measure.dispose();
      module.dispose();
    }
    const labels = { title: "a + b mod 47, half of all pairs seen", x: "step", y: "right" };
    await saveChart(join(out, "grokking.png"), lineChart(labels, lines, { yZero: true }));
    const columns = ["weight decay", "99 % of the training set at step", "50 % of the others", "99 % of the others", "at the end"]; // biome-ignore format: a row
    await save(out, "grokking", markdownTable(columns, rows));
  },
};

/** How many answers are right: of each row, all tokens that count. */
function rightAnswers(gpt: Gpt, tokens: Tensor, next: Tensor): Tensor {
  const { read } = readAndNext(tokens);
  const wrong = and(greaterEqual(next, 0), notEqual(argmax(gpt.forward(read), -1), next));
  const wrongs = sum(cast(wrong, "float32"), { axes: -1 });
  return sum(cast(equal(wrongs, 0), "float32"));
}
