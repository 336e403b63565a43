import { z } from "zod";
import { add, mul } from "../../tensor/ops.ts";
import { aligned } from "./aligned.ts";
import { gridOf } from "./method.ts";
import { fined, policyRows, usesReference } from "./policy-method.ts";
import { PolicyOptions } from "./policy-options.ts";
import { ppoLoss, tokenAdvantages } from "./ppo-loss.ts";
import { tokenMean } from "./tokens.ts";

const PpoOptions = PolicyOptions.extend({
  group: PolicyOptions.shape.group.default(8),
  gamma: z.number().min(0).max(1).default(1).describe("discount factor γ of the tokens of a completion"),
  lambda: z.number().min(0).max(1).default(0.95).describe("λ of generalised advantage estimation"),
  epsilon: z.number().positive().default(0.2).describe("how far the ratio of a token may leave 1, ε"),
  valueClip: z
    .number()
    .positive()
    .optional()
    .describe("how far a value may move from the old one (default: any; TRL 0.2)"),
  valueCoefficient: z.number().min(0).default(0.1).describe("weight of ½(V − R)² in the loss"),
  whiten: z.boolean().default(true).describe("do not give advantages mean 0 and deviation 1 in each update"),
  innerEpochs: PolicyOptions.shape.innerEpochs.default(2),
  minibatches: PolicyOptions.shape.minibatches.default(2),
});
type PpoOptions = z.output<typeof PpoOptions>;

/**
 * PPO on tokens (Schulman et al. 2017; Ziegler et al. 2019; Ouyang et al. 2022). A completion is an episode, a token an action;
 * a value for every token, from the same network, says what each is better than. The algorithm of agents is in `deep/ppo.ts`.
 */
export const ppo = aligned<PpoOptions>({
  name: "ppo",
  options: PpoOptions,
  training: { lr: 3e-4, steps: 300, batchSize: 32, maxGradNorm: 1 },
  draws: "policy",
  scored: true,
  policy: true,
  groups: false,
  usesReference,
  batch: (material, options) => {
    const { rollout, reference, values, beta, rewards } = material;
    const { rows, positions, mask, logProbs } = rollout;
    const penalties = logProbs.map((l, k) =>
      reference && options.kl === "reward" ? -beta * (l - reference[k]!) : 0,
    );
    const episodes = { rows, tokens: positions, mask, penalties, scores: rewards, values: values! };
    const { A, returns } = tokenAdvantages(episodes, options);
    return {
      ...policyRows(material, options),
      advantages: gridOf(material, A),
      returns: gridOf(material, returns),
      oldValues: gridOf(material, values!),
    };
  },
  loss: ({ batch, mask, logProbs, entropy, scores }, options) => {
    const { old, advantages, returns, oldValues } = batch as Record<string, typeof mask>;
    const values = scores!.narrow(1, 0, mask.shape[1]!);
    const parts = { logProbs, mask, values, old: old!, advantages: advantages!, returns: returns!, oldValues: oldValues! }; // biome-ignore format: one thing
    const { losses, valueLoss, clipped } = ppoLoss(parts, {
      ...options,
      clip: options.epsilon,
      valueClip: options.valueClip,
    });
    const policyLoss = tokenMean(fined(losses, { batch, mask, logProbs }, options), mask);
    const loss = add(policyLoss, mul(valueLoss, options.valueCoefficient));
    return { loss, value_loss: valueLoss, entropy: tokenMean(entropy, mask), clipped };
  },
});
