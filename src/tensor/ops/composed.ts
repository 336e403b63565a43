import type { Key } from "../random.ts";
import { resolveAxes, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import {
  add,
  asTensor,
  cast,
  constant,
  div,
  exp,
  floor,
  less,
  minimum,
  mul,
  neg,
  not,
  type Operand,
  softplus,
  sqrt,
  sub,
  tanh,
  uniform,
  where,
} from "./elementwise.ts";
import { mean, type ReduceOptions, sum } from "./reductions.ts";
import { broadcastTo } from "./shaping.ts";

export const zeros = (shape: Shape): Tensor => broadcastTo(constant(0), shape);
export const ones = (shape: Shape): Tensor => broadcastTo(constant(1), shape);
export const full = (shape: Shape, value: number): Tensor => broadcastTo(constant(value), shape);

export const square = (x: Operand): Tensor => mul(x, x);
export const rsqrt = (x: Operand): Tensor => div(1, sqrt(x));
export const logSigmoid = (x: Operand): Tensor => neg(softplus(neg(x)));
export const leakyRelu = (x: Operand, slope = 0.01): Tensor => {
  const t = asTensor(x);
  return where(less(0, t), t, mul(t, slope));
};
export const elu = (x: Operand): Tensor => {
  const t = asTensor(x);
  return where(less(0, t), t, sub(exp(minimum(t, 0)), 1));
};
/** The tanh approximation of GELU (Hendrycks and Gimpel, 2016). */
export const geluTanh = (x: Operand): Tensor => {
  const t = asTensor(x);
  const inner = mul(add(t, mul(mul(mul(t, t), t), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(t, 0.5), add(tanh(inner), 1));
};

/** Variance over axes; biased unless `correction` says otherwise. */
export function variance(x: Operand, options: ReduceOptions & { correction?: number } = {}): Tensor {
  const t = asTensor(x);
  const axes = resolveAxes("variance", options.axes, t.shape);
  const n = axes.reduce((k, a) => k * t.shape[a]!, 1);
  const centred = sub(t, mean(t, { axes, keepDims: true }));
  return mul(
    sum(square(centred), { axes, keepDims: options.keepDims ?? false }),
    1 / (n - (options.correction ?? 0)),
  );
}

/** 1 on and below the diagonal (shifted up by `diagonal`), as bool [rows, columns]. */
export function tril(rows: number, columns = rows, diagonal = 0): Tensor {
  const data = new Uint8Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) data[i * columns + j] = j <= i + diagonal ? 1 : 0;
  return constant({ data, shape: [rows, columns], dtype: "bool" });
}

/** 1 on and above the diagonal (shifted up by `diagonal`), as bool [rows, columns]. */
export const triu = (rows: number, columns = rows, diagonal = 0): Tensor =>
  not(tril(rows, columns, diagonal - 1));

/** Bernoulli(p) draws as float32; `p` may be a number or a tensor of probabilities. */
export const bernoulli = (key: Key, p: Operand, shape: Shape): Tensor =>
  cast(less(uniform(key, shape), p), "float32");

/** Integers low ≤ i < high as int32 (the bias of the float grid is below 2^-24 × (high − low)). */
export const randint = (key: Key, low: number, high: number, shape: Shape): Tensor =>
  add(cast(floor(mul(uniform(key, shape), high - low)), "int32"), low);
