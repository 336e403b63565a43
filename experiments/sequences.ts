import { join } from "node:path";
import { progress } from "../src/cli/progress.ts";
import type { PairData } from "../src/data/data.ts";
import { openData } from "../src/data/node.ts";
import type { Engine } from "../src/engine/engine.ts";
import { writeFileAtomic } from "../src/files/node.ts";
import { median } from "../src/generative/compare/cells.ts";
import { begin } from "../src/model/assemble.ts";
import { withModel } from "../src/model/context.ts";
import type { AnyModel } from "../src/model/contract.ts";
import { nodeWorld } from "../src/model/node.ts";
import { saveChart } from "../src/plot/index.node.ts";
import { lineChart } from "../src/plot/index.ts";
import { type EncoderDecoder, referencesOf, seq2seq, transformer, translate } from "../src/sequence/index.ts";
import { evaluate } from "../src/sequence/pair-commands.ts";
import { Key } from "../src/tensor/random.ts";
import { train } from "../src/train/loop.ts";
import { type Experiment, markdownTable, type Setting } from "./experiment.ts";

interface Learnt {
  /** Share of test strings of each length that are written without an error; index 0 is length 1. */
  readonly byLength: readonly number[];
  readonly tokenAccuracy: number;
  readonly exactMatch: number;
  readonly parameters: number;
}

interface Job {
  readonly title: string;
  readonly model: AnyModel;
  readonly data: PairData;
  readonly options: Readonly<Record<string, unknown>>;
  readonly training: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

/** Train a model of pairs and measure it on the test data. */
async function learn({ title, model, data, options, training, seed }: Job, engine: Engine): Promise<Learnt> {
  const { task, plan, sets } = begin(model, { data, options, training, seed });
  const bar = progress(title, plan.steps);
  try {
    const events = train({ task, plan, examples: sets.train, engine, seed, sampleEvery: plan.steps + 1 });
    for await (const event of events) if (event.kind === "step") bar.update(event.step, event.metrics);
  } finally {
    bar.stop();
  }
  const module = task.module as EncoderDecoder;
  const parts = {
    module,
    options,
    spec: data.spec,
    engine,
    key: Key.seed(seed),
    world: nodeWorld(async () => data),
  };
  const measured = await withModel(parts, async (context) => {
    const references = referencesOf(data.test);
    const sources = references.map(({ source }) => source);
    const found = await translate(module, sources, { key: context.key }, context);
    const right = references.map(({ targets }, i) => found[i]![0]!.tokens.join() === targets[0]!.join());
    const longest = Math.max(...sources.map(({ length }) => length));
    const byLength = Array.from({ length: longest }, (_, n) => {
      const own = right.filter((__, i) => sources[i]!.length === n + 1);
      return own.length === 0 ? 1 : own.filter(Boolean).length / own.length;
    });
    const { numbers } = await evaluate(context, { beams: 1, lengthPenalty: 1, count: 1 });
    const exactMatch = right.filter(Boolean).length / right.length;
    return { byLength, exactMatch, tokenAccuracy: numbers!.tokenAccuracy! };
  });
  const parameters = module.parameterCount;
  module.dispose();
  return { ...measured, parameters };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const seedsOf = ({ seeds = 3 }: Setting): number[] => Array.from({ length: seeds }, (_, i) => i);
const lengths = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

async function save(out: string, name: string, markdown: string): Promise<void> {
  const file = join(out, `${name}.md`);
  await writeFileAtomic(file, new TextEncoder().encode(`${markdown}\n`));
  console.log(`\n${markdown}\n\n${file}`);
}

/** The length up to which at least half of the strings are right. */
const half = (byLength: readonly number[]): number => {
  const wrong = byLength.findIndex((share) => share < 0.5);
  return wrong < 0 ? byLength.length : wrong;
};

const SYMBOLS = 8;
const LONGEST = 16;

/** Strings through a code of H numbers, with and without attention: up to which length half of them arrive. */
export const bottleneck: Experiment = {
  description: "copying and reversing through a fixed code of H numbers, and with attention: exact by length",
  run: async (setting) => {
    const { engine, out, steps = 2000 } = setting;
    const rows: string[][] = [];
    for (const name of ["copy", "reverse"]) {
      const data = (await openData(`task:${name},length=${LONGEST},symbols=${SYMBOLS}`)) as PairData;
      const lines: { name: string; x: number[]; y: number[] }[] = [];
      for (const [width, attention] of [
        [16, "none"],
        [32, "none"],
        [64, "none"],
        [128, "none"],
        [32, "general"],
      ] as const) {
        // biome-ignore format: a table
        const options = { width, embedding: 16, attention, bidirectional: false, dropout: 0 };
        const training = { steps, batchSize: 64, lr: 5e-3, warmup: 100 };
        const all: Learnt[] = [];
        for (const seed of seedsOf(setting))
          all.push(
            await learn(
              { title: `${name}, H = ${width}, ${attention}`, model: seq2seq, data, options, training, seed },
              engine,
            ),
          );
        const byLength = lengths(LONGEST).map((n) => mean(all.map((one) => one.byLength[n - 1]!)));
        const code = attention === "none" ? `H = ${width}` : `H = ${width}, attention`;
        lines.push({ name: code, x: lengths(LONGEST), y: byLength });
        const reached = half(byLength);
        const bits = (reached * Math.log2(SYMBOLS)).toFixed(0);
        rows.push([name, code, String(all[0]!.parameters), `${reached}${reached === LONGEST ? " (all)" : ""}`, bits, ...[4, 8, 12, 16].map((n) => percent(byLength[n - 1]!))]); // biome-ignore format: a row
      }
      await saveChart(
        join(out, `bottleneck-${name}.png`),
        lineChart({ title: `${name}: strings without an error`, x: "length", y: "share" }, lines, {
          yZero: true,
        }),
      );
    }
    await save(
      out,
      "bottleneck",
      markdownTable(["task", "code", "parameters", "length at 50 %", "bits", "4", "8", "12", "16"], rows),
    );
  },
};

/** Teacher forcing against free running, and what scheduled sampling does. */
export const exposure: Experiment = {
  description:
    "token accuracy under teacher forcing against exact match free-running; scheduled sampling; time against length",
  run: async (setting) => {
    const { engine, out, steps = 1500 } = setting;
    const data = (await openData(`task:copy,length=${LONGEST},symbols=${SYMBOLS}`)) as PairData;
    const rows: string[][] = [];
    const lines: { name: string; x: number[]; y: number[]; dashed?: boolean }[] = [];
    for (const scheduledSampling of [0, 0.25, 0.5]) {
      const options = {
        width: 64,
        embedding: 16,
        attention: "none",
        bidirectional: false,
        dropout: 0,
        scheduledSampling,
      };
      const training = { steps, batchSize: 64, lr: 5e-3, warmup: 100 };
      const all: Learnt[] = [];
      for (const seed of seedsOf(setting))
        all.push(
          await learn(
            { title: `sampling ${scheduledSampling}`, model: seq2seq, data, options, training, seed },
            engine,
          ),
        );
      const byLength = lengths(LONGEST).map((n) => mean(all.map((one) => one.byLength[n - 1]!)));
      const p = mean(all.map(({ tokenAccuracy }) => tokenAccuracy));
      lines.push({ name: `sampling ${scheduledSampling}`, x: lengths(LONGEST), y: byLength });
      if (scheduledSampling === 0)
        lines.push({ name: "p^L of teacher forcing", x: lengths(LONGEST), y: lengths(LONGEST).map((n) => p ** (n + 1)), dashed: true }); // biome-ignore format: a line
      rows.push([String(scheduledSampling), percent(p), percent(mean(all.map(({ exactMatch }) => exactMatch))), ...[8, 12, 16].flatMap((n) => [percent(byLength[n - 1]!), percent(p ** (n + 1))])]); // biome-ignore format: a row
    }
    await saveChart(
      join(out, "exposure.png"),
      lineChart({ title: "Copied without an error", x: "length", y: "share" }, lines, { yZero: true }),
    );
    const times = await stepTimes(engine);
    await save(
      out,
      "exposure",
      `${markdownTable(["scheduled sampling", "token accuracy p", "exact", "8", "p^9", "12", "p^13", "16", "p^17"], rows)}\n\n${times}`,
    );
  },
};

/** Milliseconds of a training step against the length, for an LSTM and a Transformer of like size. */
async function stepTimes(engine: Engine): Promise<string> {
  const models: readonly (readonly [string, AnyModel, Record<string, unknown>])[] = [
    [
      "LSTM, fixed code",
      seq2seq,
      { width: 128, embedding: 64, attention: "none", bidirectional: false, dropout: 0 },
    ],
    ["Transformer", transformer, { width: 64, layers: 3, heads: 4, context: 256, dropout: 0 }],
  ];
  const sizes = [16, 32, 64, 128];
  const rows: string[][] = [];
  for (const [name, model, options] of models) {
    const times: string[] = [];
    let parameters = 0;
    for (const length of sizes) {
      const data = (await openData(`task:copy,min=${length},length=${length},count=200`)) as PairData;
      const { task, plan, sets } = begin(model, {
        data,
        options,
        training: { steps: 12, batchSize: 16, lr: 1e-3, warmup: 0 },
      });
      parameters = task.module.parameterCount;
      const taken: number[] = [];
      let last = performance.now();
      for await (const event of train({
        task,
        plan,
        examples: sets.train,
        engine,
        seed: 0,
        sampleEvery: 100,
      })) {
        if (event.kind === "step") taken.push(performance.now() - last);
        last = performance.now();
      }
      times.push(median(taken.slice(2)).toFixed(1));
      task.module.dispose();
    }
    rows.push([name, String(parameters), ...times]);
  }
  return markdownTable(["ms a training step, batch 16", "parameters", ...sizes.map((n) => `T = ${n}`)], rows);
}

const TECHNIQUES: readonly (readonly [
  string,
  Readonly<Record<string, unknown>>,
  Readonly<Record<string, unknown>>?,
])[] = [
  ["all", {}],
  ["no self-attention", { attention: false }],
  ["no attention to the source", { crossAttention: false }],
  ["one head", { heads: 1 }],
  ["no positions", { positions: "none" }],
  ["learned positions", { positions: "learned" }],
  ["rotary positions", { positions: "rotary" }],
  ["no residual connections", { residual: false }],
  ["post-norm, warm-up", { norm: "post" }],
  ["post-norm, no warm-up", { norm: "post" }, { warmup: 0 }],
  ["no norm", { norm: "none" }],
  ["no feed-forward", { feedForward: 0 }],
  ["no causal mask", { causal: false }],
];

/** A Transformer with one technique off at a time, on reversing; each at the better of two learning rates. */
export const techniques: Experiment = {
  description: "an encoder–decoder Transformer with one technique off at a time, on reversing strings",
  run: async (setting) => {
    const { engine, out, steps = 1500 } = setting;
    const data = (await openData("task:reverse,length=10,symbols=8")) as PairData;
    const rows: string[][] = [];
    for (const [name, change, how] of TECHNIQUES) {
      const options = { width: 32, layers: 2, heads: 4, context: 32, dropout: 0, ...change };
      const tried: { lr: number; all: Learnt[] }[] = [];
      for (const lr of [2e-3, 6e-3]) {
        const training = { steps, batchSize: 64, lr, warmup: 100, ...how };
        const all: Learnt[] = [];
        for (const seed of seedsOf(setting))
          all.push(
            await learn(
              { title: `${name}, ${lr}`, model: transformer, data, options, training, seed },
              engine,
            ),
          );
        tried.push({ lr, all });
      }
      const exact = ({ all }: { all: Learnt[] }): number => mean(all.map(({ exactMatch }) => exactMatch));
      const best = tried.reduce((a, b) => (exact(b) > exact(a) ? b : a));
      const shares = best.all.map(({ exactMatch }) => exactMatch);
      rows.push([name, percent(exact(best)), `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`, percent(mean(best.all.map(({ tokenAccuracy }) => tokenAccuracy))), String(best.lr)]); // biome-ignore format: a row
    }
    await save(
      out,
      "techniques",
      markdownTable(["", "exact", "seeds", "token accuracy", "learning rate"], rows),
    );
  },
};
