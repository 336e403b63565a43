export * from "./index.ts";
export { type SaveVideoOptions, saveVideo } from "./video.node.ts";
