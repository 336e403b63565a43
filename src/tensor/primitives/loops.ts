import type { Primitive, Tensor } from "../tensor.ts";

const loopOf = (t: Tensor): Tensor<"scan">["attrs"] => (t as Tensor<"scan">).attrs;

/** Gradients pass back through a loop as a whole (loop/gradient.ts): its parts' cotangents meet first. */
export const loops = {
  /** Not a value of its own: `final` and `stacked` take its parts. */
  scan: { infer: () => ({ shape: [], dtype: "float32" }) } satisfies Primitive<"scan">,
  final: {
    infer: ([loop], { index }) => loopOf(loop!).body.ends[index]!,
  } satisfies Primitive<"final">,
  stacked: {
    infer: ([loop], { value }) => ({ shape: [loopOf(loop!).length, ...value.shape], dtype: value.dtype }),
  } satisfies Primitive<"stacked">,
};
