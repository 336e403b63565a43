import { loopVjp, type Part } from "./loop/gradient.ts";
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
  pull(nodes, cotangents);
  return wrt.map((t, i) => {
    const g = cotangents.get(t);
    if (g) return g;
    if (options.unused === "zero") return zeros(t.shape);
    const target = targets[i]!;
    const name = target instanceof Variable ? target.label : target.toString();
    throw new Error(`grad: the loss does not depend on ${name} (pass { unused: "zero" } if that is meant)`);
  });
}

/**
 * Pulls cotangents back through nodes, newest first. In the backward pass of a loop, `kept` stands for a value of the
 * forward pass.
 */
function pull(
  nodes: ReadonlySet<Tensor>,
  cotangents: Map<Tensor, Tensor>,
  kept = (t: Tensor): Tensor => t,
): void {
  /** Of each loop, what came back to the things that it gives. */
  const parts = new Map<Tensor, Part[]>();
  const vjp = (node: Tensor): readonly (Tensor | undefined)[] => {
    if (node.is("scan")) {
      const wanted = node.inputs.map((t) => nodes.has(t));
      return loopVjp(node, parts.get(node) ?? [], wanted, kept, pull);
    }
    const g = cotangents.get(node);
    if (!g || node.inputs.length === 0) return [];
    if (node.is("final") || node.is("stacked")) {
      const loop = node.inputs[0]!;
      parts.set(loop, [...(parts.get(loop) ?? []), { part: node, g }]);
      return [];
    }
    const primitive = PRIMITIVES[node.op] as Primitive<OpName>;
    return primitive.vjp?.(g, kept(node), node.inputs.map(kept), node.attrs) ?? [];
  };
  for (const node of nodes)
    vjp(node).forEach((piece, i) => {
      const input = node.inputs[i]!;
      if (!piece || !nodes.has(input)) return;
      const sum = cotangents.get(input);
      cotangents.set(input, sum ? add(sum, piece) : piece);
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
