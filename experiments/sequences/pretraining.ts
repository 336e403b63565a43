import { join } from "node:path";
import type { PairData, TokenData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { saveChart } from "../../src/plot/index.node.ts";
import { type Line, lineChart } from "../../src/plot/index.ts";
import { gpt } from "../../src/sequence/index.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { type LearntLanguage, learnLanguage, mean, nats, range, save, seedsOf, sweep } from "./learning.ts";
import { fewer, spelledWords } from "./texts.ts";

const EXAMPLES = [100, 300, 1000, 3000, 10_000];
const OPTIONS = { width: 64, layers: 2 };

/** Names learnt from few examples, by a model that has read 107,000 English words, and by one that has read nothing. */
export const pretraining: Experiment = {
  description:
    "names from few examples, after reading English words and from nothing: error against examples",
  run: async (setting) => {
    const { engine, out, steps = 300 } = setting;
    const names = (await openData("names")) as TokenData;
    const words = spelledWords((await openData("cmudict")) as PairData, names);
    const read = new Map<number, LearntLanguage>();
    for (const seed of seedsOf(setting)) {
      const title = `English words, seed ${seed}`;
      const training = { steps: 5 * steps, lr: 7e-3 };
      read.set(
        seed,
        await learnLanguage({ title, model: gpt, data: words, options: OPTIONS, training, seed }, engine),
      );
    }
    const rows: string[][] = [];
    const lines: Line[] = [];
    for (const pretrained of [true, false]) {
      const y: number[] = [];
      for (const count of EXAMPLES) {
        const data = fewer(names, count);
        const learn = (lr: number, seed: number): Promise<LearntLanguage> => {
          const title = `${count} names, ${pretrained ? "pre-trained" : "from nothing"}, lr ${lr}, seed ${seed}`;
          const weights = pretrained ? { dict: read.get(seed)!.weights, source: "English words" } : undefined;
          const training = { steps: Math.min(steps, Math.ceil(count / 2)), lr, batchSize: 16, warmup: 20 };
          return learnLanguage(
            { title, model: gpt, data, options: OPTIONS, training, seed, weights },
            engine,
          );
        };
        const [best] = await sweep([1e-3, 5e-3], setting, learn, ({ losses }) => -losses[0]!);
        const losses = (best!.all as LearntLanguage[]).map(({ losses: [loss] }) => loss!);
        y.push(mean(losses));
        rows.push([
          String(count),
          pretrained ? "yes" : "no",
          nats(mean(losses)),
          range(losses, nats),
          String(best!.lr),
        ]);
      }
      lines.push({ name: pretrained ? "pre-trained" : "from nothing", x: EXAMPLES, y });
    }
    const labels = { title: "Names from few examples", x: "examples", y: "nats a letter" };
    await saveChart(
      join(out, "pretraining.png"),
      lineChart(labels, lines, { xScale: "log", xTicks: EXAMPLES }),
    );
    await save(
      out,
      "pretraining",
      markdownTable(["names", "pre-trained", "nats a letter", "seeds", "learning rate"], rows),
    );
  },
};
