import { flip, pad, reshape, slice, transpose } from "../ops.ts";
import { broadcastShapes, ShapeError, sameShape, showShape, sizeOf } from "../shape.ts";
import type { Attributes, Primitive, Tensor } from "../tensor.ts";
import { unbroadcast } from "./elementwise.ts";

/** The transpose of a strided slice: put each element of g back where it was taken from, zeros elsewhere. */
export function unslice(g: Tensor, shape: readonly number[], { starts, steps }: Attributes["slice"]): Tensor {
  const backwards = steps.flatMap((s, i) => (s < 0 ? [i] : []));
  let out = backwards.length > 0 ? flip(g, backwards) : g;
  const lengths = g.shape;
  const step = steps.map(Math.abs);
  const first = starts.map((s, i) => (steps[i]! < 0 ? s + steps[i]! * (lengths[i]! - 1) : s));
  step.forEach((s, axis) => {
    if (s === 1 || lengths[axis] === 1) return;
    // dilate: [n] → [n, 1] → pad → [n, s] → [n·s] → cut the tail
    const split = [...out.shape.slice(0, axis + 1), 1, ...out.shape.slice(axis + 1)];
    const high = split.map((_, i) => (i === axis + 1 ? s - 1 : 0));
    const wide = pad(reshape(out, split), { low: high.map(() => 0), high });
    const flat = [...out.shape];
    flat[axis] = flat[axis]! * s;
    const cut = [...flat];
    cut[axis] = flat[axis]! - (s - 1);
    out = slice(reshape(wide, flat), { starts: flat.map(() => 0), lengths: cut });
  });
  const high = shape.map((d, i) => d - first[i]! - out.shape[i]!);
  return pad(out, { low: first, high });
}

export const shaping = {
  reshape: {
    infer: ([x], { shape }) => {
      if (sizeOf(shape) !== x!.size)
        throw new ShapeError(
          "reshape",
          [x!.shape, shape],
          `${x!.size} elements cannot become ${sizeOf(shape)}`,
        );
      return { shape, dtype: x!.dtype };
    },
    vjp: (g, _, [x]) => [reshape(g, x!.shape)],
  } satisfies Primitive<"reshape">,

  transpose: {
    infer: ([x], { perm }) => {
      if (
        perm.length !== x!.rank ||
        new Set(perm).size !== perm.length ||
        perm.some((p) => !(p >= 0 && p < x!.rank))
      )
        throw new ShapeError(
          "transpose",
          [x!.shape],
          `${showShape(perm)} is not an order of its ${x!.rank} axes`,
        );
      return { shape: perm.map((p) => x!.shape[p]!), dtype: x!.dtype };
    },
    vjp: (g, _, __, { perm }) => {
      const inverse = perm.map(() => 0);
      perm.forEach((p, i) => {
        inverse[p] = i;
      });
      return [transpose(g, inverse)];
    },
  } satisfies Primitive<"transpose">,

  broadcastTo: {
    infer: ([x], { shape }) => {
      if (!sameShape(broadcastShapes("broadcastTo", x!.shape, shape), shape))
        throw new ShapeError("broadcastTo", [x!.shape, shape], "the first does not broadcast to the second");
      return { shape, dtype: x!.dtype };
    },
    vjp: (g, _, [x]) => [unbroadcast(g, x!.shape)],
  } satisfies Primitive<"broadcastTo">,

  slice: {
    infer: ([x], { starts, lengths, steps }) => {
      x!.shape.forEach((d, i) => {
        const last = starts[i]! + steps[i]! * (lengths[i]! - 1);
        if (lengths[i]! < 1 || steps[i] === 0 || starts[i]! < 0 || starts[i]! >= d || last < 0 || last >= d)
          throw new ShapeError(
            "slice",
            [x!.shape],
            `axis ${i}: ${lengths[i]} elements from ${starts[i]} in steps of ${steps[i]} leave its ${d} elements`,
          );
      });
      return { shape: lengths, dtype: x!.dtype };
    },
    vjp: (g, _, [x], attrs) => [unslice(g, x!.shape, attrs)],
  } satisfies Primitive<"slice">,

  concat: {
    infer: (inputs, { axis }) => {
      const first = inputs[0]!;
      const shapes = inputs.map((t) => t.shape);
      for (const t of inputs)
        if (t.dtype !== first.dtype)
          throw new TypeError(`concat: the pieces are ${first.dtype} and ${t.dtype}; cast one of them`);
        else if (t.rank !== first.rank || t.shape.some((d, i) => i !== axis && d !== first.shape[i]))
          throw new ShapeError("concat", shapes, `the pieces differ in more than axis ${axis}`);
      const total = inputs.reduce((n, t) => n + t.shape[axis]!, 0);
      return { shape: first.shape.map((d, i) => (i === axis ? total : d)), dtype: first.dtype };
    },
    vjp: (g, _, inputs, { axis }) => {
      let at = 0;
      return inputs.map((t) => {
        const starts = t.shape.map((__, i) => (i === axis ? at : 0));
        at += t.shape[axis]!;
        return slice(g, { starts, lengths: t.shape });
      });
    },
  } satisfies Primitive<"concat">,

  pad: {
    infer: ([x], { low, high }) => {
      if (low.length !== x!.rank || high.length !== x!.rank || [...low, ...high].some((p) => p < 0))
        throw new ShapeError(
          "pad",
          [x!.shape],
          `needs ${x!.rank} amounts ≥ 0 on each side, got ${showShape(low)} and ${showShape(high)}`,
        );
      return { shape: x!.shape.map((d, i) => d + low[i]! + high[i]!), dtype: x!.dtype };
    },
    vjp: (g, _, [x], { low }) => [slice(g, { starts: low, lengths: x!.shape })],
  } satisfies Primitive<"pad">,
};
