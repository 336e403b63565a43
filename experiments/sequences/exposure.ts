import { join } from "node:path";
import type { PairData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { saveChart } from "../../src/plot/index.node.ts";
import { type Line, lineChart } from "../../src/plot/index.ts";
import { seq2seq } from "../../src/sequence/index.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { type LearntPairs, LONGEST, learnPairs, mean, percent, SYMBOLS, save, sweep, upTo } from "./learning.ts"; // biome-ignore format: a list of names
import { stepTimes } from "./step-times.ts";

const RATES = [3e-3, 1e-2];
/** Lengths of strings in the table; with its end, one of n has n + 1 tokens. */
const SHOWN = [8, 12, 16];

/** Teacher forcing against free running, and what scheduled sampling does. */
export const exposure: Experiment = {
  description:
    "token accuracy under teacher forcing against exact match free-running; scheduled sampling; time against length",
  run: async (setting) => {
    const { engine, out, steps = 1500 } = setting;
    const data = (await openData(`task:copy,length=${LONGEST},symbols=${SYMBOLS}`)) as PairData;
    const rows: string[][] = [];
    const lines: Line[] = [];
    for (const scheduledSampling of [0, 0.25, 0.5]) {
      const options = { width: 64, embedding: 16, attention: "none", bidirectional: false, dropout: 0, scheduledSampling }; // biome-ignore format: a list of options
      const learn = (lr: number, seed: number): Promise<LearntPairs> => {
        const title = `sampling ${scheduledSampling}, lr ${lr}, seed ${seed}`;
        const training = { steps, batchSize: 64, lr, warmup: 100 };
        return learnPairs({ title, model: seq2seq, data, options, training, seed }, engine);
      };
      const [best] = await sweep(RATES, setting, learn, ({ exactMatch }) => exactMatch);
      const all = best!.all as LearntPairs[];
      const byLength = upTo(LONGEST).map((n) => mean(all.map((one) => one.byLength[n - 1]!)));
      const p = mean(all.map(({ tokenAccuracy }) => tokenAccuracy));
      const expected = upTo(LONGEST).map((n) => p ** (n + 1));
      lines.push({ name: `sampling ${scheduledSampling}`, x: upTo(LONGEST), y: byLength });
      if (scheduledSampling === 0)
        lines.push({ name: "p^L of teacher forcing", x: upTo(LONGEST), y: expected, dashed: true });
      rows.push([
        String(scheduledSampling),
        percent(p),
        percent(mean(all.map(({ exactMatch }) => exactMatch))),
        ...SHOWN.flatMap((n) => [percent(byLength[n - 1]!), percent(expected[n - 1]!)]),
        String(best!.lr),
      ]);
    }
    const labels = { title: "Copied without an error", x: "length", y: "share" };
    await saveChart(join(out, "exposure.png"), lineChart(labels, lines, { yZero: true }));
    const columns = ["scheduled sampling", "token accuracy p", "exact", ...SHOWN.flatMap((n) => [String(n), `p^${n + 1}`]), "learning rate"]; // biome-ignore format: a row
    await save(out, "exposure", `${markdownTable(columns, rows)}\n\n${await stepTimes(engine)}`);
  },
};
