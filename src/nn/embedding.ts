import { gather, type Operand } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as init from "./init.ts";
import type { LayerOptions } from "./linear.ts";
import { Module, Parameter } from "./module.ts";

/** A table of learned vectors: indices [...] (int32 or int64) → [..., embeddingDim]; weight [count, dim], first N(0, 1). */
export class Embedding extends Module {
  readonly weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options: Pick<LayerOptions, "weightInit"> = {}) {
    super();
    this.weight = new Parameter([numEmbeddings, embeddingDim], options.weightInit ?? init.normal());
  }

  forward(index: Operand): Tensor {
    return gather(this.weight, index);
  }
}
