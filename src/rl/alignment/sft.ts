import type { z } from "zod";
import type { Data, Examples } from "../../data/data.ts";
import { command, type Model } from "../../model/contract.ts";
import { bucketsOf } from "../../sequence/buckets.ts";
import { PADDING, readAndNext } from "../../sequence/examples.ts";
import { Gpt } from "../../sequence/gpt.ts";
import { GptModelOptions } from "../../sequence/gpt-model.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { learnBy } from "../../train/learning.ts";
import type { Player } from "../../train/task.ts";
import { Evaluate, evaluateCompletions, Sample, sampleCompletions } from "./commands.ts";
import { type Asked, type Dialogue, dialogueOf, promptsOf } from "./dialogue.ts";
import { PolicyOptions } from "./policy-options.ts";
import { gptOptionsOf, gptWeights } from "./scored-gpt.ts";
import { sftLoss } from "./sft-loss.ts";
import { roomOf } from "./studio.ts";
import { chancesOf } from "./tokens.ts";

const SftOptions = GptModelOptions.extend({
  promptLength: PolicyOptions.shape.promptLength,
  reward: PolicyOptions.shape.reward.describe("what held-out completions are judged by at each look"),
});
type SftOptions = z.output<typeof SftOptions>;

/** Rows of prompt and answer, padded behind in batches of like lengths, and a mask of the answer's tokens. */
export function answerExamples(asked: readonly Asked[], dialogue: Dialogue): Examples {
  const partsOf = ({ prompt, answer = "" }: Asked) =>
    [dialogue.prompt(prompt), dialogue.answer(answer)] as const;
  const lengths = asked.map((one) => partsOf(one).reduce((sum, { length }) => sum + length, 0));
  const { edges, widthOf, arrange } = bucketsOf(lengths);
  const most = edges.at(-1) ?? 0;
  return {
    length: asked.length,
    fields: { tokens: { shape: [most], dtype: "int32" }, mask: { shape: [most - 1], dtype: "float32" } },
    arrange,
    batch: (indices) => {
      const [n, width] = [indices.length, widthOf(indices)];
      const T = width - 1;
      const [tokens, mask] = [new Int32Array(n * width).fill(PADDING), new Float32Array(n * T)];
      for (let i = 0; i < n; i++) {
        const [before, after] = partsOf(asked[indices[i]!]!);
        tokens.set(before, i * width);
        tokens.set(after, i * width + before.length);
        mask.fill(1, i * T + before.length - 1, i * T + before.length + after.length - 1);
      }
      return { tokens: ndarray(tokens, [n, width]), mask: ndarray(mask, [n, T]) };
    },
  };
}

const examplesOf = ({ context, promptLength }: SftOptions, data: Data) => {
  const dialogue = dialogueOf(data.spec);
  const { train, test } = promptsOf(data, promptLength);
  // Complains where one is longer than the context.
  roomOf({ train, test }, dialogue, { context });
  const of = (asked: readonly Asked[]): Examples => answerExamples(asked, dialogue);
  return { train: of(train), test: of(test) };
};

/** Supervised fine-tuning: a GPT learns the answers to prompts, from the weights of another run or from none. */
export const sft: Model<typeof SftOptions, Gpt> = {
  name: "sft",
  options: SftOptions,
  training: {
    data: "task:sort,length=6,min=6,symbols=10",
    batchSize: 64,
    lr: 1e-3,
    steps: 1000,
    optimizer: "adamw",
    weightDecay: 0.01,
    maxGradNorm: 1,
  },
  build: (options, spec) => new Gpt(gptOptionsOf(options, spec)),
  examples: examplesOf,
  players: (module, _, plan) => {
    const measured =
      (trains: boolean): Player["loss"] =>
      ({ tokens, mask }, key) => {
        const { read, next } = readAndNext(tokens!);
        const { logProbs } = chancesOf(module.forward(read, trains ? key : undefined), next);
        return { loss: sftLoss(logProbs, mask!) };
      };
    return [{ name: "sft", module, loss: measured(true), validate: measured(false), ...learnBy(plan) }];
  },
  preview: async (context) => {
    const how = Evaluate.parse({ samples: 256 });
    const { numbers = {} } = await evaluateCompletions(context as never, how);
    return {
      numbers: Object.fromEntries(Object.entries(numbers).map(([name, x]) => [`heldOut/${name}`, x])),
    };
  },
  takes: gptWeights,
  commands: {
    sample: command(Sample, (context, options) => sampleCompletions(context as never, options)),
    evaluate: command(Evaluate, (context, options) => evaluateCompletions(context as never, options)),
  },
};
