import {
  add,
  clamp,
  div,
  less,
  maximum,
  minimum,
  mul,
  neg,
  type Operand,
  sqrt,
  square,
  sub,
  sum,
  where,
} from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Batch, Losses } from "../../train/task.ts";
import type { ActorCritic } from "./actor-critic-network.ts";

/** The mean over the rows that count: those of weight 1. */
export const meanOf = (x: Tensor, weights: Tensor): Tensor =>
  div(sum(mul(x, weights)), maximum(sum(weights), 1));

/** Advantages with mean 0 and (unbiased) deviation 1 among those of weight 1; of one alone, as it is. */
export function standardized(A: Tensor, weights: Tensor): Tensor {
  const centred = sub(A, meanOf(A, weights));
  const n = sum(weights);
  const variance = div(sum(mul(square(centred), weights)), maximum(sub(n, 1), 1));
  return where(less(n, 1.5), A, div(centred, add(sqrt(variance), 1e-8)));
}

/**
 * PPO's objective (Schulman et al. 2017, eq. 7): min(r A, clip(r, 1 − ε, 1 + ε) A). Moving further than ε gains nothing;
 * moving back does. DAPO (Yu et al. 2025) has a wider ε upwards.
 */
export function clippedObjective(r: Tensor, A: Tensor, low: Operand, high: Operand = low): Tensor {
  const clipped = maximum(minimum(r, add(high, 1)), sub(1, low));
  return minimum(mul(r, A), mul(clipped, A));
}

/** (V − target)², at its worst over V and V held within `clip` of the old value, where there is a clip. */
export function clippedError({ V, old, target, clip }: ValueError): Tensor {
  const error = square(sub(V, target));
  if (clip === undefined) return error;
  return maximum(error, square(sub(add(old, clamp(sub(V, old), -clip, clip)), target)));
}

interface ValueError {
  readonly V: Tensor;
  readonly old: Tensor;
  readonly target: Tensor;
  readonly clip?: number | undefined;
}

/**
 * The policy gradient theorem (Sutton & Barto, section 13.2) as a loss: −A log π(a | s), with ½(R − V)² for the values
 * and a bonus for entropy. How A and R are estimated is what tells the methods apart; they are numbers here, and no
 * gradient goes through them.
 */
export function policyGradientLoss(
  network: ActorCritic,
  batch: Batch,
  { valueCoefficient, entropy: bonus }: { readonly valueCoefficient: number; readonly entropy: number },
): Losses {
  const { observations, actions, masks, weights, advantages, returns } = batch as Readonly<
    Record<string, Tensor>
  >;
  const policy = network.policy(observations!, masks);
  const policyLoss = neg(meanOf(mul(policy.logProb(actions!), advantages!), weights!));
  const valueLoss = mul(meanOf(square(sub(returns!, network.value(observations!))), weights!), 0.5);
  const entropy = meanOf(policy.entropy(), weights!);
  const loss = add(policyLoss, sub(mul(valueLoss, valueCoefficient), mul(entropy, bonus)));
  return { loss, policy_loss: policyLoss, value_loss: valueLoss, entropy };
}
