import { add, div, exp, invStd, matmulOf, mean, mul, neg, standardize, sub, sumKeep } from "../ops.ts";
import { broadcastShapes, ShapeError } from "../shape.ts";
import type { Primitive } from "../tensor.ts";
import { requireDtype, unbroadcast } from "./elementwise.ts";

const FLOAT = ["float32"] as const;

export const linear = {
  matmul: {
    infer: ([a, b], { transA, transB }) => {
      const dtype = requireDtype("matmul", [a!, b!], FLOAT);
      const shapes = [a!.shape, b!.shape];
      if (a!.rank < 2 || b!.rank < 2)
        throw new ShapeError("matmul", shapes, "both need two dimensions or more");
      const [m, k] = transA ? [a!.shape.at(-1)!, a!.shape.at(-2)!] : [a!.shape.at(-2)!, a!.shape.at(-1)!];
      const [k2, n] = transB ? [b!.shape.at(-1)!, b!.shape.at(-2)!] : [b!.shape.at(-2)!, b!.shape.at(-1)!];
      if (k !== k2)
        throw new ShapeError(
          "matmul",
          shapes,
          `the inner dimensions are ${k} and ${k2}${transA ? ", first transposed" : ""}${transB ? ", second transposed" : ""}`,
        );
      const batch = broadcastShapes("matmul", a!.shape.slice(0, -2), b!.shape.slice(0, -2));
      return { shape: [...batch, m, n], dtype };
    },
    vjp: (g, _, [a, b], { transA, transB, alpha }) => [
      unbroadcast(
        transA
          ? matmulOf(b!, g, { transA: transB, transB: true, alpha })
          : matmulOf(g, b!, { transA: false, transB: !transB, alpha }),
        a!.shape,
      ),
      unbroadcast(
        transB
          ? matmulOf(g, a!, { transA: true, transB: transA, alpha })
          : matmulOf(a!, g, { transA: !transA, transB: false, alpha }),
        b!.shape,
      ),
    ],
  } satisfies Primitive<"matmul">,

  softmax: {
    infer: ([x]) => ({ shape: x!.shape, dtype: requireDtype("softmax", [x!], FLOAT) }),
    vjp: (g, y, _, { axis }) => [mul(y, sub(g, sumKeep(mul(g, y), [axis])))],
  } satisfies Primitive<"softmax">,

  logSoftmax: {
    infer: ([x]) => ({ shape: x!.shape, dtype: requireDtype("logSoftmax", [x!], FLOAT) }),
    vjp: (g, y, _, { axis }) => [sub(g, mul(exp(y), sumKeep(g, [axis])))],
  } satisfies Primitive<"logSoftmax">,

  /** (x − mean) / √(var + eps) over the last axis, var biased: the core of layer and group norm. */
  standardize: {
    infer: ([x]) => ({ shape: x!.shape, dtype: requireDtype("standardize", [x!], FLOAT) }),
    vjp: (g, y, [x], { eps }) => {
      const last = { axes: -1, keepDims: true };
      const centred = sub(g, add(mul(y, mean(mul(g, y), last)), mean(g, last)));
      return [mul(invStd(x!, eps), centred)];
    },
  } satisfies Primitive<"standardize">,

  /** 1 / √(var + eps) over the last axis, which stays with size 1. */
  invStd: {
    infer: ([x]) => ({ shape: [...x!.shape.slice(0, -1), 1], dtype: requireDtype("invStd", [x!], FLOAT) }),
    vjp: (g, y, [x], { eps }) => [neg(mul(standardize(x!, eps), div(mul(g, mul(y, y)), x!.shape.at(-1)!)))],
  } satisfies Primitive<"invStd">,
};
