import { join } from "node:path";
import type { PairData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { saveChart } from "../../src/plot/index.node.ts";
import { type Line, lineChart } from "../../src/plot/index.ts";
import { seq2seq } from "../../src/sequence/index.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { type LearntPairs, LONGEST, learnPairs, mean, percent, SYMBOLS, save, sweep, upTo } from "./learning.ts"; // biome-ignore format: a list of names

const CODES = [
  [16, "none"],
  [32, "none"],
  [64, "none"],
  [128, "none"],
  [32, "general"],
] as const;
const RATES = [3e-3, 1e-2];
const SHOWN = [4, 8, 12, 16];

/** The greatest length of which at least half of the strings are right. */
const half = (byLength: readonly number[]): number => byLength.findLastIndex((share) => share >= 0.5) + 1;

/** Strings through a code of H numbers, with and without attention: up to which length half of them arrive. */
export const bottleneck: Experiment = {
  description: "copying and reversing through a fixed code of H numbers, and with attention: exact by length",
  run: async (setting) => {
    const { engine, out, steps = 2000 } = setting;
    const rows: string[][] = [];
    for (const name of ["copy", "reverse"]) {
      const data = (await openData(`task:${name},length=${LONGEST},symbols=${SYMBOLS}`)) as PairData;
      const lines: Line[] = [];
      for (const [width, attention] of CODES) {
        const options = { width, embedding: 16, attention, bidirectional: false, dropout: 0 };
        const learn = (lr: number, seed: number): Promise<LearntPairs> => {
          const title = `${name}, H = ${width}, attention ${attention}, lr ${lr}, seed ${seed}`;
          const training = { steps, batchSize: 64, lr, warmup: 100 };
          return learnPairs({ title, model: seq2seq, data, options, training, seed }, engine);
        };
        const [best] = await sweep(RATES, setting, learn, ({ exactMatch }) => exactMatch);
        const all = best!.all as LearntPairs[];
        const byLength = upTo(LONGEST).map((n) => mean(all.map((one) => one.byLength[n - 1]!)));
        const code = `H = ${width}${attention === "none" ? "" : ", attention"}`;
        lines.push({ name: code, x: upTo(LONGEST), y: byLength });
        const reached = half(byLength);
        rows.push([
          name,
          code,
          String(all[0]!.parameters),
          `${reached}${reached === LONGEST ? " (all)" : ""}`,
          (reached * Math.log2(SYMBOLS)).toFixed(0),
          ...SHOWN.map((n) => percent(byLength[n - 1]!)),
          String(best!.lr),
        ]);
      }
      const labels = { title: `${name}: strings without an error`, x: "length", y: "share" };
      await saveChart(join(out, `bottleneck-${name}.png`), lineChart(labels, lines, { yZero: true }));
    }
    const columns = ["task", "code", "parameters", "length at 50 %", "bits", ...SHOWN.map(String), "learning rate"]; // biome-ignore format: a row
    await save(out, "bottleneck", markdownTable(columns, rows));
  },
};
