import { join } from "node:path";
import type { TokenData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { saveChart } from "../../src/plot/index.node.ts";
import { type Line, lineChart } from "../../src/plot/index.ts";
import { gpt } from "../../src/sequence/index.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { type LearntLanguage, learnLanguage, mean, nats, range, save, sweep } from "./learning.ts";

const DEPTHS = [2, 8];
const RATES = [1e-3, 4e-3, 1.6e-2, 6.4e-2];
const VARIANTS = [
  { name: "pre-norm", options: {} },
  { name: "pre-norm, no warm-up", options: {}, training: { warmup: 0 } },
  { name: "post-norm", options: { norm: "post" } },
  { name: "post-norm, no warm-up", options: { norm: "post" }, training: { warmup: 0 } },
  { name: "no norm", options: { norm: "none" } },
  { name: "no residual connections", options: { residual: false } },
];

/** What residual connections, norms and a warm-up are for: shallow and deep models at every learning rate. */
export const depth: Experiment = {
  description: "residual connections, norms and warm-up in shallow and deep models, by learning rate",
  run: async (setting) => {
    const { engine, out, steps = 400, data: name = "names" } = setting;
    const data = (await openData(name)) as TokenData;
    const rows: string[][] = [];
    for (const layers of DEPTHS) {
      const lines: Line[] = [];
      for (const { name: variant, options, training } of VARIANTS) {
        const learn = (lr: number, seed: number): Promise<LearntLanguage> => {
          const title = `${layers} layers, ${variant}, lr ${lr}, seed ${seed}`;
          const own = { width: 32, layers, ...options };
          return learnLanguage({ title, model: gpt, data, options: own, training: { steps, lr, ...training }, seed }, engine); // biome-ignore format: a call
        };
        const tried = await sweep(RATES, setting, learn, ({ losses }) => -losses[0]!);
        const byRate = RATES.map((rate) => tried.find(({ lr }) => lr === rate)!);
        const mean_ = ({ score }: { score: number }): number | null =>
          Number.isFinite(score) ? -score : null;
        lines.push({ name: variant, x: RATES, y: byRate.map(mean_) });
        const best = tried[0]!.all.filter((one) => one !== undefined).map(({ losses: [loss] }) => loss!);
        rows.push([
          String(layers),
          variant,
          ...byRate.map((one) => (mean_(one) === null ? "diverged" : nats(mean_(one)!))),
          best.length === 0 ? "" : `${nats(mean(best))} (${range(best, nats)})`,
        ]);
      }
      const labels = { title: `${layers} layers`, x: "learning rate", y: "nats a token" };
      await saveChart(join(out, `depth-${layers}.png`), lineChart(labels, lines, { xScale: "log", xTicks: RATES })); // biome-ignore format: a line
    }
    const columns = ["layers", name, ...RATES.map((lr) => `lr ${lr}`), "the best (seeds)"];
    await save(out, "depth", markdownTable(columns, rows));
  },
};
