export { type FolderOptions, openFolder } from "./folder.node.ts";
export * from "./index.ts";
export { type OpenOptions, openData } from "./node.ts";
