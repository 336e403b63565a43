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
/** Passes over the few examples; too many, and a model knows them by heart. A row holds about four names. */
const EPOCHS = [2, 8, 32];
const MOST = 400;

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
        const learn =
          (epochs: number) =>
          (lr: number, seed: number): Promise<LearntLanguage> => {
            const title = `${count} names, ${pretrained ? "pre-trained" : "from nothing"}, ${epochs} epochs, lr ${lr}, seed ${seed}`;
            const weights = pretrained
              ? { dict: read.get(seed)!.weights, source: "English words" }
              : undefined;
            const most = Math.min(MOST, Math.ceil((epochs * count) / 64));
            const training = { steps: most, lr, batchSize: 16, warmup: Math.min(5, most - 1) };
            return learnLanguage(
              { title, model: gpt, data, options: OPTIONS, training, seed, weights },
              engine,
            );
          };
        const score = ({ losses: [loss] }: LearntLanguage): number => -loss!;
        const tried = [];
        for (const epochs of EPOCHS) {
          const [one] = await sweep([1e-3, 5e-3], setting, learn(epochs), score);
          tried.push({ ...one!, epochs });
        }
        const best = tried.reduce((one, other) => (other.score > one.score ? other : one));
        const losses = (best.all as LearntLanguage[]).map(({ losses: [loss] }) => loss!);
        y.push(mean(losses));
        rows.push([
          String(count),
          pretrained ? "yes" : "no",
          nats(mean(losses)),
          range(losses, nats),
          String(best.lr),
          String(best.epochs),
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
      markdownTable(["names", "pre-trained", "nats a letter", "seeds", "learning rate", "epochs"], rows),
    );
  },
};
