import { broadcastTo, cast, cumsum, div, equal, mul, sumKeep } from "../ops.ts";
import type { Primitive } from "../tensor.ts";
import { requireDtype } from "./elementwise.ts";

const reduced = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((d, i) => (axes.includes(i) ? 1 : d));

export const reductions = {
  sum: {
    infer: ([x], { axes }) => ({
      shape: reduced(x!.shape, axes),
      dtype: requireDtype("sum", [x!], ["float32", "int32", "int64"]),
    }),
    vjp: (g, _, [x]) => [broadcastTo(g, x!.shape)],
  } satisfies Primitive<"sum">,

  max: {
    infer: ([x], { axes }) => ({
      shape: reduced(x!.shape, axes),
      dtype: requireDtype("max", [x!], ["float32", "int32"]),
    }),
    // Ties share the gradient evenly, as torch.amax does.
    vjp: (g, y, [x], { axes }) => {
      const hit = cast(equal(x!, y), "float32");
      return [mul(hit, div(g, sumKeep(hit, axes)))];
    },
  } satisfies Primitive<"max">,

  argmax: {
    infer: ([x], { axis }) => {
      requireDtype("argmax", [x!], ["float32", "int32"]);
      return { shape: reduced(x!.shape, [axis]), dtype: "int32" };
    },
  } satisfies Primitive<"argmax">,

  cumsum: {
    infer: ([x]) => ({ shape: x!.shape, dtype: requireDtype("cumsum", [x!], ["float32", "int32", "int64"]) }),
    vjp: (g, _, __, { axis, reverse }) => [cumsum(g, axis, { reverse: !reverse })],
  } satisfies Primitive<"cumsum">,
};
