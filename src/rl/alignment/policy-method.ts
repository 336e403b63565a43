/** What PPO, RLOO and GRPO have in common: where the divergence from π_ref is fined. */
import type { HostBatch } from "../../data/data.ts";
import { add, mul, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { gridOf, logRatios, type Material, rowsOf, type Seen, scalar } from "./method.ts";
import { importance, penalty } from "./penalty.ts";
import type { PolicyOptions } from "./policy-options.ts";

export const usesReference = ({ beta, klTarget }: PolicyOptions): boolean =>
  beta > 0 || klTarget !== undefined;

/** The arrays of a rollout, those of its reference, and β. Completions that were cut may be left out of the mask. */
export function policyRows(material: Material, { maskTruncated, kl }: PolicyOptions): HostBatch {
  const { rollout, reference, beta } = material;
  const { positions: T, mask, ended } = rollout;
  const counted = maskTruncated ? mask.map((m, k) => m * ended[Math.floor(k / T)]!) : mask;
  return {
    ...rowsOf(material),
    mask: gridOf(material, counted),
    ...(reference && kl === "loss" && { reference: gridOf(material, reference), beta: scalar(beta) }),
  };
}

/** Rewards of completions; where that is where KL is fined, with −β Σ k1 in them. */
export function paid(material: Material, { kl }: PolicyOptions): Float64Array {
  const { rewards, reference, beta } = material;
  if (!reference || kl === "loss") return rewards;
  const l = logRatios(material);
  return rewards.map((r, n) => r - beta * l[n]!);
}

/** Losses [N, T] with the penalty, where it is a term of the loss. */
export function fined(
  losses: Tensor,
  { batch, mask, logProbs }: Pick<Seen, "batch" | "mask" | "logProbs">,
  { klEstimator: estimator, klLevel: level, innerEpochs, minibatches }: PolicyOptions,
): Tensor {
  const { reference, beta, old } = batch;
  if (!reference) return losses;
  // After the first update the draws are of an older policy.
  const weight = innerEpochs * minibatches > 1 ? importance(logProbs, old!) : undefined;
  const kl = penalty(sub(logProbs, reference), mask, { estimator, level }, weight);
  return add(losses, mul(kl, beta!));
}
