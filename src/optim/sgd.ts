import { UserError } from "../errors.ts";
import type { Parameter } from "../nn/module.ts";
import { add, less, mul, sub, where } from "../tensor/ops.ts";
import type { OptimizerFactory } from "./optimizer.ts";
import { packedOptimizer } from "./packed.ts";

export interface SgdOptions {
  readonly momentum?: number;
  /** The share of each new gradient that momentum leaves out (from the second step on, as in PyTorch). */
  readonly dampening?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  readonly decays?: (parameter: Parameter) => boolean;
}

/**
 * b ← μb + (1−τ)g (b = g at the first step), w ← w − lr·b; with Nesterov's momentum w ← w − lr·(g + μb)
 * (Sutskever et al., 2013, in PyTorch's form: the learning rate multiplies the whole move).
 */
export const sgd =
  (options: SgdOptions = {}): OptimizerFactory =>
  (parameters) => {
    const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0, decays } = options;
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new UserError("sgd: Nesterov's momentum needs a momentum above 0 and no dampening");
    return packedOptimizer(parameters, {
      slots: momentum === 0 ? [] : ["momentum_buffer"],
      counts: momentum !== 0 && dampening !== 0,
      weightDecay,
      decays,
      update: ({ parameter: w, gradient, slots: [b], learningRate: lr, step, weightDecay: decay }) => {
        const g = decay === 0 ? gradient : add(gradient, mul(w, decay));
        if (!b) return { parameter: sub(w, mul(g, lr)), slots: [] };
        const fresh = dampening === 0 ? g : mul(g, where(less(step, 1.5), 1, 1 - dampening));
        const next = add(mul(b, momentum), fresh);
        const move = nesterov ? add(g, mul(next, momentum)) : next;
        return { parameter: sub(w, mul(move, lr)), slots: [next] };
      },
    });
  };
