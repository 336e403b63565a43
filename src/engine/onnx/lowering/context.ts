import type { Attributes, OpName, Tensor } from "../../../tensor/tensor.ts";
import type { ModelBuilder } from "../builder.ts";

/** What the provider that will run the model can do. */
export interface Target {
  /** Microsoft's contrib operators (FusedMatMul, QuickGelu, Gelu) have fast kernels. */
  readonly contrib: boolean;
  /**
   * Channels in a block of ONNX Runtime's NCHWc layout, where the processor has one: its convolutions take
   * weights that change at 1.5 to 2 times the speed of plain ones.
   */
  readonly block?: number;
  /** ONNX operators without a kernel, which are composed of others: left to the CPU they would cost copies. */
  readonly missing: ReadonlySet<"Sign" | "Or" | "LogSoftmax" | "Softplus">;
  /** Most pieces that one Concat can take (WebGPU binds one storage buffer a piece). */
  readonly maxPieces: number;
}

export const CPU: Target = { contrib: true, missing: new Set(), maxPieces: Number.POSITIVE_INFINITY };
/** For files that leave: operators of the ONNX standard only. */
export const STANDARD: Target = { contrib: false, missing: new Set(), maxPieces: Number.POSITIVE_INFINITY };
export const WEBGPU: Target = {
  contrib: false,
  missing: new Set(["Sign", "Or", "LogSoftmax", "Softplus"]),
  maxPieces: 7,
};

/** What one op's lowering works with. */
export interface Context {
  readonly model: ModelBuilder;
  readonly target: Target;
  /** Where several ops share one node (standardize and invStd): computed once a key. */
  readonly once: (key: string, make: () => string[]) => string[];
}

/** Turns one node into ONNX nodes; returns the name of the value. conv2d and matmul may get a bias as a third input. */
export type Lowering<K extends OpName> = (t: Tensor<K>, inputs: readonly string[], ctx: Context) => string;
export type Lowerings<K extends OpName> = { readonly [N in K]: Lowering<N> };
export type { Attributes };
