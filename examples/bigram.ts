/**
 * A model of one's own: which character follows which. It learns from any text, and serves like the models that come
 * with galatea:
 *
 *   npx galatea --with ./bigram.ts train bigram --data text:some.txt
 *   npx galatea --with ./bigram.ts sample bigram-text-some-txt --length 200
 */
import { argmax, type Key, ndarray, type Tensor, UserError, uniform } from "galatea";
import type { Examples, TokenData } from "galatea/data";
import { tokenizerOf } from "galatea/data";
import { command, type Model } from "galatea/model";
import { crossEntropy, Embedding, Module } from "galatea/nn";
import { learnBy } from "galatea/train";
import { z } from "zod";

/** Row i of the table: the logits of what follows symbol i. */
class Bigram extends Module {
  readonly table: Embedding;
  constructor(vocabulary: number) {
    super();
    this.table = new Embedding(vocabulary, vocabulary);
  }
  /** Tokens [N] → logits [N, V]. */
  forward(tokens: Tensor): Tensor {
    return this.table.forward(tokens);
  }
}

const Options = z.strictObject({
  window: z
    .int()
    .min(2)
    .default(33)
    .describe("characters of an example; each but the last predicts the next"),
});

/** Windows of the text: example i begins at character i. */
function windows({ tokens, length }: TokenData["train"], window: number): Examples {
  return {
    length: length - window,
    fields: { tokens: { shape: [window], dtype: "int32" } },
    batch: (indices) => {
      const out = new Int32Array(indices.length * window);
      for (let n = 0; n < indices.length; n++)
        out.set(tokens.subarray(indices[n]!, indices[n]! + window), n * window);
      return { tokens: ndarray(out, [indices.length, window]) };
    },
  };
}

const bigram: Model<typeof Options, Bigram> = {
  name: "bigram",
  description: "which character follows which",
  options: Options,
  training: { data: "text:input.txt", batchSize: 32, lr: 0.05, steps: 300 },
  build: (_, spec) => {
    if (spec.kind !== "tokens")
      throw new UserError(`bigram learns from text, and "${spec.name}" holds ${spec.kind}`);
    return new Bigram(tokenizerOf(spec.tokenizer).vocabSize);
  },
  examples: ({ window }, data) => {
    if (data.kind !== "tokens")
      throw new UserError(`bigram learns from text, and "${data.name}" holds ${data.kind}`);
    return { train: windows(data.train, window), test: windows(data.test, window) };
  },
  players: (module, _, plan) => [
    {
      name: "bigram",
      module,
      loss: ({ tokens }) => {
        const length = tokens!.shape[1]!;
        const [now, next] = [tokens!.narrow(1, 0, length - 1), tokens!.narrow(1, 1, length)];
        return { loss: crossEntropy(module.forward(now.reshape(-1)), next.reshape(-1)) };
      },
      ...learnBy(plan),
    },
  ],
  commands: {
    sample: command(
      z.strictObject({ length: z.int().min(1).default(80).describe("characters to write") }),
      async ({ module, spec, key, compile }, { length }) => {
        if (spec.kind !== "tokens") throw new UserError("bigram writes text");
        const tokenizer = tokenizerOf(spec.tokenizer);
        // The largest of logits + Gumbel noise is a draw from their softmax (Gumbel 1954).
        const step = compile((token: Tensor, noise: Key) => {
          const logits = (module as Bigram).forward(token);
          const gumbel = uniform(noise, logits.shape).clamp(1e-9, 1).log().neg().log().neg();
          return argmax(logits.add(gumbel), -1);
        });
        const written: number[] = [];
        for (let i = 0, token = 0; i < length; i++) {
          token = Number((await step(Int32Array.of(token), key.split(i))).data[0]);
          written.push(token);
        }
        return { text: [tokenizer.decode(written)] };
      },
    ),
  },
};

export default { models: [bigram] };
