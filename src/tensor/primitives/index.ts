import type { OpName, Primitive } from "../tensor.ts";
import { convolution } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { indexing } from "./indexing.ts";
import { leaves } from "./leaves.ts";
import { linear } from "./linear.ts";
import { loops } from "./loops.ts";
import { reductions } from "./reductions.ts";
import { shaping } from "./shaping.ts";

/** Every primitive, by name: its shape rule and its gradient. */
export const PRIMITIVES: { readonly [K in OpName]: Primitive<K> } = {
  ...leaves,
  ...elementwise,
  ...reductions,
  ...shaping,
  ...indexing,
  ...linear,
  ...convolution,
  ...loops,
};
