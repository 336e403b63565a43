/** Every operation on tensors: the primitives as functions, and what is composed of them. */

export * from "./ops/composed.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/network.ts";
export * from "./ops/reductions.ts";
export * from "./ops/shaping.ts";
export { broadcastShapes } from "./shape.ts";
export { apply } from "./tensor.ts";
