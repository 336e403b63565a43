import type { z } from "zod";
import type { Data, Examples } from "../../data/data.ts";
import { command, type ExampleSets, type Model } from "../../model/contract.ts";
import { readAndNext } from "../../sequence/examples.ts";
import { Gpt } from "../../sequence/gpt.ts";
import { zeros } from "../../tensor/ndarray.ts";
import { maximum } from "../../tensor/ops.ts";
import { learnBy } from "../../train/learning.ts";
import { Evaluate, evaluateCompletions, Sample, sampleCompletions } from "./commands.ts";
import { promptsOf } from "./dialogue.ts";
import { align } from "./loop.ts";
import type { Method, Seen } from "./method.ts";
import type { AlignmentOptions } from "./policy-options.ts";
import { gptOptionsOf, gptWeights, ScoredGpt } from "./scored-gpt.ts";
import { chancesOf } from "./tokens.ts";

/** An example is a prompt: the loop asks for it by its number, and has its text by itself. */
const numbered = (length: number): Examples => ({
  length,
  fields: { prompts: { shape: [], dtype: "int32" } },
  batch: (indices) => ({ prompts: zeros([indices.length], "int32") }),
});

export const promptExamples = (data: Data, promptLength: number): ExampleSets => {
  const { train, test } = promptsOf(data, promptLength);
  return { train: numbered(train.length), test: numbered(test.length) };
};

/** A method as a model: built like a GPT, trained by the loop of all methods. */
export function aligned<O extends AlignmentOptions>(method: Method<O>): Model<z.ZodObject, Gpt> {
  return {
    name: method.name,
    options: method.options,
    training: { data: "task:sort,length=6,min=6,symbols=10", ...method.training },
    build: (options, spec) => {
      const own = gptOptionsOf(options as never, spec);
      return method.scored ? new ScoredGpt(own) : new Gpt(own);
    },
    examples: (options, data) => promptExamples(data, (options as O).promptLength),
    players: (module, options, plan) => [
      {
        name: method.name,
        module,
        loss: (batch) => method.loss(seenBy(module, batch, options as unknown as O), options as unknown as O),
        ...learnBy(plan),
      },
    ],
    learn: (setting) => align(method, setting as never),
    takes: gptWeights,
    commands: method.policy
      ? {
          sample: command(Sample, (context, options) => sampleCompletions(context as never, options)),
          evaluate: command(Evaluate, (context, options) => evaluateCompletions(context as never, options)),
        }
      : {},
  };
}

function seenBy(module: Gpt, batch: Seen["batch"], { temperature }: AlignmentOptions): Seen {
  const { tokens, mask } = batch;
  const { read, next } = readAndNext(tokens!);
  const whole = module instanceof ScoredGpt ? module.read(maximum(tokens!, 0)) : undefined;
  const logits = whole ? whole.logits.narrow(1, 0, next.shape[1]!) : module.forward(read);
  return { batch, mask: mask!, ...chancesOf(logits, next, temperature), scores: whole?.scores };
}
