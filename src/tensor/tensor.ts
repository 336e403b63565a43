import type { DType } from "./dtype.ts";
import type { Operand } from "./ops/elementwise.ts";
import type {
  Conv1dOptions,
  ConvOptions,
  MatmulOptions,
  OneOrTwo,
  Pool1dOptions,
  PoolOptions,
} from "./ops/network.ts";
import type { Axes, ReduceOptions } from "./ops/reductions.ts";
import * as ops from "./ops.ts";
import type { Attributes, OpName, Primitive } from "./primitive.ts";
import { PRIMITIVES } from "./primitives/index.ts";
import type { Shape } from "./shape.ts";

export type { Attributes, ConvGeometry, OpName, Primitive } from "./primitive.ts";

let nextId = 0;

/**
 * A symbolic n-d array: an op applied to other tensors. Immutable; it holds no values. Operations on tensors
 * grow a graph, which an engine runs. Ids grow in the order of creation, so they order any graph topologically.
 *
 * The methods are the functions of tensor/ops with the tensor as their first argument: `x.mul(2)` is `mul(x, 2)`.
 */
export class Tensor<K extends OpName = OpName> {
  readonly id = nextId++;
  readonly op: K;
  readonly inputs: readonly Tensor[];
  readonly attrs: Attributes[K];
  readonly shape: Shape;
  readonly dtype: DType;

  constructor(op: K, inputs: readonly Tensor[], attrs: Attributes[K], shape: Shape, dtype: DType) {
    this.op = op;
    this.inputs = inputs;
    this.attrs = attrs;
    this.shape = shape;
    this.dtype = dtype;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return this.shape.reduce((n, d) => n * d, 1);
  }

  is<N extends OpName>(op: N): this is Tensor<N> {
    return (this.op as OpName) === op;
  }

  toString(): string {
    return `${this.op}: ${this.dtype}[${this.shape.join(", ")}]`;
  }

  // arithmetic, with NumPy's broadcasting
  add(other: Operand): Tensor {
    return ops.add(this, other);
  }
  sub(other: Operand): Tensor {
    return ops.sub(this, other);
  }
  mul(other: Operand): Tensor {
    return ops.mul(this, other);
  }
  div(other: Operand): Tensor {
    return ops.div(this, other);
  }
  pow(other: Operand): Tensor {
    return ops.pow(this, other);
  }
  maximum(other: Operand): Tensor {
    return ops.maximum(this, other);
  }
  minimum(other: Operand): Tensor {
    return ops.minimum(this, other);
  }
  equal(other: Operand): Tensor {
    return ops.equal(this, other);
  }
  notEqual(other: Operand): Tensor {
    return ops.notEqual(this, other);
  }
  less(other: Operand): Tensor {
    return ops.less(this, other);
  }
  lessEqual(other: Operand): Tensor {
    return ops.lessEqual(this, other);
  }
  greater(other: Operand): Tensor {
    return ops.greater(this, other);
  }
  greaterEqual(other: Operand): Tensor {
    return ops.greaterEqual(this, other);
  }
  and(other: Operand): Tensor {
    return ops.and(this, other);
  }
  or(other: Operand): Tensor {
    return ops.or(this, other);
  }
  neg(): Tensor {
    return ops.neg(this);
  }
  exp(): Tensor {
    return ops.exp(this);
  }
  log(): Tensor {
    return ops.log(this);
  }
  sqrt(): Tensor {
    return ops.sqrt(this);
  }
  /** 1/√x. */
  rsqrt(): Tensor {
    return ops.rsqrt(this);
  }
  square(): Tensor {
    return ops.square(this);
  }
  abs(): Tensor {
    return ops.abs(this);
  }
  sign(): Tensor {
    return ops.sign(this);
  }
  sin(): Tensor {
    return ops.sin(this);
  }
  cos(): Tensor {
    return ops.cos(this);
  }
  tanh(): Tensor {
    return ops.tanh(this);
  }
  sigmoid(): Tensor {
    return ops.sigmoid(this);
  }
  /** log σ(x), stable. */
  logSigmoid(): Tensor {
    return ops.logSigmoid(this);
  }
  erf(): Tensor {
    return ops.erf(this);
  }
  floor(): Tensor {
    return ops.floor(this);
  }
  relu(): Tensor {
    return ops.relu(this);
  }
  /** x·σ(x). */
  silu(): Tensor {
    return ops.silu(this);
  }
  /** x·Φ(x), exact. */
  gelu(): Tensor {
    return ops.gelu(this);
  }
  /** The tanh approximation of GELU. */
  geluTanh(): Tensor {
    return ops.geluTanh(this);
  }
  /** log(1 + eˣ), stable. */
  softplus(): Tensor {
    return ops.softplus(this);
  }
  elu(): Tensor {
    return ops.elu(this);
  }
  not(): Tensor {
    return ops.not(this);
  }
  /** The value, with no gradient through it. */
  stopGradient(): Tensor {
    return ops.stopGradient(this);
  }
  leakyRelu(slope?: number): Tensor {
    return ops.leakyRelu(this, slope);
  }
  clamp(low: number, high: number): Tensor {
    return ops.clamp(this, low, high);
  }
  cast(dtype: DType): Tensor {
    return ops.cast(this, dtype);
  }

  // reductions
  sum(options?: ReduceOptions): Tensor {
    return ops.sum(this, options);
  }
  mean(options?: ReduceOptions): Tensor {
    return ops.mean(this, options);
  }
  max(options?: ReduceOptions): Tensor {
    return ops.max(this, options);
  }
  min(options?: ReduceOptions): Tensor {
    return ops.min(this, options);
  }
  /** log Σ exp x, without overflow. */
  logsumexp(options?: ReduceOptions): Tensor {
    return ops.logsumexp(this, options);
  }
  /** Biased unless `correction` says otherwise. */
  variance(options?: ReduceOptions & { readonly correction?: number }): Tensor {
    return ops.variance(this, options);
  }
  /** Index of the (first) largest element along an axis, as int32. */
  argmax(axis: number, options?: { readonly keepDims?: boolean }): Tensor {
    return ops.argmax(this, axis, options);
  }
  argmin(axis: number): Tensor {
    return ops.argmin(this, axis);
  }
  cumsum(axis: number, options?: { readonly reverse?: boolean }): Tensor {
    return ops.cumsum(this, axis, options);
  }

  // shape and index
  /** Numbers or one array of them; one may be -1 and is worked out from the others. */
  reshape(...shape: readonly number[] | readonly [Shape]): Tensor {
    return ops.reshape(this, shape.flat());
  }
  /** Reorder the axes; without an order, reverse them. */
  transpose(perm?: readonly number[]): Tensor {
    return ops.transpose(this, perm);
  }
  broadcastTo(shape: Shape): Tensor {
    return ops.broadcastTo(this, shape);
  }
  /** Axes `start` to `end` (both included; all when left out) as one. */
  flatten(start?: number, end?: number): Tensor {
    return ops.flatten(this, start, end);
  }
  squeeze(axis: number): Tensor {
    return ops.squeeze(this, axis);
  }
  unsqueeze(axis: number): Tensor {
    return ops.unsqueeze(this, axis);
  }
  /** From `starts`, `lengths` elements along each axis, in `steps` (1 when left out). */
  slice(part: Parameters<typeof ops.slice>[1]): Tensor {
    return ops.slice(this, part);
  }
  /** Elements start ≤ i < end of one axis; negative counts from the end. */
  narrow(axis: number, start: number, end: number): Tensor {
    return ops.narrow(this, axis, start, end);
  }
  /** Cut an axis into `count` equal pieces. */
  chunk(count: number, axis: number): Tensor[] {
    return ops.chunk(this, count, axis);
  }
  flip(axes: Axes): Tensor {
    return ops.flip(this, axes);
  }
  /** Constant padding: `low` before and `high` after, one amount an axis. */
  pad(amounts: Parameters<typeof ops.pad>[1]): Tensor {
    return ops.pad(this, amounts);
  }
  /** Rows along `axis` at `index` (torch.index_select). */
  gather(index: Operand, axis?: number): Tensor {
    return ops.gather(this, index, axis);
  }
  /** torch.gather. */
  gatherElements(index: Operand, axis: number): Tensor {
    return ops.gatherElements(this, index, axis);
  }
  /** torch.scatter_add. */
  scatterAdd(index: Operand, updates: Operand, axis: number): Tensor {
    return ops.scatterAdd(this, index, updates, axis);
  }
  /** With `value` in the place of its row at position `at` along `axis`. */
  writeAt(at: Operand, value: Operand, axis: number): Tensor {
    return ops.writeAt(this, at, value, axis);
  }
  /** Of integers: 1 at each along a new last axis of size `depth`, as float32. */
  oneHot(depth: number): Tensor {
    return ops.oneHot(this, depth);
  }

  // networks
  /** Matrix product with NumPy's rules. */
  matmul(other: Operand, options?: MatmulOptions): Tensor {
    return ops.matmul(this, other, options);
  }
  /** Over the last axis when left out. */
  softmax(axis?: number): Tensor {
    return ops.softmax(this, axis);
  }
  /** Over the last axis when left out. */
  logSoftmax(axis?: number): Tensor {
    return ops.logSoftmax(this, axis);
  }
  /** [N, C, L] with kernels [out, C / groups, k]. */
  conv1d(weight: Operand, options?: Conv1dOptions): Tensor {
    return ops.conv1d(this, weight, options);
  }
  /** [N, C, H, W] with kernels [out, C / groups, kh, kw]. */
  conv2d(weight: Operand, options?: ConvOptions): Tensor {
    return ops.conv2d(this, weight, options);
  }
  /** [N, in, h, w] with kernels [in, out / groups, kh, kw]. */
  convTranspose2d(weight: Operand, options?: ConvOptions & { readonly outputPadding?: OneOrTwo }): Tensor {
    return ops.convTranspose2d(this, weight, options);
  }
  maxPool1d(kernel: number, options?: Pool1dOptions): Tensor {
    return ops.maxPool1d(this, kernel, options);
  }
  avgPool1d(kernel: number, options?: Pool1dOptions): Tensor {
    return ops.avgPool1d(this, kernel, options);
  }
  maxPool2d(kernel: OneOrTwo, options?: PoolOptions): Tensor {
    return ops.maxPool2d(this, kernel, options);
  }
  avgPool2d(kernel: OneOrTwo, options?: PoolOptions): Tensor {
    return ops.avgPool2d(this, kernel, options);
  }
  upsampleNearest2d(scale: OneOrTwo): Tensor {
    return ops.upsampleNearest2d(this, scale);
  }
}

/** Apply a primitive: its shape rule is checked here, where the op is written. */
export function apply<K extends OpName>(op: K, inputs: readonly Tensor[], attrs: Attributes[K]): Tensor<K> {
  const { shape, dtype } = (PRIMITIVES[op] as Primitive<K>).infer(inputs, attrs);
  return new Tensor(op, inputs, attrs, shape, dtype);
}
