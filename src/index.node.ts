import { provideEngine } from "./engine/engine.ts";
import { nodeEngine } from "./engine/onnx/node.ts";

provideEngine(nodeEngine);

export * from "./core.ts";
