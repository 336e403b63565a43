import type { Module, StateDict } from "../../nn/module.ts";
import { add, asTensor, mul, sub } from "../../tensor/ops.ts";
import { assign } from "../../tensor/trace.ts";
import type { Part } from "./parts.ts";

/** While tracing: θ′ ← θ′ + τ (θ − θ′), weight by weight; τ = 1 copies. */
export function follow(target: Module, network: Module, tau: number): void {
  const own = network.parameters().map((p) => asTensor(p));
  for (const [i, p] of target.parameters().entries())
    assign(p, tau === 1 ? own[i]! : add(p, mul(sub(own[i]!, p), tau)));
}

/** The weights of a module beside the one that acts, such as a target network, as a part of the checkpoint. */
export const weightsOf = (module: Module): Part => ({
  save: () => module.stateDict(),
  load: (saved) => {
    module.loadStateDict(saved as StateDict);
  },
});
