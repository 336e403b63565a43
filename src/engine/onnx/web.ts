import type { InferenceSession } from "onnxruntime-common";
import { UserError } from "../../errors.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import type { OrtModule } from "./ort.ts";
import { ONE_THREAD_BELOW, showThreads } from "./threads.ts";
import { chooseThreads, starting, threadsOf, type WebModule } from "./web-threads.ts";

/** A module of one function, whose result is a vector of counted bits. */
const SIMD = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  11,
]);

/** ONNX Runtime's engine for the browser: WebAssembly (cpu and wasm mean the same here) or WebGPU. */
export async function webEngine(options: EngineOptions = {}): Promise<Engine> {
  if (options.device === "cuda")
    throw new UserError(
      "device cuda exists in Node only; in a browser choose webgpu (a GPU) or cpu (WebAssembly)",
    );
  if (!WebAssembly.validate(SIMD))
    throw new UserError(
      "this browser's WebAssembly has no SIMD, which the engine computes with: use Chrome or Edge 91, Firefox 89, Safari 16.4 or newer",
    );
  if (options.device !== "webgpu") return engineOn(await import("onnxruntime-web/wasm"), options);
  await requireWebGpu();
  return engineOn(await import("onnxruntime-web/webgpu"), options);
}

/**
 * The engine on one of the builds of onnxruntime-web: Node has its own. `cores`: the most threads to use where none are
 * asked for.
 */
export async function engineOn(
  ort: WebModule,
  { device = "cpu", threads, wasmPaths }: EngineOptions,
  cores = Math.min(globalThis.navigator?.hardwareConcurrency ?? 2, 8),
): Promise<Engine> {
  const { OrtEngine, CPU, WEBGPU } = await import("./engine.ts");
  const gpu = device === "webgpu";
  // Threads need shared memory, which a page has only when it is cross-origin isolated.
  const shared = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated ?? true;
  const most = shared ? cores : 1;
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  ort.env.logLevel = "error";
  const asked = threads !== undefined && (shared ? threads : 1);
  const create: OrtModule["InferenceSession"]["create"] = (bytes, options) =>
    starting(ort, () => ort.InferenceSession.create(bytes, options));
  return new OrtEngine({ InferenceSession: { create }, Tensor: ort.Tensor } as unknown as OrtModule, {
    get name() {
      const count = threadsOf(ort) ?? (asked || undefined);
      return gpu ? "onnxruntime-web webgpu" : `onnxruntime-web wasm${count ? `, ${showThreads(count)}` : ""}`;
    },
    target: gpu ? WEBGPU : CPU,
    ownBuffers: false,
    inPlace: !gpu,
    ...(gpu && { stateLocation: "gpu-buffer" as const }),
    options: (work): InferenceSession.SessionOptions => {
      chooseThreads(ort, asked || (work < ONE_THREAD_BELOW ? 1 : most), asked !== false);
      return {
        executionProviders: [gpu ? "webgpu" : "wasm"],
        graphOptimizationLevel: "all",
        logSeverityLevel: 3,
        // The flag has no effect on WebGPU; on wasm it spares the slow path for denormals.
        extra: { session: { set_denormal_as_zero: "1" } },
      };
    },
  });
}

async function requireWebGpu(): Promise<void> {
  const gpu = (globalThis.navigator as { gpu?: { requestAdapter(): Promise<unknown> } } | undefined)?.gpu;
  if (!gpu)
    throw new UserError(
      "device webgpu: this environment has no navigator.gpu. Use a browser with WebGPU (Chrome or Edge 113+, Safari 26+, Firefox 141+) over https or localhost, or choose cpu",
    );
  if (!(await gpu.requestAdapter()))
    throw new UserError(
      "device webgpu: the browser found no graphics adapter; check chrome://gpu, or choose cpu",
    );
}
