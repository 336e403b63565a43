/** What is done with a trained encoder–decoder model: translating, and measuring. */
import { z } from "zod";
import type { PairData } from "../data/data.ts";
import type { PairSpec } from "../data/spec.ts";
import { tokenizerOf } from "../data/tokenizers.ts";
import type { Context, Output } from "../model/contract.ts";
import { markdownTable } from "../plot/markdown.ts";
import { argmax, cast, equal, sum, where } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type EncoderDecoder, ownOf, targetLoss } from "./encoder-decoder.ts";
import { readAndNext } from "./examples.ts";
import { ChoiceOptions } from "./generate.ts";
import { endOf, pairExamples } from "./pairs.ts";
import { agreement, type Reference, referencesOf, type Translation, translate } from "./translation.ts";

export type PairContext = Context<unknown, EncoderDecoder>;

const SEARCH = {
  maxNewTokens: z
    .int()
    .min(1)
    .optional()
    .describe("the most tokens of a target (default: twice the longest source and 20 more)"),
  beams: z.int().min(1).max(100).default(1).describe("sequences of a beam search; 1: none"),
  lengthPenalty: z.number().default(1).describe("with beams: α of log p / n^α, by which n tokens are ranked"),
};

export const Translate = ChoiceOptions.extend({
  source: z
    .string()
    .optional()
    .describe("what to translate, one text a line (default: examples of the test data)"),
  count: z
    .int()
    .min(1)
    .max(10_000)
    .default(10)
    .describe("without a source: how many examples of the test data"),
  temperature: z
    .number()
    .min(0)
    .default(0)
    .describe("0: always the likeliest token; 1: a draw from the model's distribution"),
  ...SEARCH,
});
type Translate = z.output<typeof Translate>;

export async function translateCommand(context: PairContext, options: Translate): Promise<Output> {
  const spec = context.spec as PairSpec;
  const { source, count, temperature, topK, ...rest } = options;
  const [from, to] = [tokenizerOf(spec.source), tokenizerOf(spec.target)];
  const given = source?.split("\n").filter((line) => line !== "");
  const references = given
    ? given.map((line): Reference => ({ source: from.encode(line), targets: [] }))
    : evenly(referencesOf(((await context.data()) as PairData).test), count);
  const { key, signal } = context;
  const found = await translate(
    context.module,
    references.map((reference) => reference.source),
    {
      ...rest,
      key,
      signal,
      ...(topK !== undefined && { topK }),
      // In a search the default temperature is no wish of the user's.
      ...((options.beams === 1 || temperature > 0) && { temperature }),
    },
    context,
  );
  const text = references.flatMap(({ source: read, targets }, i) => {
    const write = ({ tokens }: Pick<Translation, "tokens">): string => to.decode(tokens);
    const right = targets.map((target) => to.decode(target));
    const [best, ...others] = found[i]!.map(write);
    const truth = right.length === 0 || right.includes(best!) ? "" : `   (right: ${right.join(", or ")})`;
    return [`${from.decode(read)} → ${best}${truth}`, ...others.map((other) => `    or ${other}`)];
  });
  return { text };
}

/** `count` of them, evenly over all. */
const evenly = <T>(all: readonly T[], count: number): readonly T[] =>
  Array.from(
    { length: Math.min(count, all.length) },
    (_, i) => all[Math.floor((i * all.length) / Math.min(count, all.length))]!,
  );

export const Evaluate = z.strictObject({
  ...SEARCH,
  count: z.int().min(1).optional().describe("sources of the test data to translate (default: all)"),
  byLength: z.boolean().default(false).describe("also say how many are right by the length of the source"),
});
type Evaluate = z.output<typeof Evaluate>;

/** Pairs that are measured at once. */
const BATCH = 64;

/** Nats and right tokens under teacher forcing, on average over all tokens of these pairs. */
async function forced(
  { module, compile, progress }: PairContext,
  data: PairData,
  limit = data.test.length,
): Promise<{ readonly testLoss: number; readonly tokenAccuracy: number }> {
  const examples = pairExamples(evenly(data.test, limit), endOf(data));
  const order = Int32Array.from({ length: examples.length }, (_, i) => i);
  const alike = examples.arrange!(order, BATCH);
  const measure = compile((source: Tensor, target: Tensor) => {
    const { read, next } = readAndNext(target);
    const logits = module.forward(source, read);
    const own = ownOf(next);
    const right = cast(equal(argmax(logits, -1), next), "float32");
    return {
      loss: sum(targetLoss(logits, next, { reduction: "none" })),
      right: sum(where(own, right, 0)),
      tokens: sum(cast(own, "float32")),
    };
  }, "losses of targets");
  let [loss, right, tokens] = [0, 0, 0];
  for (let at = 0; at < alike.length; at += BATCH) {
    progress(at, alike.length, "measuring");
    const { source, target } = await examples.batch(alike.subarray(at, at + BATCH));
    const found = await measure(source!, target!);
    loss += Number(found.loss.data[0]);
    right += Number(found.right.data[0]);
    tokens += Number(found.tokens.data[0]);
  }
  return { testLoss: loss / tokens, tokenAccuracy: right / tokens };
}

type Written = readonly (readonly number[])[];

/** What it writes itself for each source. */
async function free(
  context: PairContext,
  references: readonly Reference[],
  search: Pick<Evaluate, keyof typeof SEARCH>,
): Promise<Written> {
  const { key, signal, module } = context;
  const sources = references.map(({ source }) => source);
  const found = await translate(module, sources, { ...search, key, signal }, context);
  return found.map(([best]) => best!.tokens);
}

/** How that agrees with the true targets. */
function agreed(references: readonly Reference[], written: Written): Readonly<Record<string, number>> {
  const { exactMatch, tokenErrorRate } = agreement(references, written);
  return { exactMatch, sequenceErrorRate: 1 - exactMatch, tokenErrorRate };
}

/** Lines of a table: of each length of a source, how many there are and how many of them are wrong. */
function wrongByLength(references: readonly Reference[], written: Written): string[] {
  const groups = new Map<number, number[]>();
  for (const [i, { source }] of references.entries())
    groups.set(source.length, [...(groups.get(source.length) ?? []), i]);
  const rows = [...groups].sort(([a], [b]) => a - b);
  const line = ([length, members]: readonly [number, readonly number[]]): string[] => {
    const pick = <T>(all: readonly T[]): T[] => members.map((i) => all[i]!);
    const { exactMatch } = agreement(pick(references), pick(written));
    return [String(length), String(members.length), `${(100 * (1 - exactMatch)).toFixed(1)} %`];
  };
  return markdownTable(["length of the source", "sources", "wrong"], rows.map(line)).split("\n");
}

export async function evaluate(context: PairContext, options: Evaluate): Promise<Output> {
  const { count, byLength, ...search } = options;
  const data = (await context.data()) as PairData;
  const all = referencesOf(data.test);
  const references = evenly(all, count ?? all.length);
  const teacher = await forced(context, data);
  const written = await free(context, references, search);
  return {
    numbers: { ...teacher, ...agreed(references, written), sources: references.length },
    ...(byLength && { text: wrongByLength(references, written) }),
  };
}

/** Pairs and sources of a look during a training. */
const [LOOK, WRITTEN] = [1024, 128];

export async function lookAt(context: PairContext): Promise<Output> {
  const data = (await context.data()) as PairData;
  const references = evenly(referencesOf(data.test), WRITTEN);
  const { text } = await translateCommand(context, Translate.parse({ count: 5 }));
  return {
    numbers: {
      ...(await forced(context, data, LOOK)),
      ...agreed(references, await free(context, references, { beams: 1, lengthPenalty: 1 })),
    },
    text: text!,
  };
}
