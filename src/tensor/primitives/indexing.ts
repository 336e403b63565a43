import { broadcastTo, constant, gather, gatherElements, reshape, scatterAdd, writeAt } from "../ops.ts";
import { ShapeError, showShape } from "../shape.ts";
import type { Primitive, Tensor } from "../tensor.ts";
import { requireDtype } from "./elementwise.ts";

const INDEX = ["int32", "int64"] as const;

function requireIndex(op: string, index: Tensor): void {
  requireDtype(`${op} (indices)`, [index], INDEX);
}

function sameBut(axis: number, a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => i === axis || d === b[i]);
}

export const indexing = {
  gather: {
    infer: ([x, index], { axis }) => {
      requireIndex("gather", index!);
      return {
        shape: [...x!.shape.slice(0, axis), ...index!.shape, ...x!.shape.slice(axis + 1)],
        dtype: x!.dtype,
      };
    },
    // Rows are added back into zeros, each index repeated over the other dimensions.
    vjp: (g, _, [x, index], { axis }) => {
      const n = index!.size;
      const shape = x!.shape.map((d, i) => (i === axis ? n : d));
      const column = x!.shape.map((__, i) => (i === axis ? n : 1));
      const zeros = broadcastTo(constant(0), x!.shape);
      return [
        scatterAdd(zeros, broadcastTo(reshape(index!, column), shape), reshape(g, shape), axis),
        undefined,
      ];
    },
  } satisfies Primitive<"gather">,

  gatherElements: {
    infer: ([x, index], { axis }) => {
      requireIndex("gatherElements", index!);
      if (!sameBut(axis, x!.shape, index!.shape))
        throw new ShapeError("gatherElements", [x!.shape, index!.shape], `may differ in axis ${axis} only`);
      return { shape: index!.shape, dtype: x!.dtype };
    },
    vjp: (g, _, [x, index], { axis }) => [
      scatterAdd(broadcastTo(constant(0), x!.shape), index!, g, axis),
      undefined,
    ],
  } satisfies Primitive<"gatherElements">,

  scatterAdd: {
    infer: ([base, index, updates], { axis }) => {
      requireIndex("scatterAdd", index!);
      requireDtype("scatterAdd", [base!, updates!], ["float32"]);
      if (!sameBut(axis, base!.shape, index!.shape) || !sameBut(-1, index!.shape, updates!.shape))
        throw new ShapeError(
          "scatterAdd",
          [base!.shape, index!.shape, updates!.shape],
          `indices and updates must have one shape, which may differ from the base in axis ${axis} only`,
        );
      return { shape: base!.shape, dtype: base!.dtype };
    },
    vjp: (g, _, [, index], { axis }) => [g, undefined, gatherElements(g, index!, axis)],
  } satisfies Primitive<"scatterAdd">,

  writeAt: {
    infer: ([x, position, value], { axis }) => {
      requireDtype("writeAt (position)", [position!], ["int32"]);
      requireDtype("writeAt", [x!, value!], [x!.dtype]);
      const row = x!.shape.with(axis, 1);
      if (position!.size !== 1 || !sameBut(-1, value!.shape, row))
        throw new ShapeError(
          "writeAt",
          [x!.shape, position!.shape, value!.shape],
          `needs one position, and a value of shape ${showShape(row)}`,
        );
      return { shape: x!.shape, dtype: x!.dtype };
    },
    vjp: (g, _, [, position, value], { axis }) => [
      writeAt(g, position!, broadcastTo(constant(0), value!.shape), axis),
      undefined,
      gather(g, reshape(position!, [1]), axis),
    ],
  } satisfies Primitive<"writeAt">,
};
