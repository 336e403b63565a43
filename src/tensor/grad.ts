import { add, asTensor, constant, reshape, zeros } from "./ops.ts";
import { PRIMITIVES } from "./primitives/index.ts";
import type { OpName, Primitive, Tensor } from "./tensor.ts";
import { Variable } from "./variable.ts";

export interface GradOptions {
  /** What to do with a target that the loss does not depend on: an error (the default), or zeros. */
  readonly unused?: "error" | "zero";
}

/**
 * The gradient of a scalar with respect to each target, as tensors of the same graph: reverse-mode
 * differentiation made of the same primitives, so that it can be differentiated again.
 */
export function grad(
  loss: Tensor,
  targets: readonly (Tensor | Variable)[],
  options: GradOptions = {},
): Tensor[] {
  if (loss.size !== 1) throw new TypeError(`grad: the loss must be one number, not ${loss.toString()}`);
  if (loss.dtype !== "float32") throw new TypeError(`grad: the loss must be float32, not ${loss.dtype}`);
  const wrt = targets.map((t) => asTensor(t));
  const nodes = between(loss, new Set(wrt));
  const cotangents = new Map<Tensor, Tensor>([[loss, reshape(constant(1), loss.shape)]]);
  for (const node of nodes) {
    const g = cotangents.get(node);
    if (!g || node.inputs.length === 0) continue;
    const primitive = PRIMITIVES[node.op] as Primitive<OpName>;
    if (!primitive.vjp) continue;
    primitive.vjp(g, node, node.inputs, node.attrs).forEach((piece, i) => {
      const input = node.inputs[i]!;
      if (!piece || !nodes.has(input)) return;
      const sum = cotangents.get(input);
      cotangents.set(input, sum ? add(sum, piece) : piece);
    });
  }
  return wrt.map((t, i) => {
    const g = cotangents.get(t);
    if (g) return g;
    if (options.unused === "zero") return zeros(t.shape);
    const target = targets[i]!;
    const name = target instanceof Variable ? target.label : target.toString();
    throw new Error(`grad: the loss does not depend on ${name} (pass { unused: "zero" } if that is meant)`);
  });
}

/** Nodes on a path from a target to the loss, newest first (which is reverse topological order). */
function between(loss: Tensor, targets: ReadonlySet<Tensor>): Set<Tensor> {
  const reached = new Set<Tensor>([loss]);
  const all: Tensor[] = [];
  for (const pending = [loss]; pending.length > 0; ) {
    const node = pending.pop()!;
    all.push(node);
    for (const input of node.inputs)
      if (!reached.has(input)) {
        reached.add(input);
        pending.push(input);
      }
  }
  all.sort((a, b) => a.id - b.id);
  const useful = new Set<Tensor>();
  for (const node of all) if (targets.has(node) || node.inputs.some((t) => useful.has(t))) useful.add(node);
  return new Set([...useful].reverse());
}
