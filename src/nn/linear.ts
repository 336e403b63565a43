import { add, matmul, type Operand } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as init from "./init.ts";
import { type Initializer, Module, Parameter } from "./module.ts";

/** A layer's bias and initialisers; PyTorch's defaults when left out. */
export interface LayerOptions {
  readonly bias?: boolean;
  readonly weightInit?: Initializer;
  readonly biasInit?: Initializer;
}

/** PyTorch's default for weights of linear and convolutional layers: U(±1/√fan_in). */
export const defaultWeight: Initializer = init.kaimingUniform({ a: Math.sqrt(5) });

/** x [..., in] → x·Wᵀ + b [..., out]; weight [out, in], bias [out]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(inFeatures: number, outFeatures: number, options: LayerOptions = {}) {
    super();
    const { bias = true, weightInit = defaultWeight, biasInit = init.fanUniform(inFeatures) } = options;
    this.weight = new Parameter([outFeatures, inFeatures], weightInit);
    this.bias = bias ? new Parameter([outFeatures], biasInit) : undefined;
  }

  forward(x: Operand): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

/** x [..., in], weight [out, in], bias [out] → [..., out] (torch.nn.functional.linear). */
export function linear(x: Operand, weight: Operand, bias?: Operand): Tensor {
  const y = matmul(x, weight, { transB: true });
  return bias === undefined ? y : add(y, bias);
}
