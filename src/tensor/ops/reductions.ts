import { resolveAxes, resolveAxis } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { add, asTensor, exp, log, mul, neg, type Operand, stopGradient, sub } from "./elementwise.ts";
import { reshape } from "./shaping.ts";

export type Axes = number | readonly number[];
export interface ReduceOptions {
  /** Which axes to reduce; all of them when left out. */
  readonly axes?: Axes;
  /** Keep the reduced axes with size 1. */
  readonly keepDims?: boolean;
}

export function sumKeep(x: Operand, axes: readonly number[]): Tensor {
  const t = asTensor(x);
  return axes.length === 0 ? t : apply("sum", [t], { axes });
}

function reduceWith(
  op: string,
  x: Operand,
  options: ReduceOptions,
  keep: (t: Tensor, axes: number[]) => Tensor,
): Tensor {
  const t = asTensor(x);
  const axes = resolveAxes(op, options.axes, t.shape);
  const out = axes.length === 0 ? t : keep(t, axes);
  return options.keepDims
    ? out
    : reshape(
        out,
        t.shape.filter((_, i) => !axes.includes(i)),
      );
}

export const sum = (x: Operand, options: ReduceOptions = {}): Tensor =>
  reduceWith("sum", x, options, sumKeep);

export const mean = (x: Operand, options: ReduceOptions = {}): Tensor => {
  const { shape } = asTensor(x);
  const count = resolveAxes("mean", options.axes, shape).reduce((n, axis) => n * shape[axis]!, 1);
  return mul(reduceWith("mean", x, options, sumKeep), 1 / count);
};

export const max = (x: Operand, options: ReduceOptions = {}): Tensor =>
  reduceWith("max", x, options, (t, axes) => apply("max", [t], { axes }));

export const min = (x: Operand, options: ReduceOptions = {}): Tensor => neg(max(neg(x), options));

/** log Σ exp x, without overflow. */
export const logsumexp = (x: Operand, options: ReduceOptions = {}): Tensor =>
  reduceWith("logsumexp", x, options, (t, axes) => {
    const top = stopGradient(apply("max", [t], { axes }));
    return add(log(sumKeep(exp(sub(t, top)), axes)), top);
  });

/** Index of the (first) largest element along an axis, as int32. */
export function argmax(x: Operand, axis: number, { keepDims = false } = {}): Tensor {
  const t = asTensor(x);
  const at = resolveAxis("argmax", axis, t.shape);
  const out = apply("argmax", [t], { axis: at });
  return keepDims
    ? out
    : reshape(
        out,
        t.shape.filter((_, i) => i !== at),
      );
}

export const argmin = (x: Operand, axis: number): Tensor => argmax(neg(x), axis);

export function cumsum(x: Operand, axis: number, { reverse = false } = {}): Tensor {
  const t = asTensor(x);
  return apply("cumsum", [t], { axis: resolveAxis("cumsum", axis, t.shape), reverse });
}
