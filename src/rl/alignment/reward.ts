import { z } from "zod";
import { cast, greater, mul, sub, sum } from "../../tensor/ops.ts";
import { meanOf } from "../deep/policy-gradient.ts";
import { aligned } from "./aligned.ts";
import { halves, PairLabels, pairBatch } from "./pairs.ts";
import { AlignmentOptions } from "./policy-options.ts";
import { rewardLoss } from "./reward-loss.ts";

const RewardOptions = AlignmentOptions.extend({
  margin: z.number().min(0).default(0).describe("how much better the chosen one must be"),
  centre: z.number().min(0).default(0.01).describe("weight of (r_w + r_l)², which holds rewards around 0"),
  labels: PairLabels,
});
type RewardOptions = z.output<typeof RewardOptions>;

/** A reward model (Ouyang et al. 2022): reads a prompt and a completion, and says at its end how good that was. */
export const reward = aligned<RewardOptions>({
  name: "reward",
  options: RewardOptions,
  training: { lr: 1e-3, steps: 1500, batchSize: 32 },
  draws: "reference",
  scored: true,
  policy: false,
  groups: true,
  usesReference: () => false,
  batch: pairBatch,
  loss: ({ batch, scores }, { margin, centre }) => {
    const { last, weights } = batch;
    const [w, l] = halves(sum(mul(scores!, last!), { axes: 1 }));
    const loss = rewardLoss(w, l, { margin, centre, weights });
    return {
      loss,
      accuracy: meanOf(cast(greater(sub(w, l), 0), "float32"), weights!),
      margin: meanOf(sub(w, l), weights!),
    };
  },
});
