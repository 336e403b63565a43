import { resolveAxis, ShapeError } from "../shape.ts";
import { type Attributes, apply, type ConvGeometry, type Tensor } from "../tensor.ts";
import { full } from "./composed.ts";
import { asTensor, type Operand } from "./elementwise.ts";
import { pad, reshape, squeeze, unsqueeze } from "./shaping.ts";

/** The primitive as it is: both operands with two dimensions or more, either one transposed, scaled by alpha. */
export function matmulOf(a: Tensor, b: Tensor, attrs: Attributes["matmul"]): Tensor {
  return apply("matmul", [a, b], attrs);
}

export interface MatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/** Matrix product with NumPy's rules: vectors are promoted, leading dimensions broadcast. */
export function matmul(a: Operand, b: Operand, options: MatmulOptions = {}): Tensor {
  const { transA = false, transB = false, alpha = 1 } = options;
  const [x, y] = [asTensor(a), asTensor(b)];
  const attrs = { transA, transB, alpha };
  if (x.rank === 1)
    return squeeze(matmul(reshape(x, [1, x.size]), y, { transB, alpha }), y.rank === 1 ? -1 : -2);
  if (y.rank === 1) return squeeze(matmul(x, reshape(y, [y.size, 1]), { transA, alpha }), -1);
  // Rows of a batch against one matrix are one large product, and so is its gradient.
  if (x.rank > 2 && y.rank === 2 && !transA) {
    const out = matmulOf(reshape(x, [-1, x.shape.at(-1)!]), y, attrs);
    return reshape(out, [...x.shape.slice(0, -1), out.shape[1]!]);
  }
  return matmulOf(x, y, attrs);
}

const onAxis =
  (op: "softmax" | "logSoftmax") =>
  (x: Operand, axis = -1): Tensor => {
    const t = asTensor(x);
    return apply(op, [t], { axis: resolveAxis(op, axis, t.shape) });
  };

export const softmax = onAxis("softmax");
export const logSoftmax = onAxis("logSoftmax");

/** (x − mean) / √(var + eps) over the last axis. */
export const standardize = (x: Operand, eps: number): Tensor => apply("standardize", [asTensor(x)], { eps });
/** 1 / √(var + eps) over the last axis, kept with size 1. */
export const invStd = (x: Operand, eps: number): Tensor => apply("invStd", [asTensor(x)], { eps });

export type OneOrTwo = number | readonly [number, number];
export interface ConvOptions {
  readonly stride?: OneOrTwo;
  /** One number, [rows, columns], or [[top, bottom], [left, right]]. */
  readonly padding?: OneOrTwo | readonly [readonly [number, number], readonly [number, number]];
  readonly dilation?: OneOrTwo;
  readonly groups?: number;
}

const two = (v: OneOrTwo): readonly [number, number] => (typeof v === "number" ? [v, v] : v);

function geometry(options: ConvOptions): ConvGeometry {
  const [rows, columns] =
    typeof options.padding === "number" ? [options.padding, options.padding] : (options.padding ?? [0, 0]);
  return {
    stride: two(options.stride ?? 1),
    padding: [two(rows), two(columns)],
    dilation: two(options.dilation ?? 1),
    groups: options.groups ?? 1,
  };
}

/** x [N, C, H, W] with kernels [out, C / groups, kh, kw] (torch.nn.functional.conv2d). */
export const conv2d = (x: Operand, weight: Operand, options: ConvOptions = {}): Tensor =>
  apply("conv2d", [asTensor(x), asTensor(weight)], geometry(options));

export interface Conv1dOptions {
  readonly stride?: number;
  /** One number, or [left, right]. */
  readonly padding?: OneOrTwo;
  readonly dilation?: number;
  readonly groups?: number;
}

/** Works on sequences [N, C, L] as on images of one row. */
export function onRow(op: string, x: Operand, work: (row: Tensor) => Tensor): Tensor {
  const t = asTensor(x);
  if (t.rank !== 3) throw new ShapeError(op, [t.shape], "needs sequences [N, C, L]");
  return squeeze(work(unsqueeze(t, -2)), -2);
}

/** The geometry of a convolution over sequences, as one over images of one row. */
export const rowGeometry = ({
  stride = 1,
  padding = 0,
  dilation = 1,
  groups = 1,
}: Conv1dOptions): ConvOptions => ({
  stride: [1, stride],
  padding: [[0, 0], two(padding)],
  dilation: [1, dilation],
  groups,
});

/** x [N, C, L] with kernels [out, C / groups, k] (torch.nn.functional.conv1d). */
export const conv1d = (x: Operand, weight: Operand, options: Conv1dOptions = {}): Tensor =>
  onRow("conv1d", x, (row) => conv2d(row, unsqueeze(weight, -2), rowGeometry(options)));

/** x [N, in, h, w] with kernels [in, out / groups, kh, kw] (torch.nn.functional.conv_transpose2d). */
export function convTranspose2d(
  x: Operand,
  weight: Operand,
  options: ConvOptions & { readonly outputPadding?: OneOrTwo } = {},
): Tensor {
  const [t, w] = [asTensor(x), asTensor(weight)];
  const g = geometry(options);
  const extra = two(options.outputPadding ?? 0);
  const length = (i: 0 | 1): number =>
    ((t.shape[2 + i] ?? 1) - 1) * g.stride[i] -
    g.padding[i][0] -
    g.padding[i][1] +
    g.dilation[i] * ((w.shape[2 + i] ?? 1) - 1) +
    1 +
    extra[i];
  return apply("conv2dInputGrad", [t, w], { ...g, size: [length(0), length(1)] });
}

export interface PoolOptions {
  /** The kernel's size when left out. */
  readonly stride?: OneOrTwo;
  readonly padding?: OneOrTwo;
}

const PADDING_FOR_MAX = -3.4e38;

export function maxPool2d(x: Operand, kernel: OneOrTwo, options: PoolOptions = {}): Tensor {
  const [ph, pw] = two(options.padding ?? 0);
  const padded = pad(x, { low: [0, 0, ph, pw], high: [0, 0, ph, pw], value: PADDING_FOR_MAX });
  return apply("maxPool2d", [padded], { kernel: two(kernel), stride: two(options.stride ?? kernel) });
}

/** Means over windows; windows that overlap or leave a rest are a depthwise convolution. */
export function avgPool2d(x: Operand, kernel: OneOrTwo, options: PoolOptions = {}): Tensor {
  const t = asTensor(x);
  const k = two(kernel);
  const stride = two(options.stride ?? kernel);
  const [ph, pw] = two(options.padding ?? 0);
  const tiles =
    ph === 0 && pw === 0 && [0, 1].every((i) => stride[i] === k[i] && t.shape[2 + i]! % k[i]! === 0);
  if (tiles) return apply("avgPool2d", [t], { kernel: k });
  const channels = t.shape[1] ?? 1;
  return conv2d(t, full([channels, 1, ...k], 1 / (k[0] * k[1])), {
    stride,
    padding: [ph, pw],
    groups: channels,
  });
}

export interface Pool1dOptions {
  /** The kernel's size when left out. */
  readonly stride?: number;
  readonly padding?: number;
}

const pool1d =
  (op: string, pool: typeof maxPool2d) =>
  (x: Operand, kernel: number, { stride = kernel, padding = 0 }: Pool1dOptions = {}): Tensor =>
    onRow(op, x, (row) => pool(row, [1, kernel], { stride: [1, stride], padding: [0, padding] }));

/** maxPool2d and avgPool2d of sequences [N, C, L]. */
export const maxPool1d = pool1d("maxPool1d", maxPool2d);
export const avgPool1d = pool1d("avgPool1d", avgPool2d);

export const upsampleNearest2d = (x: Operand, scale: OneOrTwo): Tensor =>
  apply("upsampleNearest2d", [asTensor(x)], { scale: two(scale) });
