import { type Shape, sameShape, showShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/**
 * What happens to variables while a function is traced. A read after an assignment sees the assigned value,
 * as in any program; the assignments take effect in the engine when the call ends.
 */
export interface Trace {
  /** The leaf through which each variable's value enters. */
  readonly reads: Map<Variable, Tensor>;
  /** The value each variable has at this point of the trace. */
  readonly current: Map<Variable, Tensor>;
}

let active: Trace | undefined;

export function withTrace<T>(fn: () => T): { result: T; trace: Trace } {
  const outer = active;
  const trace: Trace = { reads: new Map(), current: new Map() };
  active = trace;
  try {
    return { result: fn(), trace };
  } finally {
    active = outer;
  }
}

const leaves = new WeakMap<Variable, Tensor<"state">>();

/** A variable is one leaf, in every trace and outside of all: the gradient for it is found wherever it was read. */
function leafOf(variable: Variable): Tensor<"state"> {
  const have = leaves.get(variable);
  if (have) return have;
  const leaf = new Tensor("state", [], { variable }, variable.shape, variable.dtype);
  leaves.set(variable, leaf);
  return leaf;
}

export function readVariable(variable: Variable): Tensor {
  const leaf = leafOf(variable);
  if (!active) return leaf;
  const now = active.current.get(variable);
  if (now) return now;
  active.reads.set(variable, leaf);
  active.current.set(variable, leaf);
  return leaf;
}

/** Give a variable its next value. Only inside a compiled function. */
export function assign(variable: Variable, value: Tensor): void {
  if (!active)
    throw new Error(`assign(${variable.name}): only a compiled function can assign; outside, use set()`);
  requireSame(`assign(${variable.name})`, variable, value.shape, value.dtype);
  active.current.set(variable, value);
}

/** Trace `fn` with other values in the place of variables (EMA weights, frozen weights, a target network). */
export function substitute<T>(values: ReadonlyMap<Variable, Tensor>, fn: () => T): T {
  if (!active) return withTrace(() => substitute(values, fn)).result;
  const before = new Map<Variable, Tensor | undefined>();
  for (const [variable, value] of values) {
    requireSame(`substitute(${variable.name})`, variable, value.shape, value.dtype);
    before.set(variable, active.current.get(variable));
    active.current.set(variable, value);
  }
  try {
    const result = fn();
    for (const [variable, value] of values)
      if (active.current.get(variable) !== value)
        throw new Error(
          `assign(${variable.name}): it stands for another value here (substituted or frozen), so the new one would be lost`,
        );
    return result;
  } finally {
    for (const [variable, value] of before)
      if (value) active.current.set(variable, value);
      else active.current.delete(variable);
  }
}

/**
 * Trace `fn`, and forget what it assigns to these variables: a network that is used but must not move, its running
 * statistics as little as its weights.
 */
export function holding<T>(variables: Iterable<Variable>, fn: () => T): T {
  if (!active) return withTrace(() => holding(variables, fn)).result;
  const trace = active;
  const before = [...variables].map((variable) => [variable, trace.current.get(variable)] as const);
  const result = fn();
  for (const [variable, value] of before) {
    // A variable first read in `fn` keeps its leaf, so that it enters the graph once.
    const kept = value ?? trace.reads.get(variable);
    if (kept) trace.current.set(variable, kept);
    else trace.current.delete(variable);
  }
  return result;
}

/** Trace `fn`, which must not assign. */
export function unassigning<T>(why: string, fn: () => T): T {
  if (!active) return withTrace(() => unassigning(why, fn)).result;
  const { current, reads } = active;
  const before = new Map(current);
  const result = fn();
  for (const [variable, value] of current)
    if (value !== (before.get(variable) ?? reads.get(variable)))
      throw new Error(`assign(${variable.name}): ${why}`);
  return result;
}

function requireSame(what: string, variable: Variable, shape: Shape, dtype: string): void {
  if (!sameShape(variable.shape, shape) || variable.dtype !== dtype)
    throw new TypeError(
      `${what}: it holds ${variable.dtype}${showShape(variable.shape)}, not ${dtype}${showShape(shape)}`,
    );
}
