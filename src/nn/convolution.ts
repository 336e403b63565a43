import { UserError } from "../errors.ts";
import { add, type Conv1dOptions as Conv1dGeometry, type ConvOptions, conv2d, convTranspose2d, type OneOrTwo, type Operand, onRow, reshape, rowGeometry, unsqueeze } from "../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as init from "./init.ts";
import { defaultWeight, type LayerOptions } from "./linear.ts";
import { Module, Parameter } from "./module.ts";

const two = (v: OneOrTwo): readonly [number, number] => (typeof v === "number" ? [v, v] : v);

function requireGroups(layer: string, inChannels: number, outChannels: number, groups: number): void {
  if (inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new UserError(
      `${layer}: ${groups} groups do not divide ${inChannels} input and ${outChannels} output channels`,
    );
}

const withBias = (y: Tensor, bias: Parameter | undefined): Tensor =>
  bias ? add(y, reshape(bias, [1, bias.size, 1, 1])) : y;

/** Weight and bias of a convolution, initialised as in PyTorch. */
function kernels(
  shape: Shape,
  outChannels: number,
  { bias = true, ...options }: LayerOptions,
): { weight: Parameter; bias: Parameter | undefined } {
  const biasInit = options.biasInit ?? init.fanUniform(init.fans(shape).fanIn);
  return {
    weight: new Parameter(shape, options.weightInit ?? defaultWeight),
    bias: bias ? new Parameter([outChannels], biasInit) : undefined,
  };
}

/** Padding that keeps a length at stride 1. An odd total puts the extra element at the end, as PyTorch does. */
function same(layer: string, kernel: number, stride: number, dilation: number): readonly [number, number] {
  if (stride !== 1) throw new UserError(`${layer}: padding "same" needs stride 1`);
  const total = dilation * (kernel - 1);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

export interface Conv1dOptions extends LayerOptions, Omit<Conv1dGeometry, "padding"> {
  /** As in ops.conv1d; "same" keeps the length (stride 1). */
  readonly padding?: OneOrTwo | "same";
}

/** x [N, in, L] → [N, out, L']; weight [out, in / groups, k], bias [out]. */
export class Conv1d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #geometry: ConvOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dOptions = {}) {
    super();
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
    requireGroups("Conv1d", inChannels, outChannels, groups);
    const { weight, bias } = kernels([outChannels, inChannels / groups, kernelSize], outChannels, options);
    this.weight = weight;
    this.bias = bias;
    const around = padding === "same" ? same("Conv1d", kernelSize, stride, dilation) : padding;
    this.#geometry = rowGeometry({ stride, padding: around, dilation, groups });
  }

  forward(x: Operand): Tensor {
    return onRow("Conv1d", x, (row) =>
      withBias(conv2d(row, unsqueeze(this.weight, -2), this.#geometry), this.bias),
    );
  }
}

export interface Conv2dOptions extends LayerOptions, Omit<ConvOptions, "padding"> {
  /** As in ops.conv2d; "same" keeps height and width (stride 1). */
  readonly padding?: NonNullable<ConvOptions["padding"]> | "same";
}

/** x [N, in, H, W] → [N, out, H', W']; weight [out, in / groups, kh, kw], bias [out]. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #geometry: ConvOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: OneOrTwo, options: Conv2dOptions = {}) {
    super();
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
    requireGroups("Conv2d", inChannels, outChannels, groups);
    const kernel = two(kernelSize);
    const { weight, bias } = kernels([outChannels, inChannels / groups, ...kernel], outChannels, options);
    this.weight = weight;
    this.bias = bias;
    const around = (i: 0 | 1): readonly [number, number] =>
      same("Conv2d", kernel[i], two(stride)[i], two(dilation)[i]);
    this.#geometry = {
      stride,
      dilation,
      groups,
      padding: padding === "same" ? [around(0), around(1)] : padding,
    };
  }

  forward(x: Operand): Tensor {
    return withBias(conv2d(x, this.weight, this.#geometry), this.bias);
  }
}

export interface ConvTranspose2dOptions extends LayerOptions, Omit<ConvOptions, "padding"> {
  readonly padding?: OneOrTwo;
  /** Rows and columns added at the end, to choose among the input sizes that a strided convolution maps to one output size. */
  readonly outputPadding?: OneOrTwo;
}

/** x [N, in, h, w] → [N, out, H, W], H = (h−1)·stride − 2·padding + dilation·(kh−1) + outputPadding + 1; weight [in, out / groups, kh, kw]. */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #geometry: Omit<ConvTranspose2dOptions, keyof LayerOptions>;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: OneOrTwo,
    options: ConvTranspose2dOptions = {},
  ) {
    super();
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = options;
    requireGroups("ConvTranspose2d", inChannels, outChannels, groups);
    const shape = [inChannels, outChannels / groups, ...two(kernelSize)];
    const { weight, bias } = kernels(shape, outChannels, options);
    this.weight = weight;
    this.bias = bias;
    this.#geometry = { stride, padding, outputPadding, dilation, groups };
  }

  forward(x: Operand): Tensor {
    return withBias(convTranspose2d(x, this.weight, this.#geometry), this.bias);
  }
}
