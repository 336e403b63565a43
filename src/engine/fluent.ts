import type { DType } from "../tensor/dtype.ts";
import type { NdArray, Nested } from "../tensor/ndarray.ts";
import * as ops from "../tensor/ops.ts";
import type { Shape } from "../tensor/shape.ts";
import { type OpName, Tensor } from "../tensor/tensor.ts";
import { evaluate, evaluateNested } from "./eager.ts";
import type { Engine } from "./engine.ts";

type Tail<F> = F extends (first: never, ...rest: infer R) => infer O ? (...rest: R) => O : never;

const METHODS = {
  add: ops.add,
  sub: ops.sub,
  mul: ops.mul,
  div: ops.div,
  pow: ops.pow,
  neg: ops.neg,
  exp: ops.exp,
  log: ops.log,
  sqrt: ops.sqrt,
  square: ops.square,
  abs: ops.abs,
  sin: ops.sin,
  cos: ops.cos,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  relu: ops.relu,
  clamp: ops.clamp,
  sum: ops.sum,
  mean: ops.mean,
  max: ops.max,
  min: ops.min,
  argmax: ops.argmax,
  matmul: ops.matmul,
  transpose: ops.transpose,
  flip: ops.flip,
  narrow: ops.narrow,
  softmax: ops.softmax,
  less: ops.less,
  greater: ops.greater,
  equal: ops.equal,
} as const;

type Methods = { [K in keyof typeof METHODS]: Tail<(typeof METHODS)[K]> };

declare module "../tensor/tensor.ts" {
  // biome-ignore lint/correctness/noUnusedVariables: a merged declaration repeats the class's parameters
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

for (const [name, fn] of Object.entries(METHODS))
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]) {
      return (fn as (...args: unknown[]) => Tensor)(this, ...rest);
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
