/** The exports of `galatea` on every platform. */
export { type Compiled, type CompileOptions, compile } from "./engine/compile.ts";
export { evaluate } from "./engine/eager.ts";
export {
  createEngine,
  DEVICES,
  type Device,
  defaultEngine,
  type Engine,
  type EngineOptions,
  provideEngine,
  setDefaultEngine,
} from "./engine/engine.ts";
export { type ExportFunction, exportFreeBatch, exportOnnx, type OnnxFile } from "./engine/onnx/export.ts";
export { UserError } from "./errors.ts";
export type { DataOf, DType, TypedArray } from "./tensor/dtype.ts";
export { type GradOptions, grad } from "./tensor/grad.ts";
export { fromNested, isNdArray, type NdArray, type Nested, ndarray, toNested } from "./tensor/ndarray.ts";
export * from "./tensor/ops.ts";
export * as ops from "./tensor/ops.ts";
export { Key } from "./tensor/random.ts";
export { type Shape, ShapeError } from "./tensor/shape.ts";
export { Tensor } from "./tensor/tensor.ts";
export { assign, substitute } from "./tensor/trace.ts";
export { Variable } from "./tensor/variable.ts";
export { VERSION } from "./version.ts";
export { onWarning } from "./warnings.ts";
