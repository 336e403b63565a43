import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { progress } from "../src/cli/progress.ts";
import type { Engine } from "../src/engine/engine.ts";
import { writeFileAtomic } from "../src/files/node.ts";
import { interval } from "../src/rl/deep/curves.ts";
import { dqn } from "../src/rl/deep/dqn.ts";
import { make } from "../src/rl/make.ts";
import { AutoresetMode, makeVec } from "../src/rl/vector.ts";
import { type Experiment, markdownTable } from "./experiment.ts";

const ENV = "CartPole-v1";
const STEPS = 10_000;
const SEEDS = 3;
const PLAIN = {
  hidden: [64, 64],
  lr: 1e-3,
  trainEvery: 1,
  gradientSteps: 1,
  targetEvery: 200,
  learningStarts: 500,
  explore: 0.2,
  epsilonFinal: 0.05,
};
const PARTS: Readonly<Record<string, Record<string, unknown>>> = {
  double: { double: true },
  dueling: { dueling: true },
  "n = 3": { n: 3 },
  prioritized: { prioritized: true },
  c51: { values: "c51", low: 0, high: 100 },
  noisy: { noisy: true },
};

/** Every part alone, and all without it. */
const VARIANTS: readonly (readonly [string, Record<string, unknown>])[] = [
  ["DQN", {}],
  ...Object.entries(PARTS).map(([name, part]) => [`+ ${name}`, part] as const),
  ["Rainbow", Object.assign({}, ...Object.values(PARTS)) as Record<string, unknown>],
  ...Object.keys(PARTS).map((without) => {
    const rest = Object.entries(PARTS).filter(([name]) => name !== without);
    return [`− ${without}`, Object.assign({}, ...rest.map(([, part]) => part))] as const;
  }),
];

interface Result {
  /** Mean of all evaluations: how soon it was good. */
  readonly along: number;
  /** The last evaluation. */
  readonly last: number;
}

async function learned(engine: Engine, part: Record<string, unknown>, seed: number): Promise<Result> {
  const evaluations: number[] = [];
  for await (const event of dqn.learn({
    options: dqn.options.parse({ ...PLAIN, ...part }),
    makeEnv: () => make(ENV),
    makeVec: (n) => makeVec(ENV, n, { autoresetMode: AutoresetMode.DISABLED }),
    learnsFrom: "environment",
    maxSteps: 500,
    steps: STEPS,
    seed,
    engine: async () => engine,
    logEvery: STEPS,
    sampleEvery: STEPS / 10,
    checkpointEvery: STEPS,
    evaluationEpisodes: 10,
  }))
    if (event.kind === "validation") evaluations.push(event.metrics["evaluation/return"]!);
  const along = evaluations.reduce((sum, x) => sum + x, 0) / evaluations.length;
  return { along, last: evaluations.at(-1)! };
}

/** Hessel et al. 2018, figures 1 and 3, small. What is done is kept in the folder: stopped, it goes on from there. */
export const dqnAblation: Experiment = {
  description: `each part of Rainbow added to DQN, and removed from all: ${ENV}, ${STEPS} steps, ${SEEDS} seeds`,
  async run({ engine, out }) {
    const file = join(out, "results.json");
    const done: Record<string, Result> = existsSync(file)
      ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, Result>)
      : {};
    const runs = VARIANTS.flatMap(([name, part]) =>
      Array.from({ length: SEEDS }, (_, seed) => ({ name, part, seed, key: `${name}, seed ${seed}` })),
    );
    const bar = progress("ablation", runs.length);
    for (const [i, { part, seed, key }] of runs.entries()) {
      done[key] ??= await learned(engine, part, seed);
      await writeFileAtomic(file, JSON.stringify(done, null, 2));
      bar.update(i + 1, { return: done[key].last });
    }
    bar.stop();
    const shown = (values: readonly number[]): string => {
      const { mean, low, high } = interval(values);
      return `${mean.toFixed(0)} (${low.toFixed(0)} … ${high.toFixed(0)})`;
    };
    const rows = VARIANTS.map(([name]) => {
      const of = runs.filter((run) => run.name === name).map(({ key }) => done[key]!);
      return [name, shown(of.map(({ along }) => along)), shown(of.map(({ last }) => last))];
    });
    const table = markdownTable(["", "mean of ten evaluations on the way", "the last one"], rows);
    console.log(table);
    await writeFileAtomic(join(out, "table.md"), table);
  },
};
