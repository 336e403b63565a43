export { type FolderOptions, openFolder } from "./folder.node.ts";
export * from "./index.ts";
export { type DatasetOptions, openDataset } from "./node.ts";
