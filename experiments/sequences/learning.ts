/** What the experiments on sequences have in common: train a small model, measure it, take the better of some learning rates. */
import { join } from "node:path";
import { progress } from "../../src/cli/progress.ts";
import type { Data, PairData, TokenData } from "../../src/data/data.ts";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { UserError } from "../../src/errors.ts";
import { writeFileAtomic } from "../../src/files/node.ts";
import { type BeginOptions, type Begun, begin } from "../../src/model/assemble.ts";
import { withModel } from "../../src/model/context.ts";
import type { AnyModel } from "../../src/model/contract.ts";
import { nodeWorld } from "../../src/model/node.ts";
import { languageExamples, nextTokenLoss, readAndNext } from "../../src/sequence/examples.ts";
import { type EncoderDecoder, type Gpt, referencesOf, translate } from "../../src/sequence/index.ts";
import { evaluate } from "../../src/sequence/pair-commands.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { train } from "../../src/train/loop.ts";
import type { Setting } from "../experiment.ts";

type Options = Readonly<Record<string, unknown>>;

export interface Job<D extends Data = Data> extends Pick<BeginOptions, "weights"> {
  readonly title: string;
  readonly model: AnyModel;
  readonly data: D;
  readonly options: Options;
  readonly training: Options;
  readonly seed: number;
}

/** Steps at the end over which the training loss is averaged. */
const LAST = 50;

/** Train; the module is the caller's to dispose of. */
async function trained(
  job: Job,
  engine: Engine,
): Promise<{ readonly begun: Begun; readonly trainLoss: number }> {
  const { title, model, seed, ...how } = job;
  const begun = begin(model, { ...how, seed });
  const { task, plan, sets } = begun;
  const bar = progress(title, plan.steps);
  const losses: number[] = [];
  try {
    const events = train({ task, plan, examples: sets.train, engine, seed, sampleEvery: plan.steps + 1 });
    for await (const event of events)
      if (event.kind === "step") {
        bar.update(event.step, event.metrics);
        losses.push(event.metrics.loss!);
      }
  } finally {
    bar.stop();
  }
  return { begun, trainLoss: mean(losses.slice(-LAST)) };
}

export interface LearntPairs {
  /** Share of test strings of each length that are written without an error; index 0 is length 1. */
  readonly byLength: readonly number[];
  readonly tokenAccuracy: number;
  readonly exactMatch: number;
  readonly parameters: number;
}

/** Train a model of pairs and measure it on the test data. */
export async function learnPairs(job: Job<PairData>, engine: Engine): Promise<LearntPairs> {
  const { data, options, seed } = job;
  const { begun } = await trained(job, engine);
  const module = begun.task.module as EncoderDecoder;
  const world = nodeWorld(async () => data);
  const parts = { module, options, spec: data.spec, engine, key: Key.seed(seed), world };
  const measured = await withModel(parts, async (context) => {
    const references = referencesOf(data.test);
    const sources = references.map(({ source }) => source);
    const found = await translate(module, sources, { key: context.key }, context);
    const right = references.map(({ targets }, i) => found[i]![0]!.tokens.join() === targets[0]!.join());
    const longest = Math.max(...sources.map(({ length }) => length));
    const byLength = upTo(longest).map((n) => {
      const own = right.filter((_, i) => sources[i]!.length === n);
      return own.length === 0 ? 1 : mean(own.map(Number));
    });
    const { numbers } = await evaluate(context, { beams: 1, lengthPenalty: 1, count: 1, byLength: false });
    return { byLength, exactMatch: mean(right.map(Number)), tokenAccuracy: numbers!.tokenAccuracy! };
  });
  const parameters = module.parameterCount;
  module.dispose();
  return { ...measured, parameters };
}

export interface LearntLanguage {
  /** Nats a token of the test text, read in rows of `context` tokens, and of these multiples of it. */
  readonly losses: readonly number[];
  readonly trainLoss: number;
  readonly weights: Awaited<ReturnType<Gpt["stateDict"]>>;
}

/** Rows of the test text, and tokens measured at once. */
const [ROWS, AT_ONCE] = [400, 4096];

/** Train a GPT and measure it on the test text at these multiples of its context. */
export async function learnLanguage(
  job: Job<TokenData>,
  engine: Engine,
  multiples: readonly number[] = [1],
): Promise<LearntLanguage> {
  const { begun, trainLoss } = await trained(job, engine);
  const gpt = begun.task.module as Gpt;
  const { context } = job.model.options.parse(job.options) as { context: number };
  const losses: number[] = [];
  for (const multiple of multiples)
    losses.push(await languageLoss(gpt, job.data, context * multiple, engine));
  const weights = await gpt.stateDict();
  gpt.dispose();
  return { losses, trainLoss, weights };
}

async function languageLoss(gpt: Gpt, data: TokenData, context: number, engine: Engine): Promise<number> {
  const { test } = languageExamples(data, context);
  const batch = Math.max(1, Math.floor(AT_ONCE / context));
  const rows = Math.min(test.length, Math.ceil((ROWS * 32) / context)); // as many tokens at any context
  const measure = compile(
    (tokens: Tensor) => {
      const { read, next } = readAndNext(tokens);
      return nextTokenLoss(gpt.forward(read), next);
    },
    { engine },
  );
  const losses: number[] = [];
  for (let at = 0; at < rows; at += batch) {
    const indices = Int32Array.from({ length: Math.min(batch, rows - at) }, (_, i) => at + i);
    const { tokens } = await test.batch(indices);
    const { data: found } = await measure(tokens!);
    for (const _ of indices) losses.push(Number(found[0]));
  }
  await measure.dispose();
  return mean(losses);
}

export interface Tried<T> {
  readonly lr: number;
  /** One a seed; undefined where the training ended at a loss that is no number. */
  readonly all: readonly (T | undefined)[];
  /** The mean over the seeds: the larger, the better. */
  readonly score: number;
}

/** A variant at each of these learning rates, each with all seeds; the best first. */
export async function sweep<T>(
  rates: readonly number[],
  setting: Setting,
  learn: (lr: number, seed: number) => Promise<T>,
  score: (found: T) => number,
): Promise<readonly Tried<T>[]> {
  const tried: Tried<T>[] = [];
  for (const lr of rates) {
    const all: (T | undefined)[] = [];
    for (const seed of seedsOf(setting)) all.push(await unlessDiverged(() => learn(lr, seed)));
    const scores = all.map((found) => (found === undefined ? Number.NEGATIVE_INFINITY : score(found)));
    tried.push({ lr, all, score: mean(scores) });
  }
  return tried.sort((a, b) => b.score - a.score);
}

async function unlessDiverged<T>(learn: () => Promise<T>): Promise<T | undefined> {
  try {
    return await learn();
  } catch (error) {
    if (error instanceof UserError && / is (NaN|-?Infinity)\. Training stopped/.test(error.message))
      return undefined;
    throw error;
  }
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
export const range = (values: readonly number[], write: (value: number) => string): string =>
  `${write(Math.min(...values))} to ${write(Math.max(...values))}`;
export const nats = (value: number): string => value.toFixed(3);
export const seedsOf = ({ seeds = 3 }: Setting): number[] => Array.from({ length: seeds }, (_, i) => i);
/** 1 … n. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** Strings of up to LONGEST symbols. */
export const [SYMBOLS, LONGEST] = [8, 16];

export async function save(out: string, name: string, markdown: string): Promise<void> {
  const file = join(out, `${name}.md`);
  await writeFileAtomic(file, new TextEncoder().encode(`${markdown}\n`));
  console.log(`\n${markdown}\n\n${file}`);
}
