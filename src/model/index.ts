export { type BeginOptions, type Begun, begin } from "./assemble.ts";
export { type Catalog, type Extension, extended, type NamedData } from "./catalog.ts";
export { type ContextParts, withModel } from "./context.ts";
export * from "./contract.ts";
export { type OpenedRun, openRunOf, parseOptions, type WeightChoice } from "./opened.ts";
export { type Session, sessionOf, type TrainRunOptions, trainRun } from "./session.ts";
export { type OpenPageOptions, openRunAt, openRunFiles } from "./web.ts";
