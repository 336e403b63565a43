import { provideEngine } from "./engine/engine.ts";
import { webEngine } from "./engine/onnx/web.ts";

provideEngine(webEngine);

export * from "./core.ts";
