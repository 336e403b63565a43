import { z } from "zod";
import { aligned } from "./aligned.ts";
import { groupAdvantages } from "./group.ts";
import { AGGREGATIONS, aggregate, grpoLoss } from "./grpo-loss.ts";
import { column, scalar } from "./method.ts";
import { fined, paid, policyRows, usesReference } from "./policy-method.ts";
import { PolicyOptions } from "./policy-options.ts";
import { tokenMean } from "./tokens.ts";

const GrpoOptions = PolicyOptions.extend({
  beta: PolicyOptions.shape.beta.default(0),
  kl: PolicyOptions.shape.kl.default("loss"),
  klEstimator: PolicyOptions.shape.klEstimator.default("k3"),
  epsilon: z.number().positive().default(0.2).describe("how far a ratio may fall below 1, ε"),
  epsilonHigh: z
    .number()
    .positive()
    .optional()
    .describe("how far it may rise above 1; DAPO's clip-higher is 0.28 (default: as epsilon)"),
  scale: z
    .boolean()
    .default(true)
    .describe(
      "do not divide advantages by the group's deviation (Dr. GRPO), which weighs hard and easy prompts more",
    ),
  aggregation: z
    .enum(AGGREGATIONS)
    .default("dapo")
    .describe("how tokens are averaged: by rows, over the batch, over the rollout, or by a constant"),
  ratio: z
    .enum(["token", "sequence"])
    .default("token")
    .describe("π/π_old of each token, or of the completion (GSPO)"),
});
type GrpoOptions = z.output<typeof GrpoOptions>;

/**
 * Group relative policy optimisation (Shao et al. 2024). It is PPO (`ppo.ts`) without a value function: what a completion is
 * better than is the mean of its group.
 */
export const grpo = aligned<GrpoOptions>({
  name: "grpo",
  options: GrpoOptions,
  training: { lr: 3e-4, steps: 300, batchSize: 32, maxGradNorm: 1 },
  draws: "policy",
  scored: false,
  policy: true,
  groups: true,
  usesReference,
  batch: (material, options) => {
    const batch = policyRows(material, options);
    const tokens = (batch.mask!.data as Float32Array).reduce((a, b) => a + b, 0);
    return {
      ...batch,
      advantages: column(groupAdvantages(paid(material, options), options.group, options)),
      tokensPerBatch: scalar(tokens / options.minibatches),
      maxTokens: scalar(material.maxNewTokens),
    };
  },
  loss: ({ batch, mask, logProbs, entropy }, options) => {
    const { epsilon: low, epsilonHigh: high = low, ratio, aggregation } = options;
    const { old, advantages } = batch;
    const [tokensPerBatch, maxTokens] = [batch.tokensPerBatch!, batch.maxTokens!];
    const parts = { logProbs, old: old!, mask, advantages: advantages! };
    const { losses, clipped } = grpoLoss(parts, { low, high, ratio });
    const total = fined(losses, { batch, mask, logProbs }, options);
    const loss = aggregate(total, mask, { aggregation, maxTokens, tokensPerBatch });
    return { loss, entropy: tokenMean(entropy, mask), clipped };
  },
});
