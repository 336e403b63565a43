import { join } from "node:path";
import type { TokenData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { saveChart } from "../../src/plot/index.node.ts";
import { type Line, lineChart } from "../../src/plot/index.ts";
import { gpt } from "../../src/sequence/index.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { type LearntLanguage, learnLanguage, mean, nats, range, save, sweep } from "./learning.ts";

const MULTIPLES = [1, 2, 4];
/** Learned positions end where training did. */
const POSITIONS = ["none", "sinusoidal", "rotary", "alibi"];

/** Language models that are read beyond the length they were trained at (Press et al. 2022). */
export const positions: Experiment = {
  description:
    "position encodings beyond the trained length: nats a token at one, two and four times the context",
  run: async (setting) => {
    const { engine, out, steps = 1000, data: name = "names" } = setting;
    const data = (await openData(name)) as TokenData;
    const rows: string[][] = [];
    const lines: Line[] = [];
    for (const kind of POSITIONS) {
      const learn = (lr: number, seed: number): Promise<LearntLanguage> => {
        const title = `positions ${kind}, lr ${lr}, seed ${seed}`;
        const options = { width: 64, layers: 2, context: 64, positions: kind };
        const training = { steps, batchSize: 16, lr };
        return learnLanguage({ title, model: gpt, data, options, training, seed }, engine, MULTIPLES);
      };
      const [best] = await sweep([3e-3, 1e-2], setting, learn, ({ losses }) => -losses[0]!);
      const all = best!.all as LearntLanguage[];
      const at = MULTIPLES.map((_, i) => all.map(({ losses }) => losses[i]!));
      lines.push({ name: kind, x: MULTIPLES, y: at.map(mean) });
      rows.push([
        kind,
        ...at.flatMap((losses) => [nats(mean(losses)), range(losses, nats)]),
        String(best!.lr),
      ]);
    }
    const labels = { title: "Beyond the trained length", x: "times the context", y: "nats a token" };
    await saveChart(join(out, "positions.png"), lineChart(labels, lines, { xTicks: MULTIPLES }));
    const columns = MULTIPLES.flatMap((n) => [`${n}×`, "seeds"]);
    await save(out, "positions", markdownTable([`positions (${name})`, ...columns, "learning rate"], rows));
  },
};
