export * from "./chain.ts";
export * from "./model.ts";
export * from "./policy.ts";
export * from "./reward-process.ts";
export * from "./values.ts";
