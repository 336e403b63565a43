/** Records what plays while the engine loads: npx tsx --tsconfig lab/tsconfig.json lab/scripts/record.ts */
import { writeFile } from "node:fs/promises";
import { createEngine } from "../../src/index.node.ts";
import { Experiment } from "../src/plane/experiment.ts";
import { DATA_NAMES, FIRST_LOOK, MODEL_NAMES } from "../src/plane/models.ts";
import type { Recording } from "../src/plane/recorded.ts";

/** Steps at which a run is looked at, and points of each look. */
const FRAMES = [1, 20, 50, 100, 180, 300, 450, 700];
const POINTS = 100;

const engine = await createEngine({ threads: 1 });
for (const data of DATA_NAMES) {
  if (data === "drawn") continue;
  const runs: Record<string, Recording["runs"]["vae"][number][]> = {};
  let seen: Pick<Recording, "view" | "real"> | undefined;
  for (const model of MODEL_NAMES) {
    const experiment = await Experiment.open({ model, data, seed: 0, options: {} }, engine);
    const { view } = experiment;
    const packed = (points: Float32Array): number[] =>
      Array.from(points.subarray(0, 2 * POINTS), (v, i) =>
        Math.round((1000 * (v - (i % 2 === 0 ? view.x : view.y))) / view.reach),
      );
    seen = { view, real: packed(experiment.real) };
    const frames = (runs[model] = [] as Recording["runs"]["vae"][number][]);
    for (const until of FRAMES) {
      while (experiment.step < until) await experiment.next();
      const { samples, numbers } = await experiment.look(FIRST_LOOK);
      const rounded = Object.entries(numbers).map(([name, v]) => [name, Math.round(1000 * v) / 1000]);
      frames.push({
        step: until,
        samples: packed(samples),
        numbers: Object.fromEntries(rounded) as Record<string, number>,
      });
    }
    await experiment.dispose();
  }
  const file = new URL(`../src/plane/recorded/${data}.json`, import.meta.url);
  await writeFile(file, `${JSON.stringify({ ...seen, runs })}\n`);
  console.log(`${file.pathname} written`);
}
