import { type NdArray, type Nested, toNested } from "../tensor/ndarray.ts";
import { type OpName, Tensor } from "../tensor/tensor.ts";
import { compile } from "./compile.ts";
import type { Engine } from "./engine.ts";

/** Compute one tensor now. */
export async function evaluate(t: Tensor, engine?: Engine): Promise<NdArray> {
  const program = compile(() => t, { engine, name: "evaluate" });
  try {
    return (await program()) as NdArray;
  } finally {
    await program.dispose();
  }
}

/** Compute one tensor now, as nested JavaScript numbers. */
export async function evaluateNested(t: Tensor, engine?: Engine): Promise<Nested> {
  return toNested(await evaluate(t, engine));
}

/** The two methods of a tensor that need an engine; all others are its own. */
declare module "../tensor/tensor.ts" {
  interface Tensor<K extends OpName = OpName> {
    /** Compute it now, as nested numbers (on the default engine unless one is given). */
    array(engine?: Engine): Promise<Nested>;
    /** Compute it now, as a host array. */
    value(engine?: Engine): Promise<NdArray>;
  }
}

Object.assign(Tensor.prototype, {
  array(this: Tensor, engine?: Engine) {
    return evaluateNested(this, engine);
  },
  value(this: Tensor, engine?: Engine) {
    return evaluate(this, engine);
  },
});
