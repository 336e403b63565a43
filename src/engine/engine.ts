import type { Graph } from "../tensor/graph.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Variable } from "../tensor/variable.ts";

/** A compiled graph. Its state lives in the engine. */
export interface Program {
  /** Feed values in the order of the graph's feeds; get its outputs. Updates of state have happened when it resolves. */
  run(feeds: readonly NdArray[]): Promise<NdArray[]>;
  dispose(): Promise<void>;
}

/** Where graphs run, and where variables live between runs. */
export interface Engine {
  /** For people: "onnxruntime-node cpu, 2 threads". */
  readonly name: string;
  compile(graph: Graph): Promise<Program>;
  readonly state: {
    /** The current value of a variable, copied to the host. */
    read(variable: Variable): Promise<NdArray>;
    /** Forget the engine's copy and free its memory; the next use starts from the host's value. */
    release(variable: Variable): void;
  };
  dispose(): Promise<void>;
}

/** Which device computes. What each needs is said by the engine that is asked for it. */
export const DEVICES = ["cpu", "webgpu", "cuda", "wasm"] as const;
export type Device = (typeof DEVICES)[number];

export interface EngineOptions {
  readonly device?: Device;
  /**
   * Threads for one operator. When left out, one for small graphs and the number of cores for others; in a page, where
   * ONNX Runtime cannot change it any more, by the first graph that is compiled.
   */
  readonly threads?: number;
  /**
   * In a page: the URL of the folder that serves ONNX Runtime's `ort-wasm*.mjs` and `.wasm` files (copies of
   * `onnxruntime-web/dist`), ending in a slash. Bundlers that follow `new URL(…, import.meta.url)`, such as Vite,
   * can do without; others need it.
   */
  readonly wasmPaths?: string;
  /**
   * In Node, device cpu: let the thread of JavaScript, which computes with the others, treat denormal numbers as zero, as
   * torch.set_flush_denormal does. On Intel's processors a saturated softmax can be several times faster by it. It is for the
   * process whose first engine asks for it, and its JavaScript feels it too: `Number.MIN_VALUE > 0` is false then. The
   * command line asks for it.
   */
  readonly flushDenormals?: boolean;
}

type EngineFactory = (options: EngineOptions) => Promise<Engine>;

let factory: EngineFactory | undefined;
let shared: Promise<Engine> | undefined;

/** Called once by the entry point for the platform (Node or the browser). */
export function provideEngine(make: EngineFactory): void {
  factory = make;
}

/** A new engine of this platform. */
export function createEngine(options: EngineOptions = {}): Promise<Engine> {
  if (!factory)
    throw new Error("no engine here yet: import galatea by its main entry, or call provideEngine first");
  return factory(options);
}

/** The engine used where none is named: made at first use. */
export function defaultEngine(): Promise<Engine> {
  shared ??= createEngine();
  return shared;
}

export function setDefaultEngine(engine: Engine): void {
  shared = Promise.resolve(engine);
}
