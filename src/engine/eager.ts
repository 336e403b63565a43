import { type NdArray, type Nested, toNested } from "../tensor/ndarray.ts";
import type { Tensor } from "../tensor/tensor.ts";
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
