import { allocate, type DType } from "./dtype.ts";
import { filled, fromNested, isNdArray, type NdArray, type Nested } from "./ndarray.ts";
import type { Distribution, Key } from "./random.ts";
import { broadcastShapes, resolveAxes, resolveAxis, type Shape, ShapeError, sameShape } from "./shape.ts";
import { type Attributes, apply, type ConvGeometry, type OpName, Tensor } from "./tensor.ts";
import { readVariable } from "./trace.ts";
import { Variable } from "./variable.ts";

export { apply };

/** What an operation accepts: a tensor, a variable (its current value), host values, or a number. */
export type Operand = Tensor | Variable | NdArray | number;

// ---- leaves ----

/** A tensor of fixed values. A number becomes a scalar of `dtype`. */
export function constant(value: number | NdArray, dtype: DType = "float32"): Tensor {
  if (typeof value !== "number") return new Tensor("constant", [], { value }, value.shape, value.dtype);
  return constant(filled([], value, dtype));
}

/** A tensor of fixed values from nested numbers: `tensor([[1, 2], [3, 4]])`. */
export function tensor(values: Nested, dtype?: DType): Tensor {
  return constant(fromNested(values, dtype));
}

/** 0, 1, … length-1. */
export function arange(length: number, dtype: "int32" | "float32" = "int32"): Tensor {
  const data = allocate(dtype, length);
  for (let i = 0; i < length; i++) data[i] = i;
  return constant({ data, shape: [length], dtype } as NdArray);
}

export const zeros = (shape: Shape): Tensor => broadcastTo(constant(0), shape);
export const ones = (shape: Shape): Tensor => broadcastTo(constant(1), shape);
export const full = (shape: Shape, value: number): Tensor => broadcastTo(constant(value), shape);

const random =
  (distribution: Distribution, dtype: DType) =>
  (key: Key, shape: Shape): Tensor =>
    new Tensor("random", [], { key, distribution }, shape, dtype);

/** N(0, 1) values, a pure function of the key. */
export const normal = random("normal", "float32");
/** U[0, 1) values, a pure function of the key. */
export const uniform = random("uniform", "float32");
/** 32 random bits an element, as int32. */
export const randomBits = random("bits", "int32");

export function asTensor(x: Operand, like: DType = "float32"): Tensor {
  if (x instanceof Tensor) return x;
  if (x instanceof Variable) return readVariable(x);
  if (typeof x === "number") return constant(x, like === "bool" || like === "uint8" ? "float32" : like);
  if (isNdArray(x)) return constant(x);
  throw new TypeError(`a tensor, a variable, an array or a number was expected, not ${typeof x}`);
}

// ---- elementwise ----

type UnaryName = "neg" | "exp" | "log" | "sqrt" | "abs" | "sign" | "sin" | "cos" | "tanh" | "sigmoid" | "erf" | "floor" | "relu" | "silu" | "gelu" | "not" | "stopGradient"; // biome-ignore format: a list of names
const unary =
  (op: UnaryName) =>
  (x: Operand): Tensor =>
    apply(op as "neg", [asTensor(x)], {});

export const neg = unary("neg");
export const exp = unary("exp");
export const log = unary("log");
export const sqrt = unary("sqrt");
export const abs = unary("abs");
export const sign = unary("sign");
export const sin = unary("sin");
export const cos = unary("cos");
export const tanh = unary("tanh");
export const sigmoid = unary("sigmoid");
export const erf = unary("erf");
export const floor = unary("floor");
export const relu = unary("relu");
/** x·σ(x), also called swish. */
export const silu = unary("silu");
/** x·Φ(x), exact (with erf); see geluTanh for the approximation that GPT-2 and DiT use. */
export const gelu = unary("gelu");
export const not = unary("not");
/** The value, with no gradient through it. */
export const stopGradient = unary("stopGradient");

type BinaryName = "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum" | "equal" | "less" | "lessEqual" | "and" | "or"; // biome-ignore format: a list of names
const binary =
  (op: BinaryName) =>
  (a: Operand, b: Operand): Tensor => {
    const left = typeof a === "number" ? undefined : asTensor(a);
    const right = asTensor(b, left?.dtype);
    return apply(op as "add", [left ?? asTensor(a, right.dtype), right], {});
  };

export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const div = binary("div");
export const pow = binary("pow");
export const maximum = binary("maximum");
export const minimum = binary("minimum");
export const equal = binary("equal");
export const less = binary("less");
export const lessEqual = binary("lessEqual");
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
export const greaterEqual = (a: Operand, b: Operand): Tensor => lessEqual(b, a);
export const notEqual = (a: Operand, b: Operand): Tensor => not(equal(a, b));
export const and = binary("and");
export const or = binary("or");

/** a where the condition holds, b elsewhere. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const left = typeof a === "number" ? undefined : asTensor(a);
  const right = asTensor(b, left?.dtype);
  return apply("where", [condition, left ?? asTensor(a, right.dtype), right], {});
}

export function cast(x: Operand, dtype: DType): Tensor {
  const t = asTensor(x);
  return t.dtype === dtype ? t : apply("cast", [t], { dtype });
}

// ---- reductions ----

type Axes = number | readonly number[];
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

export const mean = (x: Operand, options: ReduceOptions = {}): Tensor =>
  reduceWith("mean", x, options, (t, axes) =>
    mul(sumKeep(t, axes), 1 / axes.reduce((n, a) => n * t.shape[a]!, 1)),
  );

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

// ---- shape ----

/** One dimension may be -1: it is worked out from the others. */
export function reshape(x: Operand, shape: Shape): Tensor {
  const t = asTensor(x);
  const open = shape.indexOf(-1);
  let full: Shape = shape;
  if (open >= 0) {
    const rest = shape.reduce((n, d, i) => (i === open ? n : n * d), 1);
    if (t.size % rest !== 0)
      throw new ShapeError("reshape", [t.shape, shape], `${t.size} elements do not divide by ${rest}`);
    full = shape.map((d, i) => (i === open ? t.size / rest : d));
  }
  return sameShape(full, t.shape) ? t : apply("reshape", [t], { shape: full });
}

/** Reorder the axes; without an order, reverse them. */
export function transpose(x: Operand, perm?: readonly number[]): Tensor {
  const t = asTensor(x);
  const order =
    perm?.map((p) => resolveAxis("transpose", p, t.shape)) ?? t.shape.map((_, i) => t.rank - 1 - i);
  return order.every((p, i) => p === i) ? t : apply("transpose", [t], { perm: order });
}

export function broadcastTo(x: Operand, shape: Shape): Tensor {
  const t = asTensor(x);
  return sameShape(t.shape, shape) ? t : apply("broadcastTo", [t], { shape });
}

/** From `starts`, `lengths` elements along each axis, in `steps` (1 when left out). */
export function slice(
  x: Operand,
  {
    starts,
    lengths,
    steps,
  }: { starts: readonly number[]; lengths: readonly number[]; steps?: readonly number[] },
): Tensor {
  const t = asTensor(x);
  const by = steps ?? starts.map(() => 1);
  if (starts.length !== t.rank || lengths.length !== t.rank || by.length !== t.rank)
    throw new ShapeError("slice", [t.shape], `needs ${t.rank} starts, lengths and steps`);
  if (sameShape(lengths, t.shape) && by.every((s) => s === 1)) return t;
  return apply("slice", [t], { starts, lengths, steps: by });
}

/** Elements start ≤ i < end of one axis (Python's x[start:end] along that axis; negative counts from the end). */
export function narrow(x: Operand, axis: number, start: number, end: number): Tensor {
  const t = asTensor(x);
  const at = resolveAxis("narrow", axis, t.shape);
  const d = t.shape[at]!;
  const from = start < 0 ? start + d : start;
  const to = end < 0 ? end + d : end;
  return slice(t, {
    starts: t.shape.map((_, i) => (i === at ? from : 0)),
    lengths: t.shape.map((n, i) => (i === at ? to - from : n)),
  });
}

export function flip(x: Operand, axes: Axes): Tensor {
  const t = asTensor(x);
  const which = resolveAxes("flip", axes, t.shape);
  return slice(t, {
    starts: t.shape.map((d, i) => (which.includes(i) ? d - 1 : 0)),
    lengths: t.shape,
    steps: t.shape.map((_, i) => (which.includes(i) ? -1 : 1)),
  });
}

export function concat(pieces: readonly Operand[], axis: number): Tensor {
  if (pieces.length === 0) throw new ShapeError("concat", [], "needs at least one piece");
  const inputs = pieces.map((p) => asTensor(p));
  const at = resolveAxis("concat", axis, inputs[0]!.shape);
  return inputs.length === 1 ? inputs[0]! : apply("concat", inputs, { axis: at });
}

/** Join along a new axis. */
export function stack(pieces: readonly Operand[], axis = 0): Tensor {
  const inputs = pieces.map((p) => asTensor(p));
  const rank = inputs[0]?.rank ?? 0;
  const at = axis < 0 ? axis + rank + 1 : axis;
  return concat(
    inputs.map((t) => reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)])),
    at,
  );
}

/** Cut an axis into `count` equal pieces. */
export function chunk(x: Operand, count: number, axis: number): Tensor[] {
  const t = asTensor(x);
  const at = resolveAxis("chunk", axis, t.shape);
  const width = t.shape[at]! / count;
  if (!Number.isInteger(width))
    throw new ShapeError("chunk", [t.shape], `axis ${at} does not divide into ${count}`);
  return Array.from({ length: count }, (_, i) => narrow(t, at, i * width, (i + 1) * width));
}

/** Constant padding: `low` before and `high` after, one amount an axis. */
export function pad(
  x: Operand,
  { low, high, value = 0 }: { low: readonly number[]; high: readonly number[]; value?: number },
): Tensor {
  const t = asTensor(x);
  return low.every((p) => p === 0) && high.every((p) => p === 0)
    ? t
    : apply("pad", [t], { low, high, value });
}

// ---- index ----

/** Rows of `x` along `axis` at `index` (any shape), as torch.index_select and an embedding do. */
export function gather(x: Operand, index: Operand, axis = 0): Tensor {
  const t = asTensor(x);
  return apply("gather", [t, asTensor(index, "int32")], { axis: resolveAxis("gather", axis, t.shape) });
}

/** x[..., index[..., j, ...], ...] along `axis` (torch.gather). */
export function gatherElements(x: Operand, index: Operand, axis: number): Tensor {
  const t = asTensor(x);
  return apply("gatherElements", [t, asTensor(index)], {
    axis: resolveAxis("gatherElements", axis, t.shape),
  });
}

/** `base` with `updates` added at `index` along `axis` (torch.scatter_add). */
export function scatterAdd(base: Operand, index: Operand, updates: Operand, axis: number): Tensor {
  const t = asTensor(base);
  return apply("scatterAdd", [t, asTensor(index), asTensor(updates)], {
    axis: resolveAxis("scatterAdd", axis, t.shape),
  });
}

/** 1 at each index along a new last axis of size `depth`, as float32. */
export function oneHot(index: Operand, depth: number): Tensor {
  const t = asTensor(index);
  return cast(equal(reshape(t, [...t.shape, 1]), cast(arange(depth), t.dtype)), "float32");
}

// ---- linear algebra and networks ----

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
  if (x.rank === 1) return squeeze(matmul(reshape(x, [1, x.size]), y, { transB, alpha }), -2);
  if (y.rank === 1) return squeeze(matmul(x, reshape(y, [y.size, 1]), { transA, alpha }), -1);
  // Rows of a batch against one matrix are one large product, and so is its gradient.
  if (x.rank > 2 && y.rank === 2 && !transA) {
    const out = matmulOf(reshape(x, [-1, x.shape.at(-1)!]), y, attrs);
    return reshape(out, [...x.shape.slice(0, -1), out.shape[1]!]);
  }
  return matmulOf(x, y, attrs);
}

export function squeeze(x: Operand, axis: number): Tensor {
  const t = asTensor(x);
  const at = resolveAxis("squeeze", axis, t.shape);
  return reshape(
    t,
    t.shape.filter((_, i) => i !== at),
  );
}

export function unsqueeze(x: Operand, axis: number): Tensor {
  const t = asTensor(x);
  const at = axis < 0 ? axis + t.rank + 1 : axis;
  return reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)]);
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

type OneOrTwo = number | readonly [number, number];
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

const PADDING_FOR_MAX = -3.4e38;

export function maxPool2d(
  x: Operand,
  kernel: OneOrTwo,
  options: { stride?: OneOrTwo; padding?: OneOrTwo } = {},
): Tensor {
  const [ph, pw] = two(options.padding ?? 0);
  const padded = pad(x, { low: [0, 0, ph, pw], high: [0, 0, ph, pw], value: PADDING_FOR_MAX });
  return apply("maxPool2d", [padded], { kernel: two(kernel), stride: two(options.stride ?? kernel) });
}

/** Means over windows; windows that overlap or leave a rest are a depthwise convolution. */
export function avgPool2d(
  x: Operand,
  kernel: OneOrTwo,
  options: { stride?: OneOrTwo; padding?: OneOrTwo } = {},
): Tensor {
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

export const upsampleNearest2d = (x: Operand, scale: OneOrTwo): Tensor =>
  apply("upsampleNearest2d", [asTensor(x)], { scale: two(scale) });

// ---- composed ----

export const square = (x: Operand): Tensor => mul(x, x);
export const rsqrt = (x: Operand): Tensor => div(1, sqrt(x));
export const clamp = (x: Operand, low: number, high: number): Tensor => minimum(maximum(x, low), high);

/** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|). */
export const softplus = (x: Operand): Tensor => add(relu(x), log(add(exp(neg(abs(x))), 1)));
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

export type { OpName };
export { broadcastShapes };
