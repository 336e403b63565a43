import { UserError } from "../errors.ts";
import type { Parameter } from "../nn/module.ts";
import { add, div, mul, sqrt, square, sub, tanh } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { OptimizerFactory } from "./optimizer.ts";
import { packedOptimizer, type Rule } from "./packed.ts";

export interface AdamOptions {
  /** Decay rates of the two moments. */
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly weightDecay?: number;
  /** Which parameters the weight decay touches: all of them when left out. */
  readonly decays?: (parameter: Parameter) => boolean;
}

/** Kingma and Ba (2015), algorithm 1; weight decay is added to the gradient. */
export const adam =
  (options: AdamOptions = {}): OptimizerFactory =>
  (parameters) =>
    packedOptimizer(parameters, rule({ weightDecay: 0, ...options }, false));

/** Loshchilov and Hutter (2019), algorithm 2: Adam whose weight decay shrinks the weights by themselves. */
export const adamW =
  (options: AdamOptions = {}): OptimizerFactory =>
  (parameters) =>
    packedOptimizer(parameters, rule({ weightDecay: 0.01, ...options }, true));

/**
 * m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − lr·m̂ / (√v̂ + ε).
 *
 * The state is scaled, M = m/(1−β₁) and V = v/(1−β₂), and every constant is gathered in two scalars, so that a
 * step passes over the weights eleven times at most:
 * m̂ / (√v̂ + ε) = M·(1−β₁)/(1−β₁ᵗ)·k / (√V + ε·k) with k = √((1−β₂ᵗ)/(1−β₂)).
 */
function rule(options: AdamOptions & { readonly weightDecay: number }, decoupled: boolean): Rule {
  const { betas = [0.9, 0.999], eps = 1e-8, weightDecay, decays } = options;
  const [beta1, beta2] = betas;
  for (const beta of betas)
    if (!(beta >= 0 && beta < 1)) throw new UserError(`Adam: betas are from 0 to below 1, not ${beta}`);
  return {
    slots: ["exp_avg", "exp_avg_sq"],
    counts: true,
    weightDecay,
    decays,
    update: ({ parameter: w, gradient, slots: [M, V], learningRate: lr, step, weightDecay: decay }) => {
      const g = decay !== 0 && !decoupled ? add(gradient, mul(w, decay)) : gradient;
      const first = add(mul(M!, beta1), g);
      const second = add(mul(V!, beta2), square(g));
      const k = sqrt(div(oneMinusPower(beta2, step), 1 - beta2));
      const size = mul(mul(lr, 1 - beta1), div(k, oneMinusPower(beta1, step)));
      const move = mul(div(first, add(sqrt(second), mul(k, eps))), size);
      const kept = decay !== 0 && decoupled ? mul(w, sub(1, mul(lr, decay))) : w;
      return { parameter: sub(kept, move), slots: [first, second] };
    },
  };
}

/** 1 − βᵗ without cancellation: with x = −t·ln β it is 1 − e⁻ˣ = 2·tanh(x/2) / (1 + tanh(x/2)). */
function oneMinusPower(beta: number, step: Tensor): Tensor {
  if (beta === 0) return add(mul(step, 0), 1);
  const half = tanh(mul(step, -0.5 * Math.log(beta)));
  return div(mul(half, 2), add(half, 1));
}
