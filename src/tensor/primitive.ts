import type { DType } from "./dtype.ts";
import type { Loop } from "./loop/body.ts";
import type { NdArray } from "./ndarray.ts";
import type { Distribution, Key } from "./random.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/** Processes that compute the same function, each of its own inputs. */
export interface Peers {
  readonly size: number;
  /** Each number becomes its sum over all of them, in place. */
  sum(values: Float32Array): Promise<void>;
}

type None = Readonly<Record<never, never>>;
type Pair = readonly [number, number];

/** Geometry of a 2-D convolution: padding is [[top, bottom], [left, right]]. */
export interface ConvGeometry {
  readonly stride: Pair;
  readonly padding: readonly [Pair, Pair];
  readonly dilation: Pair;
  readonly groups: number;
}

/** Every op there is, with the attributes it carries. Adding a line here makes the compiler ask for the rest. */
export interface Attributes {
  // leaves
  constant: { readonly value: NdArray };
  input: { readonly name: string; readonly index: number };
  state: { readonly variable: Variable };
  random: { readonly key: Key; readonly distribution: Distribution };
  /** What a loop's body is given anew at each step. */
  argument: None;
  // elementwise
  neg: None;
  exp: None;
  log: None;
  sqrt: None;
  abs: None;
  sign: None;
  sin: None;
  cos: None;
  tanh: None;
  sigmoid: None;
  erf: None;
  floor: None;
  relu: None;
  silu: None;
  gelu: None;
  softplus: None;
  /** Held between two numbers. */
  clamp: { readonly low: number; readonly high: number };
  not: None;
  add: None;
  sub: None;
  mul: None;
  div: None;
  pow: None;
  maximum: None;
  minimum: None;
  equal: None;
  less: None;
  lessEqual: None;
  and: None;
  or: None;
  where: None;
  cast: { readonly dtype: DType };
  stopGradient: None;
  /** The mean over processes; a program is cut there (engine/stages.ts). */
  acrossPeers: { readonly peers: Peers };
  // reductions; reduced dimensions stay, with size 1
  sum: { readonly axes: readonly number[] };
  max: { readonly axes: readonly number[] };
  argmax: { readonly axis: number };
  cumsum: { readonly axis: number; readonly reverse: boolean };
  // shape and index
  reshape: { readonly shape: Shape };
  transpose: { readonly perm: readonly number[] };
  broadcastTo: { readonly shape: Shape };
  slice: {
    readonly starts: readonly number[];
    readonly lengths: readonly number[];
    readonly steps: readonly number[];
  };
  concat: { readonly axis: number };
  pad: { readonly low: readonly number[]; readonly high: readonly number[]; readonly value: number };
  gather: { readonly axis: number };
  gatherElements: { readonly axis: number };
  scatterAdd: { readonly axis: number };
  writeAt: { readonly axis: number };
  // linear algebra and networks
  matmul: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number };
  softmax: { readonly axis: number };
  logSoftmax: { readonly axis: number };
  standardize: { readonly eps: number };
  invStd: { readonly eps: number };
  conv2d: ConvGeometry;
  conv2dInputGrad: ConvGeometry & { readonly size: Pair };
  conv2dWeightGrad: ConvGeometry & { readonly kernel: Pair };
  maxPool2d: { readonly kernel: Pair; readonly stride: Pair };
  avgPool2d: { readonly kernel: Pair };
  upsampleNearest2d: { readonly scale: Pair };
  // a loop, and what it gives: what is carried out of the last step, and a value of the body at every step
  scan: Loop;
  final: { readonly index: number };
  stacked: { readonly value: Tensor };
}

export type OpName = keyof Attributes;

/** What an op is: its shape rule, and how a gradient passes back through it. */
export interface Primitive<K extends OpName> {
  /** The result's shape and dtype, or a ShapeError. */
  infer(inputs: readonly Tensor[], attrs: Attributes[K]): { shape: Shape; dtype: DType };
  /** The vector-Jacobian product: one cotangent for each input; undefined where none passes. */
  vjp?(g: Tensor, out: Tensor, inputs: readonly Tensor[], attrs: Attributes[K]): (Tensor | undefined)[];
}
