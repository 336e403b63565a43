import { UserError } from "../errors.ts";
import { add, type ConvOptions, conv2d, convTranspose2d, type Operand, reshape } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as init from "./init.ts";
import { defaultWeight, type LayerOptions } from "./linear.ts";
import { Module, Parameter } from "./module.ts";

type OneOrTwo = number | readonly [number, number];
const two = (v: OneOrTwo): readonly [number, number] => (typeof v === "number" ? [v, v] : v);

function requireGroups(layer: string, inChannels: number, outChannels: number, groups: number): void {
  if (inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new UserError(
      `${layer}: ${groups} groups do not divide ${inChannels} input and ${outChannels} output channels`,
    );
}

const withBias = (y: Tensor, bias: Parameter | undefined): Tensor =>
  bias ? add(y, reshape(bias, [1, bias.size, 1, 1])) : y;

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
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
    requireGroups("Conv2d", inChannels, outChannels, groups);
    const kernel = two(kernelSize);
    const shape = [outChannels, inChannels / groups, ...kernel];
    this.weight = new Parameter(shape, options.weightInit ?? defaultWeight);
    this.bias = bias
      ? new Parameter([outChannels], options.biasInit ?? init.fanUniform(init.fans(shape).fanIn))
      : undefined;
    this.#geometry = { stride, dilation, groups, padding: padding === "same" ? same() : padding };

    function same(): NonNullable<ConvOptions["padding"]> {
      if (two(stride).some((s) => s !== 1)) throw new UserError('Conv2d: padding "same" needs stride 1');
      // An odd total puts the extra row and column at the end, as PyTorch does.
      const [rows, columns] = kernel.map((k, i) => {
        const total = two(dilation)[i]! * (k - 1);
        return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
      });
      return [rows!, columns!];
    }
  }

  forward(x: Operand): Tensor {
    return withBias(conv2d(x, this.weight, this.#geometry), this.bias);
  }
}

export interface ConvTranspose2dOptions extends LayerOptions, Omit<ConvOptions, "padding"> {
  readonly padding?: OneOrTwo;
  /** Rows and columns added at the end, to choose among the sizes that a strided convolution maps to one. */
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
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1, bias = true } = options;
    requireGroups("ConvTranspose2d", inChannels, outChannels, groups);
    const shape = [inChannels, outChannels / groups, ...two(kernelSize)];
    this.weight = new Parameter(shape, options.weightInit ?? defaultWeight);
    this.bias = bias
      ? new Parameter([outChannels], options.biasInit ?? init.fanUniform(init.fans(shape).fanIn))
      : undefined;
    this.#geometry = { stride, padding, outputPadding, dilation, groups };
  }

  forward(x: Operand): Tensor {
    return withBias(convTranspose2d(x, this.weight, this.#geometry), this.bias);
  }
}
