import { z } from "zod";
import { div, maximum, minimum, mul, reshape, sum } from "../../tensor/ops.ts";
import { meanOf } from "../deep/policy-gradient.ts";
import { aligned } from "./aligned.ts";
import { leaveOneOut } from "./group.ts";
import { column } from "./method.ts";
import { fined, paid, policyRows, usesReference } from "./policy-method.ts";
import { PolicyOptions } from "./policy-options.ts";
import { rlooLoss } from "./rloo-loss.ts";
import { rowSum, tokenMean } from "./tokens.ts";

const RlooOptions = PolicyOptions.extend({
  klLevel: PolicyOptions.shape.klLevel.default("sequence"),
  epsilon: z.number().positive().default(0.2).describe("how far the ratio of a completion may leave 1, ε"),
});
type RlooOptions = z.output<typeof RlooOptions>;

/**
 * REINFORCE leave-one-out (Ahmadian et al. 2024). A completion is one action, and what it is better than is the mean of the
 * others of its group.
 */
export const rloo = aligned<RlooOptions>({
  name: "rloo",
  options: RlooOptions,
  training: { lr: 3e-4, steps: 300, batchSize: 32, maxGradNorm: 1 },
  draws: "policy",
  scored: false,
  policy: true,
  groups: true,
  usesReference,
  batch: (material, options) => ({
    ...policyRows(material, options),
    advantages: column(leaveOneOut(paid(material, options), options.group)),
  }),
  loss: ({ batch, mask, logProbs, entropy }, options) => {
    const { old, advantages } = batch;
    const { losses, clipped } = rlooLoss(
      { logProbs, old: old!, mask, advantages: advantages! },
      options.epsilon,
    );
    // A row's loss in equal parts on its tokens, so that a penalty of tokens is added to it as to others.
    const tokens = maximum(sum(mask, { axes: 1 }), 1);
    const spread = mul(reshape(div(losses, tokens), [-1, 1]), mask);
    const rows = rowSum(fined(spread, { batch, mask, logProbs }, options), mask);
    const counted = minimum(sum(mask, { axes: 1 }), 1);
    return { loss: meanOf(rows, counted), entropy: tokenMean(entropy, mask), clipped };
  },
});
