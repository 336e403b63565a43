import type { Parameter } from "../nn/module.ts";
import { add, div, mul, sqrt, square, sub } from "../tensor/ops.ts";
import type { OptimizerFactory } from "./optimizer.ts";
import { packedOptimizer } from "./packed.ts";

export interface RmsPropOptions {
  /** Decay rate of the mean square. */
  readonly alpha?: number;
  readonly eps?: number;
  readonly momentum?: number;
  /** Divide by the deviation instead of the root mean square (Graves, 2013). */
  readonly centered?: boolean;
  readonly weightDecay?: number;
  readonly decays?: (parameter: Parameter) => boolean;
}

/** Hinton's lecture 6e: v ← αv + (1−α)g², w ← w − lr·g / (√v + ε); with PyTorch's momentum over the quotient. */
export const rmsprop =
  (options: RmsPropOptions = {}): OptimizerFactory =>
  (parameters) => {
    const { alpha = 0.99, eps = 1e-8, momentum = 0, centered = false, weightDecay = 0, decays } = options;
    const slots = [
      "square_avg",
      ...(centered ? ["grad_avg"] : []),
      ...(momentum > 0 ? ["momentum_buffer"] : []),
    ];
    return packedOptimizer(parameters, {
      slots,
      counts: false,
      weightDecay,
      decays,
      update: ({ parameter: w, gradient, slots: state, learningRate: lr, weightDecay: decay }) => {
        const g = decay === 0 ? gradient : add(gradient, mul(w, decay));
        const v = add(mul(state[0]!, alpha), mul(square(g), 1 - alpha));
        const m = centered ? add(mul(state[1]!, alpha), mul(g, 1 - alpha)) : undefined;
        const quotient = div(g, add(sqrt(m ? sub(v, square(m)) : v), eps));
        const buffer = momentum > 0 ? add(mul(state.at(-1)!, momentum), quotient) : undefined;
        return {
          parameter: sub(w, mul(buffer ?? quotient, lr)),
          slots: [v, m, buffer].filter((t) => t !== undefined),
        };
      },
    });
  };
