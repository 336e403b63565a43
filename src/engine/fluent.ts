import type { DType } from "../tensor/dtype.ts";
import type { NdArray, Nested } from "../tensor/ndarray.ts";
import * as ops from "../tensor/ops.ts";
import type { Shape } from "../tensor/shape.ts";
import { type OpName, Tensor } from "../tensor/tensor.ts";
import { evaluate, evaluateNested } from "./eager.ts";
import type { Engine } from "./engine.ts";

type Tail<F> = F extends (first: never, ...rest: infer R) => infer O ? (...rest: R) => O : never;

/** Operations that are methods too. Names, not functions: the declarations of a merged interface need no more. */
const METHODS = [
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "neg",
  "exp",
  "log",
  "sqrt",
  "square",
  "abs",
  "sin",
  "cos",
  "tanh",
  "sigmoid",
  "relu",
  "clamp",
  "sum",
  "mean",
  "max",
  "min",
  "argmax",
  "matmul",
  "transpose",
  "flip",
  "narrow",
  "softmax",
  "less",
  "greater",
  "equal",
] as const;

type Methods = { [K in (typeof METHODS)[number]]: Tail<(typeof ops)[K]> };

declare module "../tensor/tensor.ts" {
  interface Tensor<K extends OpName = OpName> extends Methods {
    reshape(...shape: number[]): Tensor;
    cast(dtype: DType): Tensor;
    broadcastTo(shape: Shape): Tensor;
    /** Compute it now, as nested numbers (on the default engine unless one is given). */
    array(engine?: Engine): Promise<Nested>;
    /** Compute it now, as a host array. */
    value(engine?: Engine): Promise<NdArray>;
  }
}

for (const name of METHODS)
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]) {
      // biome-ignore lint/performance/noDynamicNamespaceImportAccess: every one of these is exported anyway
      return (ops[name] as (...args: unknown[]) => Tensor)(this, ...rest);
    },
  });

Object.assign(Tensor.prototype, {
  reshape(this: Tensor, ...shape: number[]) {
    return ops.reshape(this, shape);
  },
  cast(this: Tensor, dtype: DType) {
    return ops.cast(this, dtype);
  },
  broadcastTo(this: Tensor, shape: Shape) {
    return ops.broadcastTo(this, shape);
  },
  array(this: Tensor, engine?: Engine) {
    return evaluateNested(this, engine);
  },
  value(this: Tensor, engine?: Engine) {
    return evaluate(this, engine);
  },
});
