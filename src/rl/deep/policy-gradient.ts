import { add, div, maximum, mul, neg, square, sub, sum } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Batch, Losses } from "../../train/task.ts";
import type { ActorCritic } from "./actor-critic-network.ts";

/** The mean over the rows that count: those of weight 1. */
export const meanOf = (x: Tensor, weights: Tensor): Tensor =>
  div(sum(mul(x, weights)), maximum(sum(weights), 1));

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
