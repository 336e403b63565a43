import { nodesOf } from "../graph.ts";
import { broadcastTo, reshape } from "../ops.ts";
import { apply, Tensor } from "../tensor.ts";

/**
 * The step of a loop, closed: what it computes reaches nothing outside but constants. Its leaves are `argument` nodes, in
 * the order of the scan's inputs.
 */
export interface Body {
  readonly carried: readonly Tensor[];
  /** One step's part of the values that have the steps along their first axis. */
  readonly slices: readonly Tensor[];
  /** The same at every step: values from outside. */
  readonly captured: readonly Tensor[];
  /** What it makes of what it was carried. */
  readonly ends: readonly Tensor[];
}

export interface Loop {
  readonly body: Body;
  readonly length: number;
  /** From the last step to the first; what is stacked lies where its step's slices lie. */
  readonly reverse: boolean;
}

/** A step that was traced: its leaves, and what stands for them outside. */
export interface Step {
  readonly carried: readonly { readonly leaf: Tensor; readonly start: Tensor; readonly end: Tensor }[];
  readonly slices: readonly { readonly leaf: Tensor; readonly all: Tensor }[];
  readonly captured?: readonly { readonly leaf: Tensor; readonly value: Tensor }[];
  /** Values that will be asked for at every step. */
  readonly outputs: readonly Tensor[];
  readonly length: number;
  readonly reverse: boolean;
  /** Random leaves made after this node belong to the step, and are drawn anew at each. */
  readonly since?: Tensor;
}

/** A loop, and how to get at what it gives. */
export interface Made {
  /** What is carried out of the last step. */
  readonly finals: readonly Tensor[];
  /** One of the step's outputs, at every step: [length, ...]. */
  readonly stacked: (output: Tensor) => Tensor;
}

export const argument = ({ shape, dtype }: Pick<Tensor, "shape" | "dtype">): Tensor =>
  new Tensor("argument", [], {}, shape, dtype);

/**
 * The loop of a step. Values that do not change from step to step stay outside, computed once, and are captured; constants
 * stay in the body, where engines can prepare them. Slices and captured values that the step does not use are left out.
 */
export function loopOf({ carried, slices, captured = [], outputs, length, reverse, since }: Step): Made {
  const roots = [...carried.map((c) => c.end), ...outputs];
  const nodes = nodesOf(roots);
  const used = new Set(nodes);
  const draws = nodes.flatMap((t) => {
    if (!since || t.id < since.id || !t.is("random")) return [];
    const all = new Tensor("random", [], t.attrs, [length, ...t.shape], t.dtype);
    return [{ draw: t, leaf: argument(t), all }];
  });
  const sliced = [...slices.filter(({ leaf }) => used.has(leaf)), ...draws];

  /** What changes from step to step, as it stands in the body. */
  const inside = new Map<Tensor, Tensor>(
    [...carried, ...sliced, ...captured].map(({ leaf }) => [leaf, leaf] as const),
  );
  for (const { draw, leaf } of draws) inside.set(draw, leaf);
  const fixed = constantsAmong(nodes);
  const outside = new Map<Tensor, Tensor>();
  for (const { leaf, value } of captured) {
    if (!used.has(leaf)) continue;
    const twin = outside.get(value);
    if (twin) inside.set(leaf, twin);
    else outside.set(value, leaf);
  }
  const within = (t: Tensor): Tensor => {
    const have = inside.get(t) ?? (fixed.has(t) ? t : outside.get(t));
    if (have) return have;
    const leaf = argument(t);
    outside.set(t, leaf);
    return leaf;
  };
  for (const node of nodes) {
    if (inside.has(node) || !node.inputs.some((t) => inside.has(t))) continue;
    const inputs = node.inputs.map(within);
    const same = inputs.every((t, i) => t === node.inputs[i]);
    inside.set(node, same ? node : new Tensor(node.op, inputs, node.attrs, node.shape, node.dtype));
  }

  const ends = carried.map((c) => within(c.end));
  const body: Body = {
    carried: carried.map((c) => c.leaf),
    slices: sliced.map((s) => s.leaf),
    captured: [...outside.values()],
    ends,
  };
  const inputs = [...carried.map((c) => c.start), ...sliced.map((s) => s.all), ...outside.keys()];
  const loop = apply("scan", inputs, { body, length, reverse });
  const wholes = new Map(sliced.map((s) => [s.leaf, s.all] as const));
  const unchanging = new Map(captured.map((c) => [c.leaf, c.value] as const));
  const repeated = (t: Tensor): Tensor => broadcastTo(reshape(t, [1, ...t.shape]), [length, ...t.shape]);
  return {
    finals: ends.map((_, index) => apply("final", [loop], { index })),
    stacked: (output) => {
      const value = inside.get(output);
      if (!value) return repeated(output);
      const same = unchanging.get(value);
      return same ? repeated(same) : (wholes.get(value) ?? apply("stacked", [loop], { value }));
    },
  };
}

/** Nodes that are computed from constants alone. */
export function constantsAmong(nodes: readonly Tensor[]): Set<Tensor> {
  const fixed = new Set<Tensor>();
  for (const t of nodes)
    if (t.is("constant") || (t.inputs.length > 0 && t.inputs.every((i) => fixed.has(i)))) fixed.add(t);
  return fixed;
}

/** Which of what a body carries is needed for these of its values and ends, by a later step too; and the nodes that are. */
export function needed(
  body: Body,
  values: readonly Tensor[],
  ends: Iterable<number>,
): { carried: ReadonlySet<number>; nodes: Tensor[] } {
  const carried = new Set(ends);
  for (;;) {
    const nodes = nodesOf([...values, ...[...carried].map((i) => body.ends[i]!)]);
    const reached = new Set(nodes);
    const before = carried.size;
    for (const [i, leaf] of body.carried.entries()) if (reached.has(leaf)) carried.add(i);
    if (carried.size === before) return { carried, nodes };
  }
}
