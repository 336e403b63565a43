import { z } from "zod";
import { cast, greater, sub } from "../../tensor/ops.ts";
import { meanOf } from "../deep/policy-gradient.ts";
import { aligned } from "./aligned.ts";
import { dpoLoss, PREFERENCE_LOSSES } from "./dpo-loss.ts";
import { halves, PairLabels, pairBatch } from "./pairs.ts";
import { AlignmentOptions } from "./policy-options.ts";
import { rowMean, rowSum, tokenMean } from "./tokens.ts";

const DpoOptions = AlignmentOptions.extend({
  beta: z.number().positive().default(0.1).describe("β: the smaller, the further from π_ref"),
  loss: z.enum(PREFERENCE_LOSSES).default("sigmoid").describe("the loss of a pair"),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(0.5)
    .default(0)
    .describe("the share of labels that are wrong; for sigmoid and robust"),
  labels: PairLabels,
});
type DpoOptions = z.output<typeof DpoOptions>;

/**
 * Direct preference optimisation (Rafailov et al. 2023): no reward model and no draws of the policy. Pairs are completions of π_ref,
 * and the policy's own ln π/π_ref is the reward that explains them.
 */
export const dpo = aligned<DpoOptions>({
  name: "dpo",
  options: DpoOptions,
  training: { lr: 1e-4, steps: 300, batchSize: 32, maxGradNorm: 1 },
  draws: "reference",
  scored: false,
  policy: true,
  groups: true,
  usesReference: () => false,
  batch: pairBatch,
  loss: ({ batch, mask, logProbs, entropy }, { loss: kind, beta, labelSmoothing }) => {
    const { reference, weights } = batch;
    const perToken = kind === "ipo";
    const ref = perToken ? reference!.div(mask.sum({ axes: 1 }).maximum(1)) : reference!;
    const l = sub((perToken ? rowMean : rowSum)(logProbs, mask), ref);
    const delta = sub(...halves(l));
    const loss = dpoLoss(delta, { beta, loss: kind, labelSmoothing }, weights);
    return {
      loss,
      accuracy: meanOf(cast(greater(delta, 0), "float32"), weights!),
      margin: meanOf(delta, weights!),
      entropy: tokenMean(entropy, mask),
    };
  },
});
