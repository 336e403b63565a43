import type { PairData, TokenData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { gpt, transformer } from "../../src/sequence/index.ts";
import { type Experiment, markdownTable, type Setting } from "../experiment.ts";
import { type LearntLanguage, type LearntPairs, learnLanguage, learnPairs, mean, nats, percent, range, save, sweep } from "./learning.ts"; // biome-ignore format: a list of names

type Options = Readonly<Record<string, unknown>>;
interface Change {
  readonly name: string;
  readonly options: Options;
  readonly training?: Options;
}

const COMMON: readonly Change[] = [
  { name: "all", options: {} },
  { name: "no self-attention", options: { attention: false } },
  { name: "one head", options: { heads: 1 } },
  { name: "one layer", options: { layers: 1 } },
  { name: "no positions", options: { positions: "none" } },
  { name: "learned positions", options: { positions: "learned" } },
  { name: "no residual connections", options: { residual: false } },
  { name: "post-norm, warm-up", options: { norm: "post" } },
  { name: "post-norm, no warm-up", options: { norm: "post" }, training: { warmup: 0 } },
  { name: "no norm", options: { norm: "none" } },
  { name: "no feed-forward", options: { feedForward: 0 } },
  { name: "no causal mask", options: { causal: false } },
];
/** Each model has its own positions by default, and the other's as a change. */
const ON_PAIRS: readonly Change[] = [
  ...COMMON,
  { name: "no attention to the source", options: { crossAttention: false } },
  { name: "rotary positions", options: { positions: "rotary" } },
];
const ON_TEXT: readonly Change[] = [
  ...COMMON,
  { name: "sinusoidal positions", options: { positions: "sinusoidal" } },
];

/** One technique off at a time, each at the better of two learning rates, where it matters. */
export const techniques: Experiment = {
  description: "a Transformer with one technique off at a time, on reversing strings",
  run: async (setting) => save(setting.out, "techniques", await onReversing(setting)),
};

/** The same on plain language modelling, where most matter little. */
export const techniquesLanguage: Experiment = {
  description: "the same on plain language modelling, where most matter little",
  run: async (setting) => save(setting.out, "techniques-language", await onLanguage(setting)),
};

async function onReversing(setting: Setting): Promise<string> {
  const { engine, steps = 800 } = setting;
  const data = (await openData("task:reverse,length=10,symbols=8")) as PairData;
  const rows: string[][] = [];
  for (const { name, options, training } of ON_PAIRS) {
    const learn = (lr: number, seed: number): Promise<LearntPairs> =>
      learnPairs(
        {
          title: `reversing, ${name}, lr ${lr}, seed ${seed}`,
          model: transformer,
          data,
          options: { width: 32, layers: 2, heads: 4, context: 32, dropout: 0, ...options },
          training: { steps, batchSize: 64, lr, warmup: 100, ...training },
          seed,
        },
        engine,
      );
    const [best] = await sweep([3e-3, 1e-2], setting, learn, ({ exactMatch }) => exactMatch);
    const all = best!.all as LearntPairs[];
    const exact = all.map(({ exactMatch }) => exactMatch);
    const forced = mean(all.map(({ tokenAccuracy }) => tokenAccuracy));
    rows.push([name, percent(mean(exact)), range(exact, percent), percent(forced), String(best!.lr)]);
  }
  return markdownTable(["reversing", "exact", "seeds", "token accuracy", "learning rate"], rows);
}

async function onLanguage(setting: Setting): Promise<string> {
  const { engine, steps = 300, data: name = "names" } = setting;
  const data = (await openData(name)) as TokenData;
  const rows: string[][] = [];
  for (const change of ON_TEXT) {
    const learn = (lr: number, seed: number): Promise<LearntLanguage> =>
      learnLanguage(
        {
          title: `${name}, ${change.name}, lr ${lr}, seed ${seed}`,
          model: gpt,
          data,
          options: { width: 64, layers: 2, ...change.options },
          training: { steps, lr, ...change.training },
          seed,
        },
        engine,
      );
    const [best] = await sweep([3e-3, 1e-2], setting, learn, ({ losses }) => -losses[0]!);
    const all = best!.all as LearntLanguage[];
    const losses = all.map(({ losses: [loss] }) => loss!);
    rows.push([change.name, nats(mean(losses)), range(losses, nats), String(best!.lr)]);
  }
  return markdownTable([`language (${name})`, "nats a token", "seeds", "learning rate"], rows);
}
