import { sizeOf } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { CONTRIB, onnxType } from "../builder.ts";
import type { Context, Lowerings, Target } from "./context.ts";

/** One LayerNormalization node gives both the standardised values and 1/σ. */
function layerNorm(t: Tensor, x: string, eps: number, { model, once }: Context): string[] {
  const width = t.inputs[0]!.shape.at(-1)!;
  return once(`layerNorm ${x} ${eps}`, () => {
    const scale = model.initializer({
      data: new Float32Array(width).fill(1),
      shape: [width],
      dtype: "float32",
    });
    return model.node(
      "LayerNormalization",
      [x, scale],
      { axis: { int: -1 }, epsilon: { float: eps } },
      { outputs: 3 },
    );
  });
}

/** Whether a sum is over leading axes, and made as `sumOfRows` makes it. */
export const sumsRows = ({ attrs: { axes }, shape, dtype }: Tensor<"sum">, target: Target): boolean =>
  axes.every((a, i) => a === i) && axes.length < shape.length && dtype === "float32" && target.contrib;

/** Sums over leading axes are a product with a row of ones: three times faster than ReduceSum on CPU. */
function sumOfRows(t: Tensor<"sum">, x: string, { model }: Context): string {
  const from = t.inputs[0]!.shape;
  const rows = sizeOf(from.slice(0, t.attrs.axes.length));
  const columns = sizeOf(from) / rows;
  const ones = model.initializer({
    data: new Float32Array(rows).fill(1),
    shape: [1, rows],
    dtype: "float32",
  });
  const flat = from.length === 2 ? x : model.node("Reshape", [x, model.ints([rows, columns])])[0]!;
  const [total] = model.node("MatMul", [ones, flat]);
  return t.shape.length === 2 ? total! : model.node("Reshape", [total!, model.ints(t.shape)])[0]!;
}

export const linear: Lowerings<
  "sum" | "max" | "argmax" | "cumsum" | "matmul" | "softmax" | "logSoftmax" | "standardize" | "invStd"
> = {
  sum: (t, [x], ctx) => {
    if (sumsRows(t, ctx.target)) return sumOfRows(t, x!, ctx);
    return ctx.model.node("ReduceSum", [x!, ctx.model.ints(t.attrs.axes)])[0]!;
  },
  max: (t, [x], { model }) => model.node("ReduceMax", [x!, model.ints(t.attrs.axes)])[0]!,
  argmax: (t, [x], { model }) => {
    const [index] = model.node("ArgMax", [x!], { axis: { int: t.attrs.axis } });
    return model.node("Cast", [index!], { to: { int: onnxType("int32") } })[0]!;
  },
  cumsum: (t, [x], { model }) =>
    model.node("CumSum", [x!, model.ints([t.attrs.axis])], { reverse: { int: t.attrs.reverse ? 1 : 0 } })[0]!,
  matmul: (t, [a, b, bias], { model, target }) => {
    const { transA, transB, alpha } = t.attrs;
    if (bias) {
      const attrs = { transA: { int: +transA }, transB: { int: +transB }, alpha: { float: alpha } };
      return model.node("Gemm", [a!, b!, bias], attrs)[0]!;
    }
    if (!transA && !transB && alpha === 1) return model.node("MatMul", [a!, b!])[0]!;
    if (target.contrib) {
      const attrs = { transA: { int: +transA }, transB: { int: +transB }, alpha: { float: alpha } };
      return model.node("FusedMatMul", [a!, b!], attrs, { domain: CONTRIB })[0]!;
    }
    const swapped = (x: string, { rank }: Tensor): string => {
      const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
      return model.node("Transpose", [x], { perm: { ints: perm } })[0]!;
    };
    const left = transA ? swapped(a!, t.inputs[0]!) : a!;
    const right = transB ? swapped(b!, t.inputs[1]!) : b!;
    const product = model.node("MatMul", [left, right])[0]!;
    return alpha === 1 ? product : model.node("Mul", [product, model.float(alpha)])[0]!;
  },
  softmax: (t, [x], { model }) => model.node("Softmax", [x!], { axis: { int: t.attrs.axis } })[0]!,
  // (x − top) − log Σ exp(x − top)
  logSoftmax: (t, [x], { model, target }) => {
    if (!target.missing.has("LogSoftmax"))
      return model.node("LogSoftmax", [x!], { axis: { int: t.attrs.axis } })[0]!;
    const axes = model.ints([t.attrs.axis]);
    const [below] = model.node("Sub", [x!, ...model.node("ReduceMax", [x!, axes])]);
    const [total] = model.node("ReduceSum", [...model.node("Exp", [below!]), axes]);
    return model.node("Sub", [below!, ...model.node("Log", [total!])])[0]!;
  },
  standardize: (t, [x], ctx) => layerNorm(t, x!, t.attrs.eps, ctx)[0]!,
  invStd: (t, [x], ctx) => layerNorm(t, x!, t.attrs.eps, ctx)[2]!,
};
