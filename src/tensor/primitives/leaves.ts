import type { Primitive } from "../tensor.ts";

const leaf = {
  infer(): never {
    throw new Error("a leaf has no inputs to infer from: it is made with its shape");
  },
};

/** Where values enter a graph. */
export const leaves = {
  constant: leaf satisfies Primitive<"constant">,
  input: leaf satisfies Primitive<"input">,
  state: leaf satisfies Primitive<"state">,
  random: leaf satisfies Primitive<"random">,
  argument: leaf satisfies Primitive<"argument">,
};
