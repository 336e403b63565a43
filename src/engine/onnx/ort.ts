import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { viewAs } from "../../tensor/dtype.ts";
import { bfloat16ToFloat32, float32ToBfloat16 } from "../../tensor/float16.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { borderType, type Port } from "./lower.ts";
import type { Target } from "./lowering/context.ts";

/** The part of ONNX Runtime's API that both of its packages share. */
export interface OrtModule {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => OrtTensor;
}

export interface OrtSetup {
  readonly name: string;
  readonly target: Target;
  /** Session options for a graph of about `work` multiply–adds. */
  options(work: number): InferenceSession.SessionOptions;
  /** Write results into buffers of ours: no allocation a step. Only where the provider computes in host memory. */
  readonly ownBuffers: boolean;
  /** Elementwise updates of state run in place, as passes over WebAssembly memory. Not where state is on a device. */
  readonly inPlace?: boolean;
  /** Where state outputs should stay between runs. */
  readonly stateLocation?: "gpu-buffer";
}

/** An array of ours as ONNX Runtime takes it: the same memory, except for bfloat16. */
export function toOrt(ort: OrtModule, { data, shape, dtype }: NdArray): OrtTensor {
  const values = dtype === "bfloat16" ? bfloat16ToFloat32(data as Uint16Array) : data;
  return inBits(new ort.Tensor(borderType(dtype) as never, values as never, shape));
}

/**
 * Where the platform has a Float16Array (Node from 24 on), onnxruntime-common keeps float16 in one, which
 * onnxruntime-node's binding takes for empty when it is handed back: such a tensor shows its bits instead.
 */
export function inBits(tensor: OrtTensor): OrtTensor {
  if (tensor.type !== "float16" || tensor.location !== "cpu") return tensor;
  const { buffer, byteOffset, length } = tensor.data as Uint16Array;
  return Object.defineProperty(tensor, "data", { value: new Uint16Array(buffer, byteOffset, length) });
}

/** What ONNX Runtime gives as an array of ours. Where the platform has a Float16Array, float16 comes as one. */
export function fromOrt({ dtype, shape }: Pick<Port, "dtype" | "shape">, data: OrtTensor["data"]): NdArray {
  if (dtype === "bfloat16") return { data: float32ToBfloat16(data as Float32Array), shape, dtype };
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return { data: dtype === "float16" ? viewAs(dtype, bytes) : data, shape, dtype } as NdArray;
}
