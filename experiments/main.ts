/** Named experiments: `npm run experiment -- NAME [options]`. Each prints a table and leaves pictures. */
import { parseArgs } from "node:util";
import { setDefaultEngine } from "../src/engine/engine.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { lookup, UserError } from "../src/errors.ts";
import { methods } from "./alignment/methods.ts";
import { steering } from "./alignment/steering.ts";
import { ditConditioning, ditCurves, ditRecipe } from "./diffusion/curves.ts";
import { dqnAblation } from "./dqn-ablation.ts";
import type { Experiment } from "./experiment.ts";
import { ganCollapse } from "./gan-collapse.ts";
import { generators } from "./generators.ts";
import { measures } from "./measures.ts";
import { overcomplete } from "./overcomplete.ts";
import { plane } from "./plane.ts";
import { schedules } from "./schedules.ts";
import { bottleneck } from "./sequences/bottleneck.ts";
import { depth } from "./sequences/depth.ts";
import { exposure } from "./sequences/exposure.ts";
import { grokking } from "./sequences/grokking.ts";
import { positions } from "./sequences/positions.ts";
import { pretraining } from "./sequences/pretraining.ts";
import { techniques, techniquesLanguage } from "./sequences/techniques.ts";

const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  overcomplete,
  measures,
  schedules,
  generators,
  "gan-collapse": ganCollapse,
  "dit-recipe": ditRecipe,
  "dit-curves": ditCurves,
  "dit-conditioning": ditConditioning,
  bottleneck,
  exposure,
  techniques,
  "techniques-language": techniquesLanguage,
  positions,
  depth,
  pretraining,
  grokking,
  "dqn-ablation": dqnAblation,
  alignment: methods,
  steering,
  plane,
};

const USAGE = `npm run experiment -- NAME [--out FOLDER] [--epochs N] [--minutes N] [--samples N] [--data NAME] [--threads N]

${Object.entries(EXPERIMENTS)
  .map(([name, { description }]) => `  ${name.padEnd(19)} ${description}`)
  .join("\n")}

  --out FOLDER   where pictures and the table go (default: runs/NAME)
  --epochs N     train this long instead of what the recorded results took
  --minutes N    generators: train each model for as long (default: as its recipe says)
  --samples N    generators, measures, dit-…: images to measure of each (default: 5000; 4000; 1000)
  --steps N      of sequence models: steps of each model (default: what the recorded results took); dit-recipe, -conditioning: 1500, 2000
  --seeds N      the same: repetitions of each (default: 3)
  --data NAME    plane: the points to learn (default: ring-8); techniques-language, positions, depth: the text (default: names)
  --threads N    threads for one operator (default: one a core)`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string" },
      epochs: { type: "string" },
      minutes: { type: "string" },
      samples: { type: "string" },
      steps: { type: "string" },
      seeds: { type: "string" },
      data: { type: "string" },
      threads: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  const [name] = positionals;
  if (values.help || name === undefined) console.log(USAGE);
  else {
    const experiment = lookup("experiment", EXPERIMENTS, name);
    const threads = positive("threads", values.threads);
    const engine = await nodeEngine({ flushDenormals: true, ...(threads !== undefined && { threads }) });
    setDefaultEngine(engine);
    const epochs = positive("epochs", values.epochs);
    const minutes = positive("minutes", values.minutes);
    const samples = positive("samples", values.samples);
    const steps = positive("steps", values.steps);
    const seeds = positive("seeds", values.seeds);
    await experiment.run({
      engine,
      out: values.out ?? `runs/${name}`,
      ...(epochs && { epochs }),
      ...(minutes && { minutes }),
      ...(samples && { samples }),
      ...(steps && { steps }),
      ...(seeds && { seeds }),
      ...(values.data !== undefined && { data: values.data }),
    });
    await engine.dispose();
  }
} catch (error) {
  const badOption = error instanceof TypeError && "code" in error;
  if (!(error instanceof UserError) && !badOption) throw error;
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 1;
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0))
    throw new UserError(`--${name} ${text}: a whole number above 0 is expected`);
  return value;
}
