/** Every operation on tensors: the primitives as functions, and what is composed of them. */

export { type RowOf, scanRows } from "./loop/rows.ts";
export { type ScanOptions, scan, type Tree } from "./loop/scan.ts";
export * from "./ops/composed.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/network.ts";
export * from "./ops/reductions.ts";
export * from "./ops/shaping.ts";
export { broadcastShapes } from "./shape.ts";
export { apply } from "./tensor.ts";
