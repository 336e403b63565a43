import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/** A whole computation, as an engine takes it: values in, values out, state read and written. */
export interface Graph {
  /** Leaves fed at each run, in this order: `input` and `random` nodes. */
  readonly feeds: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** State read: the leaf through which each variable enters. */
  readonly reads: readonly Tensor<"state">[];
  /** State written when the run ends. */
  readonly updates: readonly { readonly variable: Variable; readonly value: Tensor }[];
}

/** Every node the results need, inputs before users. What is not needed is not here (dead code). */
export function nodesOf(roots: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>(roots);
  for (const pending = [...seen]; pending.length > 0; )
    for (const input of pending.pop()!.inputs)
      if (!seen.has(input)) {
        seen.add(input);
        pending.push(input);
      }
  return [...seen].sort((a, b) => a.id - b.id);
}

export const rootsOf = (graph: Pick<Graph, "outputs" | "updates">): Tensor[] => [
  ...graph.outputs,
  ...graph.updates.map((u) => u.value),
];
