import { add, zeros } from "../ops.ts";
import { apply, type Tensor } from "../tensor.ts";
import { argument, constantsAmong, loopOf, needed } from "./body.ts";
import { overSteps } from "./over-steps.ts";

/** Pulls cotangents back through nodes, newest first; `kept` stands, where they are computed, for a value of the nodes. */
export type Pull = (
  nodes: ReadonlySet<Tensor>,
  cotangents: Map<Tensor, Tensor>,
  kept: (t: Tensor) => Tensor,
) => void;

/** A cotangent of something that a loop gives. */
export interface Part {
  readonly part: Tensor<"final"> | Tensor<"stacked">;
  readonly g: Tensor;
}

/**
 * The vector-Jacobian product of a loop: a loop in the other direction, which carries the cotangents of what is carried. Of
 * the forward pass it gets the values it needs, stacked (outputs that the forward loop then has as well). One cotangent
 * for each input that is `wanted`; undefined where none passes.
 */
export function loopVjp(
  node: Tensor<"scan">,
  parts: readonly Part[],
  wanted: readonly boolean[],
  kept: (t: Tensor) => Tensor,
  pull: Pull,
): (Tensor | undefined)[] {
  const { body, length, reverse } = node.attrs;
  const inputs = node.inputs.map(kept);
  const leaves = [...body.carried, ...body.slices, ...body.captured];
  const outside = new Map(leaves.map((leaf, i) => [leaf, inputs[i]!] as const));
  const finals = parts.flatMap(({ part, g }) => (part.is("final") ? [{ index: part.attrs.index, g }] : []));
  const stacks = parts.flatMap(({ part, g }) => (part.is("stacked") ? [{ value: part.attrs.value, g }] : []));

  const { carried, nodes } = needed(
    body,
    stacks.map((s) => s.value),
    finals.map((f) => f.index),
  );
  const targets = new Set(leaves.filter((leaf, i) => wanted[i] && leaf.dtype === "float32"));
  const useful = usefulFor(targets, nodes, body.carried, body.ends);
  const fixed = constantsAmong(nodes);

  const slices: { leaf: Tensor; all: Tensor }[] = [];
  const slice = (all: Tensor): Tensor => {
    const leaf = argument({ shape: all.shape.slice(1), dtype: all.dtype });
    slices.push({ leaf, all });
    return leaf;
  };
  const stands = new Map<Tensor, Tensor>();
  const standIn = (t: Tensor): Tensor => {
    if (fixed.has(t)) return t;
    const have = stands.get(t);
    if (have) return have;
    const made = body.captured.includes(t)
      ? outside.get(t)!
      : slice(body.slices.includes(t) ? outside.get(t)! : kept(apply("stacked", [node], { value: t })));
    stands.set(t, made);
    return made;
  };

  const cotangents = new Map<Tensor, Tensor>();
  const give = (t: Tensor, g: Tensor): void => {
    const sum = cotangents.get(t);
    cotangents.set(t, sum ? add(sum, g) : g);
  };
  const back = [...carried].filter((i) => targets.has(body.carried[i]!));
  const states = back.map((i) => {
    const leaf = argument(body.carried[i]!);
    if (useful.has(body.ends[i]!)) give(body.ends[i]!, leaf);
    const given = finals.filter((f) => f.index === i).map((f) => f.g);
    return { i, leaf, start: given.length > 0 ? given.reduce((a, b) => add(a, b)) : zeros(leaf.shape) };
  });
  for (const { value, g } of stacks) if (useful.has(value)) give(value, slice(g));
  pull(useful, cotangents, standIn);

  const step = {
    carried: states.map(({ i, leaf, start }) => ({
      leaf,
      start,
      end: cotangents.get(body.carried[i]!) ?? zeros(leaf.shape),
    })),
    outputs: [] as Tensor[],
  };
  const out = (t: Tensor): Tensor => {
    if (!step.outputs.includes(t)) step.outputs.push(t);
    return t;
  };
  const given = leaves.map((leaf, i) => (wanted[i] ? cotangents.get(leaf) : undefined));
  const sliceGrads = body.slices.map((_, j) => {
    const g = given[body.carried.length + j];
    return g && out(g);
  });
  const pieces = body.captured.map((_, k) => given[body.carried.length + body.slices.length + k]);
  const varying = [...states, ...slices].map((s) => s.leaf);
  const sums = overSteps(pieces, {
    varying,
    slices,
    length,
    out,
    outputs: step.outputs,
    carried: step.carried,
  });

  const made = loopOf({ ...step, slices, length, reverse: !reverse });
  return [
    ...body.carried.map((_, i) => {
      const at = back.indexOf(i);
      return at < 0 || !wanted[i] ? undefined : made.finals[at];
    }),
    ...sliceGrads.map((g) => g && made.stacked(g)),
    ...sums.map((sum) => sum?.(made)),
  ];
}

/** Nodes on a way from a target, newest first. Targets grow by what carries them on. */
function usefulFor(
  targets: Set<Tensor>,
  nodes: readonly Tensor[],
  carried: readonly Tensor[],
  ends: readonly Tensor[],
): Set<Tensor> {
  for (;;) {
    const useful = new Set<Tensor>();
    for (const t of nodes) if (targets.has(t) || t.inputs.some((i) => useful.has(i))) useful.add(t);
    const before = targets.size;
    carried.forEach((leaf, i) => {
      if (leaf.dtype === "float32" && useful.has(ends[i]!)) targets.add(leaf);
    });
    if (targets.size === before) return new Set([...useful].reverse());
  }
}
