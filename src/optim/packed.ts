import type { Parameter } from "../nn/module.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { add, asTensor, type Operand } from "../tensor/ops.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assign } from "../tensor/trace.ts";
import { Variable } from "../tensor/variable.ts";
import type { Optimizer } from "./optimizer.ts";
import { Packing } from "./packing.ts";

/** What one update of one group sees. */
export interface Update {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The group's state, in the order of the rule's slots. */
  readonly slots: readonly Tensor[];
  readonly learningRate: Tensor;
  /** 1 at the first update, as float32. */
  readonly step: Tensor;
  readonly weightDecay: number;
}

/** An optimizer as arithmetic: what it remembers of each parameter, and one update. */
export interface Rule {
  /** Names of the state, as PyTorch calls it ("exp_avg"); each starts at zero. */
  readonly slots: readonly string[];
  /** Whether updates depend on how many came before. */
  readonly counts: boolean;
  readonly weightDecay: number;
  /** Which parameters decay; all of them when left out. */
  readonly decays?: ((parameter: Parameter) => boolean) | undefined;
  update(update: Update): { parameter: Tensor; slots: readonly Tensor[] };
}

/** An optimizer from its rule: parameters are updated in packed groups. */
export function packedOptimizer(parameters: readonly Parameter[], rule: Rule): Optimizer {
  const decayOf = (p: Parameter): number => (rule.decays?.(p) === false ? 0 : rule.weightDecay);
  const packing = new Packing(parameters, (p) => String(decayOf(p)));
  const slots = rule.slots.map(() => packing.zeros());
  const count = new Variable([], { name: "step", value: ndarray(new Float32Array(1), []) });

  return {
    parameters,
    get variables() {
      const named = new Map<string, Variable>(rule.counts ? [["step", count]] : []);
      for (const [s, slot] of rule.slots.entries())
        for (const [g, group] of packing.groups.entries()) {
          const name = `${slot}.${group.name}`;
          if (named.has(name))
            throw new Error(
              `two parameters are named ${group.name}: initialise the module before its optimizer's state is named`,
            );
          const variable = slots[s]![g]!;
          variable.name = name;
          named.set(name, variable);
        }
      return named;
    },
    step(gradients: readonly Tensor[], learningRate: Operand) {
      requireGradients(parameters, gradients);
      const step = add(count, 1);
      const packed = packing.pack(gradients);
      const updated = packing.pack(parameters).map((parameter, g) => {
        const { parameter: next, slots: nextSlots } = rule.update({
          parameter,
          gradient: packed[g]!,
          slots: slots.map((slot) => asTensor(slot[g]!)),
          learningRate: asTensor(learningRate),
          step,
          weightDecay: decayOf(packing.groups[g]!.members[0]!),
        });
        nextSlots.forEach((value, s) => {
          assign(slots[s]![g]!, value);
        });
        return next;
      });
      for (const [parameter, value] of packing.unpack(updated)) assign(parameter, value);
      if (rule.counts) assign(count, step);
    },
  };
}

function requireGradients(parameters: readonly Parameter[], gradients: readonly Tensor[]): void {
  if (gradients.length !== parameters.length)
    throw new Error(
      `the optimizer holds ${parameters.length} parameters, but was given ${gradients.length} gradients`,
    );
  parameters.forEach((p, i) => {
    const { shape } = gradients[i]!;
    if (!sameShape(shape, p.shape))
      throw new Error(`the gradient of ${p.name} ${showShape(p.shape)} has shape ${showShape(shape)}`);
  });
}
