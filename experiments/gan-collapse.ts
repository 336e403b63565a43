import { join } from "node:path";
import { progress } from "../src/cli/progress.ts";
import { MIXTURES } from "../src/data/mixtures.ts";
import type { Engine } from "../src/engine/engine.ts";
import { writeFileAtomic } from "../src/files/node.ts";
import { collapseOfModes } from "../src/generative/gan/coverage.ts";
import type { Gan } from "../src/generative/gan/game.ts";
import { gan } from "../src/generative/gan/gan.ts";
import { draw } from "../src/generative/gan/samples.ts";
import { type Coverage, coverage } from "../src/generative/metrics/coverage.ts";
import { mixtureScene, scatter } from "../src/generative/plane/scatter.ts";
import { begin } from "../src/model/assemble.ts";
import { withModel } from "../src/model/context.ts";
import { nodeWorld } from "../src/model/node.ts";
import { saveChart } from "../src/plot/index.node.ts";
import { lineChart, sideBySide } from "../src/plot/index.ts";
import type { NdArray } from "../src/tensor/ndarray.ts";
import { mixtureData } from "../src/train/examples.ts";
import { LearningOptions } from "../src/train/learning.ts";
import { train } from "../src/train/loop.ts";
import { type Experiment, markdownTable } from "./experiment.ts";

const MIXTURE = MIXTURES["gaussians-25"];
/** Points of each measurement, as in the papers. */
const POINTS = 2500;
/** Measurements during a training. */
const LOOKS = 20;

/** What all have in common, where their own options say nothing else. */
const COMMON = { latent: 2, width: 128, depth: 3, discriminatorNorm: "none", discriminatorLr: 1e-4 } as const;
const TRAINING = { batchSize: 100, lr: 1e-3, steps: 8000 };

interface Variant {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly training?: Partial<typeof TRAINING>;
}

/** The cures learn with Adam as WGAN-GP's does, their learning rate falling to zero; the rest is in their names. */
const CURED = { discriminatorLr: 1e-3, beta1: 0, beta2: 0.9, cooldown: 1 } as const;

const VARIANTS: readonly Variant[] = [
  { name: "plain", options: {} },
  { name: "plain, longer", options: {}, training: { steps: 16_000 } },
  {
    name: "minibatch statistics",
    options: { ...CURED, minibatchStddev: true },
    training: { steps: 16_000 },
  },
  {
    name: "WGAN-GP",
    options: { ...CURED, loss: "wgan-gp", gradientPenalty: 0.1 },
    training: { steps: 16_000 },
  },
];

interface Seen {
  readonly step: number;
  readonly covered: Coverage;
}

interface Trained extends Variant {
  readonly seen: readonly Seen[];
  readonly points: NdArray<"float32">;
  readonly seconds: number;
}

/** One GAN on the 25 Gaussians, measured as it goes. Its own clock leaves measuring out. */
async function trainVariant(variant: Variant, engine: Engine, steps: number): Promise<Trained> {
  const { name, options, training } = variant;
  const data = mixtureData(MIXTURE);
  const given = { ...COMMON, ...options };
  const learning = (key: string): boolean => key in LearningOptions.shape;
  const pick = (keep: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(given).filter(([key]) => keep(key)));
  const own = pick((key) => !learning(key));
  const how = { ...TRAINING, ...training, ...pick(learning), steps };
  const { task, plan } = begin(gan, { options: own, data, training: how });
  const { module } = task;
  const parts = { module: module as Gan, options: gan.options.parse(own), spec: data.spec, engine };
  const bar = progress(name, steps);
  const seen: Seen[] = [];
  let points: NdArray<"float32"> | undefined;
  let [step, seconds] = [0, 0];
  const events = train({
    task,
    plan,
    examples: data.train,
    engine,
    seed: 0,
    sampleEvery: Math.max(1, Math.floor(steps / LOOKS)),
    preview: (averages, key) =>
      withModel({ ...parts, key, world: nodeWorld(async () => data), averages }, async (context) => {
        points = (await draw(context, POINTS)).x;
        seen.push({ step, covered: coverage(points, MIXTURE) });
        return {};
      }),
  });
  try {
    for await (const event of events) {
      ({ step } = event);
      if (event.kind === "step") bar.update(step, event.metrics);
      if (event.kind === "done") ({ seconds } = event);
    }
  } finally {
    bar.stop();
  }
  module.dispose();
  return { ...variant, seen, points: points!, seconds };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The flags that make a variant, as `galatea train gan` takes them. */
export const flagsOf = ({ options, training }: Variant): string =>
  Object.entries<unknown>({ ...COMMON, ...TRAINING, ...options, ...training })
    .map(([name, value]) => {
      const flag = `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
      return value === true ? flag : `${flag} ${String(value)}`;
    })
    .join(" ");

function table(all: readonly Trained[]): string {
  return markdownTable(
    ["", "modes of 25", "good samples", "KL of modes from uniform", "seconds", "warned of collapse"],
    all.map(({ name, seen, seconds }) => {
      const { covered } = seen.at(-1)!;
      const warned = seen.filter((s) => collapseOfModes(s.covered)).length;
      return [
        name,
        String(covered.modes),
        percent(covered.good),
        covered.modeKl.toFixed(2),
        seconds.toFixed(0),
        `${warned} of ${seen.length} looks`,
      ];
    }),
  );
}

/** Lin et al. (2018), section 4.1, on a smaller scale: a GAN that leaves modes out, and what brings them back. */
export const ganCollapse: Experiment = {
  description: "a GAN that collapses on 25 Gaussians, and what cures it",
  run: async ({ engine, out, epochs }) => {
    const all: Trained[] = [];
    for (const variant of VARIANTS) {
      const { batchSize, steps } = { ...TRAINING, ...variant.training };
      const wanted = epochs === undefined ? steps : Math.ceil((epochs * 100_000) / batchSize);
      const trained = await trainVariant(variant, engine, wanted);
      all.push(trained);
      const warning = collapseOfModes(trained.seen.at(-1)!.covered);
      console.log(`${variant.name}: galatea train gan --data ${MIXTURE.name} ${flagsOf(variant)}`);
      if (warning) console.log(`  ${warning}`);
    }
    const panels = all.map(({ name, points, seen }) => {
      const { modes, good } = seen.at(-1)!.covered;
      const subtitle = `${modes} modes, ${percent(good)} good`;
      return scatter({ title: name, subtitle }, points, mixtureScene(MIXTURE), 260);
    });
    const files = { samples: join(out, "gan-collapse.png"), modes: join(out, "gan-collapse-modes.png") };
    await saveChart(files.samples, sideBySide("25 Gaussians: 2500 samples of each GAN", panels, 3), {
      scale: 1.5,
    });
    const lines = all.map(({ name, seen }) => ({
      name,
      x: seen.map((s) => s.step),
      y: seen.map((s) => s.covered.modes),
    }));
    const title = "Modes of 25 with a good sample";
    await saveChart(files.modes, lineChart({ title, x: "step", y: "modes" }, lines, { yZero: true }));
    const markdown = table(all);
    await writeFileAtomic(join(out, "gan-collapse.md"), new TextEncoder().encode(`${markdown}\n`));
    console.log(`\n${markdown}\n\n${Object.values(files).join("\n")}\n${join(out, "gan-collapse.md")}`);
  },
};
