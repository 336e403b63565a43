import type { Tensor } from "../tensor.ts";
import { type Body, loopOf, needed } from "./body.ts";

/**
 * A loop with a simpler body, without what its parts do not need; what is carried but never changes is captured. Gives
 * what each part becomes. `simplify` does the values of the body, all together.
 */
export function simplifiedLoop(
  node: Tensor<"scan">,
  inputs: readonly Tensor[],
  parts: readonly Tensor[],
  simplify: (values: readonly Tensor[]) => readonly Tensor[],
): (part: Tensor) => Tensor {
  const { body, length, reverse } = node.attrs;
  const values = [...new Set(parts.flatMap((t) => (t.is("stacked") ? [t.attrs.value] : [])))];
  const asked = parts.flatMap((t) => (t.is("final") ? [t.attrs.index] : []));
  const kept = [...needed(body, values, asked).carried].sort((i, j) => i - j);
  const simple = simplify([...kept.map((i) => body.ends[i]!), ...values]);
  const outputs = simple.slice(kept.length);

  const input = inputOf(body, inputs);
  const carried = kept.map((i, at) => ({
    i,
    leaf: body.carried[i]!,
    start: input(body.carried[i]!),
    end: simple[at]!,
  }));
  const still = carried.filter(({ leaf, end }) => leaf === end);
  const moving = carried.filter(({ leaf, end }) => leaf !== end);
  const { finals, stacked } = loopOf({
    carried: moving,
    slices: body.slices.map((leaf) => ({ leaf, all: input(leaf) })),
    captured: [...body.captured, ...still.map((s) => s.leaf)].map((leaf) => ({ leaf, value: input(leaf) })),
    outputs,
    length,
    reverse,
  });
  const ends = new Map(still.map(({ i, start }) => [i, start] as const));
  moving.forEach(({ i }, at) => void ends.set(i, finals[at]!));
  return (part) =>
    part.is("final")
      ? ends.get(part.attrs.index)!
      : stacked(outputs[values.indexOf((part as Tensor<"stacked">).attrs.value)]!);
}

function inputOf(body: Body, inputs: readonly Tensor[]): (leaf: Tensor) => Tensor {
  const leaves = [...body.carried, ...body.slices, ...body.captured];
  return (leaf) => inputs[leaves.indexOf(leaf)]!;
}
