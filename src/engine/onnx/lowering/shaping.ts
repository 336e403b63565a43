import { filled, ndarray } from "../../../tensor/ndarray.ts";
import type { Context, Lowerings } from "./context.ts";

/** Far beyond any start: how ONNX's Slice is told to run backwards past element 0. */
const BEFORE_THE_FIRST = -(2 ** 31);

/** One after the other along an axis: a tree where a Concat takes only so many pieces. */
export function joinedAlong(axis: number, inputs: readonly string[], { model, target }: Context): string {
  let pieces = [...inputs];
  while (pieces.length > 1) {
    const joined: string[] = [];
    for (let i = 0; i < pieces.length; i += target.maxPieces) {
      const group = pieces.slice(i, i + target.maxPieces);
      joined.push(group.length === 1 ? group[0]! : model.node("Concat", group, { axis: { int: axis } })[0]!);
    }
    pieces = joined;
  }
  return pieces[0]!;
}

export const shaping: Lowerings<
  | "reshape"
  | "transpose"
  | "broadcastTo"
  | "slice"
  | "concat"
  | "pad"
  | "gather"
  | "gatherElements"
  | "scatterAdd"
  | "writeAt"
> = {
  reshape: (t, [x], { model }) => model.node("Reshape", [x!, model.ints(t.shape)])[0]!,
  transpose: (t, [x], { model }) => model.node("Transpose", [x!], { perm: { ints: t.attrs.perm } })[0]!,
  broadcastTo: (t, [x], { model }) => model.node("Expand", [x!, model.ints(t.shape)])[0]!,
  slice: (t, [x], { model }) => {
    const from = t.inputs[0]!.shape;
    const { starts, lengths, steps } = t.attrs;
    const axes = from.flatMap((d, i) => (lengths[i] === d && steps[i] === 1 ? [] : [i]));
    const ends = axes.map((i) => {
      const end = starts[i]! + steps[i]! * lengths[i]!;
      return end < 0 ? BEFORE_THE_FIRST : end;
    });
    const pick = (values: readonly number[]): string => model.ints(axes.map((i) => values[i]!));
    return model.node("Slice", [x!, pick(starts), model.ints(ends), model.ints(axes), pick(steps)])[0]!;
  },
  concat: (t, inputs, ctx) => joinedAlong(t.attrs.axis, inputs, ctx),
  pad: (t, [x], { model }) => {
    const { low, high, value } = t.attrs;
    const inputs = [x!, model.ints([...low, ...high])];
    // Without a value ONNX pads with zero of the right type.
    if (value !== 0) inputs.push(model.initializer(filled([], value, t.dtype)));
    return model.node("Pad", inputs)[0]!;
  },
  gather: (t, [x, index], { model }) =>
    model.node("Gather", [x!, index!], { axis: { int: t.attrs.axis } })[0]!,
  gatherElements: (t, [x, index], { model }) =>
    model.node("GatherElements", [x!, index!], { axis: { int: t.attrs.axis } })[0]!,
  scatterAdd: (t, inputs, { model }) =>
    model.node("ScatterElements", inputs, { axis: { int: t.attrs.axis }, reduction: { string: "add" } })[0]!,
  writeAt: (t, [x, at, value], { model }) => {
    const { axis } = t.attrs;
    const places = ndarray(Int32Array.from({ length: t.shape[axis]! }, (_, i) => i));
    const [here] = model.node("Equal", [model.initializer(places), at!]);
    const along = model.ints(t.shape.map((d, i) => (i === axis ? d : 1)));
    return model.node("Where", [...model.node("Reshape", [here!, along]), value!, x!])[0]!;
  },
};
