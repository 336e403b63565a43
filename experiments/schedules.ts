import { join } from "node:path";
import { writeFileAtomic } from "../src/files/node.ts";
import { noiseSchedule, SCHEDULES, type ScheduleName } from "../src/generative/diffusion/index.ts";
import { QUANTITIES, schedulePicture } from "../src/generative/diffusion/pictures.ts";
import { savePng, svgToPng } from "../src/plot/node.ts";
import { type Experiment, markdownTable } from "./experiment.ts";

const T = 1000;
const TIMES = [0, 250, 500, 750, 999];

/** What the noise schedules do to an image on its way: no training, seconds. */
export const schedules: Experiment = {
  description: "the noise schedules side by side: signal, signal-to-noise ratio, posterior variance",
  run: async ({ out }) => {
    const all = (Object.keys(SCHEDULES) as ScheduleName[]).map((name) => noiseSchedule(name, T));
    for (const quantity of Object.keys(QUANTITIES) as (keyof typeof QUANTITIES)[]) {
      const picture = await schedulePicture(all, quantity);
      if (!("svg" in picture)) throw new Error("a chart is drawn as SVG");
      await savePng(join(out, `${quantity}.png`), svgToPng(picture.svg));
    }
    const rows = all.map((s) => [s.name, ...TIMES.map((t) => s.snr(t).toPrecision(3))]);
    const table = markdownTable(["signal-to-noise ratio", ...TIMES.map((t) => `t = ${t}`)], rows);
    await writeFileAtomic(join(out, "table.md"), table);
    console.log(table);
  },
};
