/** What is done with a trained language model: writing, and measuring. */
import { z } from "zod";
import type { TokenData } from "../data/data.ts";
import type { TokenSpec } from "../data/spec.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import { tokenizerOf } from "../data/tokenizers.ts";
import { UserError } from "../errors.ts";
import type { Context, Output, World } from "../model/contract.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { beamSearch } from "./beam.ts";
import { CountModel } from "./count-model.ts";
import { gptDecoder } from "./decoder.ts";
import { nextTokenLoss, readAndNext, rowsOf, type Window, windowsOf } from "./examples.ts";
import { ChoiceOptions, generateText } from "./generate.ts";
import type { Gpt } from "./gpt.ts";

type GptContext = Context<unknown, Gpt>;

const texts = z.array(z.string()).default([]);

export const Sample = ChoiceOptions.extend({
  prompt: z
    .string()
    .optional()
    .describe("what it goes on from (default: the beginning of a document, or a line)"),
  count: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe("texts to write (default: 10 documents, or 1 piece of text)"),
  maxNewTokens: z.int().min(1).default(500).describe("the most tokens of a text"),
  stop: texts.describe("texts that end it, and are not shown"),
  badWords: texts.describe("texts that must not come"),
  beams: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe("sequences of a beam search, which draws nothing; 1: none"),
  lengthPenalty: z.number().default(1).describe("with beams: α of log p / n^α, by which n tokens are ranked"),
});
export type Sample = z.output<typeof Sample>;

const specOf = ({ spec }: Pick<GptContext, "spec">): TokenSpec => spec as TokenSpec;

/** The prompt as tokens: of documents, behind the ending of one. */
function promptOf(tokenizer: Tokenizer, { ending }: TokenSpec, prompt: string | undefined): number[] {
  if (ending !== undefined) return [ending, ...tokenizer.encode(prompt ?? "")];
  if (prompt !== undefined && prompt !== "") return Array.from(tokenizer.encode(prompt));
  try {
    return Array.from(tokenizer.encode("\n"));
  } catch {
    throw new UserError(
      "the text this model learnt from has no line breaks, where it could begin: give option `prompt`",
    );
  }
}

export async function sample(context: GptContext, options: Sample): Promise<Output> {
  const spec = specOf(context);
  const tokenizer = tokenizerOf(spec.tokenizer);
  const { prompt, beams, count = spec.ending === undefined || beams > 1 ? 1 : 10 } = options;
  const before = promptOf(tokenizer, spec, prompt);
  const how = {
    ...options,
    stopTokens: spec.ending === undefined ? [] : [spec.ending],
    badWords: options.badWords.map((text) => Array.from(tokenizer.encode(text))),
    signal: context.signal,
  };
  const decoder = gptDecoder(context.module, beams > 1 ? beams : count, context.compile);
  try {
    if (beams > 1) {
      const found = await beamSearch(decoder, before, { ...how, ...chance(options) });
      const whole = found
        .slice(0, count)
        .map(({ tokens }) => (prompt ?? "") + tokenizer.decode(tokens).trimEnd());
      return { text: whole, numbers: { logProbability: found[0]!.logProbability } };
    }
    const written = Array.from({ length: count }, () => prompt ?? "");
    // One text is shown as it comes; of several, each when all are there.
    const show = count === 1 ? context.write : (): void => undefined;
    show(prompt ?? "");
    for await (const { row, text } of generateText(decoder, tokenizer, before, {
      ...how,
      key: context.key,
    })) {
      written[row] += text;
      show(text);
    }
    return { text: written };
  } finally {
    await decoder.dispose();
  }
}

/** In a search the default temperature is no wish of the user's. */
const chance = ({ temperature, topK, topP, minP, typicalP }: Sample): Partial<ChoiceOptions> => ({
  temperature,
  topP,
  minP,
  typicalP,
  ...(topK !== undefined && { topK }),
});

export const Evaluate = z.strictObject({
  stride: z
    .int()
    .min(1)
    .optional()
    .describe(
      "tokens from one window to the next; fewer than the context let each token see more (default: context)",
    ),
  countModel: z.int().min(1).max(12).default(5).describe("n of the n-gram count model beside it"),
  pattern: z
    .string()
    .optional()
    .describe("a regular expression: also measure the share of drawn documents that match it as a whole"),
  samples: z.int().min(1).max(100_000).default(500).describe("documents to draw for the pattern"),
});
export type Evaluate = z.output<typeof Evaluate>;

/** Rows that are measured at once. */
const ROWS = 64;

/** Sum of −log p, in nats, and number of the tokens of these windows. */
async function nats(
  { module, compile, progress }: GptContext,
  data: TokenData,
  windows: readonly Window[],
): Promise<{ readonly sum: number; readonly tokens: number }> {
  const width = windows.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const losses = compile((rows: Tensor) => {
    const { read, next } = readAndNext(rows);
    return nextTokenLoss(module.forward(read), next, { reduction: "none" });
  }, "losses of tokens");
  let [sum, tokens] = [0, 0];
  for (let at = 0; at < windows.length; at += ROWS) {
    progress(at, windows.length, "measuring");
    const some = windows.slice(at, at + ROWS);
    // One shape of batch, one program: the last is filled up.
    const full = Array.from({ length: Math.min(ROWS, windows.length) }, (_, i) => some[i] ?? some[0]!);
    const { data: found } = await losses(rowsOf(data.test, full, width, data.spec.ending).tokens!);
    for (const [n, { start, end, counted }] of some.entries())
      for (let i = counted; i < end; i++) {
        sum += Number(found[n * (width - 1) + i - start - 1]);
        tokens++;
      }
  }
  progress(windows.length, windows.length, "measuring");
  return { sum, tokens };
}

export async function evaluate(
  context: GptContext,
  { stride, countModel, pattern, samples }: Evaluate,
): Promise<Output> {
  const form = pattern === undefined ? undefined : formOf(pattern, specOf(context));
  const data = (await context.data()) as TokenData;
  const { context: most } = context.module.options;
  if (stride !== undefined && stride > most)
    throw new UserError(`option \`stride\` ${stride}: tokens would be left out, as the context is ${most}`);
  const windows = windowsOf(data.test, most, { ending: data.spec.ending, ...(stride && { stride }) });
  const { sum, tokens } = await nats(context, data, windows);
  const loss = sum / tokens;
  const bytes = new TextEncoder().encode(data.tokenizer.decode(data.test.tokens)).length;
  const numbers = {
    testLoss: loss,
    perplexity: Math.exp(loss),
    bitsPerByte: sum / Math.LN2 / bytes,
    [countName(countModel)]: countLoss(context.world, data, countModel),
    testTokens: tokens,
    ...(form && { matching: await matching(context, form, samples) }),
  };
  return { numbers };
}

function formOf(pattern: string, { ending }: TokenSpec): RegExp {
  if (ending === undefined)
    throw new UserError(
      "option `pattern` is about documents, and this model learnt from a text in one piece",
    );
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch (error) {
    throw new UserError(`option \`pattern\`: ${(error as Error).message}`);
  }
}

/** The share of `count` drawn documents that have this form. */
async function matching(context: GptContext, form: RegExp, count: number): Promise<number> {
  let found = 0;
  for (let done = 0; done < count; ) {
    context.progress(done, count, "drawing");
    const some = Math.min(ROWS, count - done);
    const key = context.key.split("matching").split(done);
    const { text = [] } = await sample(
      { ...context, key, write: () => undefined },
      Sample.parse({ count: some }),
    );
    found += text.filter((document) => form.test(document)).length;
    done += some;
  }
  return found / count;
}

const countName = (order: number): string => `count${order}gramLoss`;

/** The count model's loss, once a run. */
function countLoss(world: World, data: TokenData, order: number): number {
  const kept = known.get(world) ?? new Map<number, number>();
  known.set(world, kept);
  const { train, test, tokenizer, spec } = data;
  const loss = kept.get(order) ?? new CountModel(train, order, tokenizer.vocabSize, spec.ending).loss(test);
  kept.set(order, loss);
  return loss;
}
const known = new WeakMap<World, Map<number, number>>();

/** Windows of the test text that a look takes, evenly over it. */
const LOOK = 2000;

/** What a training is watched by: the test loss beside the count model's, and what it writes. */
export async function lookAt(context: GptContext): Promise<Output> {
  const data = (await context.data()) as TokenData;
  const { ending } = data.spec;
  const all = windowsOf(data.test, context.module.options.context, { ending });
  const every = Math.max(1, Math.floor(all.length / LOOK));
  const { sum, tokens } = await nats(
    context,
    data,
    all.filter((_, i) => i % every === 0),
  );
  const defaults = Sample.parse({ maxNewTokens: ending === undefined ? 100 : 40 });
  const { text = [] } = await sample(
    { ...context, write: () => undefined },
    { ...defaults, count: ending === undefined ? 1 : 8 },
  );
  return {
    numbers: { testLoss: sum / tokens, [countName(5)]: countLoss(context.world, data, 5) },
    text: [text.join(ending === undefined ? "\n" : ", ")],
  };
}
