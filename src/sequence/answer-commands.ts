/** What is done with a language model that learnt to answer: answering, and measuring the answers. */
import type { PairData, TokenPair } from "../data/data.ts";
import type { PairSpec } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import type { Context, Output } from "../model/contract.ts";
import { argmax } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { rowsOfPairs, vocabularyOf, widthOfPairs } from "./answers.ts";
import { gptDecoder } from "./decoder.ts";
import { nextTokenLoss, PADDING, readAndNext } from "./examples.ts";
import { generateText } from "./generate.ts";
import type { Gpt } from "./gpt.ts";
import type { Evaluate, Sample } from "./language-commands.ts";

type GptContext = Context<unknown, Gpt>;

/** Answers to a question, or to the first of the test set. */
export async function answer(context: GptContext, options: Sample): Promise<Output> {
  if (options.beams > 1)
    throw new UserError(
      "answers are written token by token: leave option `beams` out, with option `temperature` 0",
    );
  const { tokenizer, marker } = vocabularyOf(context.spec as PairSpec);
  const { prompt, count = prompt === undefined ? 10 : 1 } = options;
  const questions =
    prompt === undefined ? await testQuestions(context, count) : Array.from({ length: count }, () => prompt);
  const decoder = gptDecoder(context.module, 1, context.compile);
  const badWords = options.badWords.map((text) => Array.from(tokenizer.encode(text)));
  const text: string[] = [];
  for (const [i, question] of questions.entries()) {
    const read = [marker, ...Array.from(tokenizer.encode(question)), marker];
    const how = {
      ...options,
      badWords,
      stopTokens: [marker],
      key: context.key.split(i),
      signal: context.signal,
    };
    let written = `${question} → `;
    for await (const piece of generateText(decoder, tokenizer, read, how)) written += piece.text;
    text.push(written);
  }
  await decoder.dispose();
  return { text };
}

async function testQuestions(context: GptContext, count: number): Promise<string[]> {
  const { test, source } = (await context.data()) as PairData;
  return test.slice(0, count).map((pair) => source.decode(pair.source));
}

/** Pairs that are measured at once. */
const ROWS = 128;

interface Score {
  /** Nats a token of the answers, their ends included. */
  readonly loss: number;
  /** Share of these tokens that would be chosen, all before them being right. */
  readonly tokenAccuracy: number;
  /** Share of the answers that are right as a whole: what writing the likeliest token at each step gives. */
  readonly exactMatch: number;
}

/** Greedy decoding is right if the likeliest token is the right one wherever all before it are: one pass shows it. */
async function score(context: GptContext, data: PairData, pairs: readonly TokenPair[]): Promise<Score> {
  const { module, compile, progress } = context;
  const [width, vocabulary] = [widthOfPairs(data), vocabularyOf(data.spec)];
  const program = compile((tokens: Tensor, next: Tensor) => {
    const logits = module.forward(readAndNext(tokens).read);
    return [nextTokenLoss(logits, next, { reduction: "none" }), argmax(logits, -1)];
  }, "answers");
  let [sum, tokens, right, exact] = [0, 0, 0, 0];
  for (let at = 0; at < pairs.length; at += ROWS) {
    progress(at, pairs.length, "measuring");
    const some = pairs.slice(at, at + ROWS);
    // One shape of batch, one program: the last is filled up.
    const full = Array.from({ length: Math.min(ROWS, pairs.length) }, (_, i) => some[i] ?? some[0]!);
    const rows = rowsOfPairs(full, width, vocabulary);
    const [losses, likeliest] = await program(rows.tokens, rows.next);
    for (let n = 0; n < some.length; n++) {
      let whole = true;
      for (let i = n * (width - 1); i < (n + 1) * (width - 1); i++) {
        if (rows.next.data[i] === PADDING) continue;
        const hit = likeliest!.data[i] === rows.next.data[i];
        sum += Number(losses!.data[i]);
        tokens++;
        if (hit) right++;
        else whole = false;
      }
      if (whole) exact++;
    }
  }
  progress(pairs.length, pairs.length, "measuring");
  return { loss: sum / tokens, tokenAccuracy: right / tokens, exactMatch: exact / pairs.length };
}

export async function evaluateAnswers(context: GptContext, { pattern, stride }: Evaluate): Promise<Output> {
  if (pattern !== undefined || stride !== undefined)
    throw new UserError("options `pattern` and `stride` are for text, and this model answers questions");
  const data = (await context.data()) as PairData;
  const { loss, tokenAccuracy, exactMatch } = await score(context, data, data.test);
  return { numbers: { testLoss: loss, tokenAccuracy, exactMatch, testPairs: data.test.length } };
}

/** Pairs of each part that a look takes. */
const LOOK = 2000;

/** What a training is watched by: whether what it was not shown is answered as well as what it was. */
export async function lookAtAnswers(context: GptContext): Promise<Output> {
  const data = (await context.data()) as PairData;
  const [test, train] = [await score(context, data, data.test.slice(0, LOOK)), await score(context, data, data.train.slice(0, LOOK))]; // biome-ignore format: one line
  return {
    numbers: {
      testLoss: test.loss,
      tokenAccuracy: test.tokenAccuracy,
      exactMatch: test.exactMatch,
      trainLoss: train.loss,
      trainExactMatch: train.exactMatch,
    },
  };
}
