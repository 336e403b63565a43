import type { z } from "zod";
import type { Examples } from "../../data/data.ts";
import { command, type Model } from "../../model/contract.ts";
import { readAndNext } from "../../sequence/examples.ts";
import { Gpt } from "../../sequence/gpt.ts";
import { zeros } from "../../tensor/ndarray.ts";
import { maximum } from "../../tensor/ops.ts";
import { learnBy } from "../../train/learning.ts";
import type { Player } from "../../train/task.ts";
import { Evaluate, evaluateCompletions, Sample, sampleCompletions } from "./commands.ts";
import { dialogueOf, promptsOf } from "./dialogue.ts";
import { requireGroups } from "./group.ts";
import { align } from "./loop.ts";
import type { Method, Seen } from "./method.ts";
import type { AlignmentOptions } from "./policy-options.ts";
import { gptOptionsOf, gptWeights, ScoredGpt } from "./scored-gpt.ts";
import { roomOf } from "./studio.ts";
import { chancesOf } from "./tokens.ts";

/** An example is a prompt: the loop asks for it by its number, and has its text by itself. */
const numbered = (length: number): Examples => ({
  length,
  fields: { prompts: { shape: [], dtype: "int32" } },
  batch: (indices) => ({ prompts: zeros([indices.length], "int32") }),
});

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
    tunes: true,
    examples: (given, data) => {
      const options = given as unknown as O;
      const { train, test } = promptsOf(data, options.promptLength);
      roomOf({ train, test }, dialogueOf(data.spec), options);
      return { train: numbered(train.length), test: numbered(test.length) };
    },
    players: (module, given, plan) => {
      const options = given as unknown as O;
      const { group: K } = options;
      if (method.groups) requireGroups(plan.batchSize * K, K, method.name);
      const loss: Player["loss"] = (batch) => method.loss(seenBy(module, batch, options), options);
      return [{ name: method.name, module, loss, ...learnBy(plan) }];
    },
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
