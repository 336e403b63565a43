import { z } from "zod";
import { GptModelOptions } from "../../sequence/gpt-model.ts";
import { ESTIMATORS } from "../kl.ts";

const count = z.int().min(1);

/** Options of every method that judges completions. */
export const AlignmentOptions = GptModelOptions.extend({
  reward: z
    .array(z.string())
    .min(1)
    .default(["exact"])
    .describe(
      "what completions are paid for, summed: exact, places, rhyme, word, ends:TEXT, length:N, distinct, tones, model:RUN (a reward model), each with a weight if need be (exact*0.9)",
    ),
  group: count.default(8).describe("completions of each prompt, K"),
  temperature: z
    .number()
    .positive()
    .default(1)
    .describe("temperature of the draws; log-probabilities are taken at the same"),
  maxNewTokens: count
    .optional()
    .describe("the most tokens of a completion (default: those of the longest answer)"),
  promptLength: z
    .int()
    .min(0)
    .default(0)
    .describe("of data without prompts (names, lines:FILE): characters of a document that are the prompt"),
  missingEnd: z
    .number()
    .optional()
    .describe("the reward of a completion that was cut for its length (default: it is judged as it is)"),
  heldOut: count.default(256).describe("held-out prompts that a look completes"),
});
export type AlignmentOptions = z.output<typeof AlignmentOptions>;

/** Options of methods that learn from the policy's own draws. */
export const PolicyOptions = AlignmentOptions.extend({
  beta: z.number().min(0).default(0.05).describe("β, the price of a nat of KL(π ‖ π_ref)"),
  kl: z
    .enum(["reward", "loss"])
    .default("reward")
    .describe("where the divergence is fined: taken from the reward as a number, or a term of the loss"),
  klEstimator: z
    .enum(ESTIMATORS)
    .default("k1")
    .describe("in the loss: the estimator of KL, with its gradient"),
  klLevel: z
    .enum(["token", "sequence"])
    .default("token")
    .describe("in the loss: of each token by itself, or of the whole completion"),
  klTarget: z
    .number()
    .positive()
    .optional()
    .describe("β adapts so that a completion is so many nats from π_ref (Ziegler et al.; default: it stays)"),
  klHorizon: count.default(10_000).describe("with klTarget: completions over which β adapts"),
  klLimit: z.number().positive().default(50).describe("warn where a completion is more nats from π_ref"),
  innerEpochs: count.default(1).describe("passes over a rollout"),
  minibatches: count.default(1).describe("updates in a pass, each from a part of the rollout"),
  maskTruncated: z
    .boolean()
    .default(false)
    .describe("learn nothing from completions that were cut for their length"),
  resample: z
    .int()
    .min(0)
    .default(0)
    .describe("rounds of drawing other prompts in the place of groups whose rewards are all equal (DAPO)"),
});
export type PolicyOptions = z.output<typeof PolicyOptions>;
