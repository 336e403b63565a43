/** What the test page can be asked to do. Everything here runs in the browser. */
import { compile } from "../../src/engine/compile.ts";
import type { Device, Engine } from "../../src/engine/engine.ts";
import { lower } from "../../src/engine/onnx/lower.ts";
import { WEBGPU } from "../../src/engine/onnx/lowering/context.ts";
import { webEngine } from "../../src/engine/onnx/web.ts";
import type { Graph } from "../../src/tensor/graph.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { matmul, scan } from "../../src/tensor/ops.ts";
import { hostBits, hostNormal, hostUniform, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { plain } from "../../src/tensor/threefry.ts";
import { onWarning } from "../../src/warnings.ts";
import { type CheckOptions, checkAll, type Report } from "../tensor/check.ts";
import { results } from "../tensor/scan-cases.ts";
import { type Trained, train } from "./training.ts";
import { updates } from "./updates.ts";

interface On {
  readonly device: Device;
  readonly threads?: number;
}

const open = ({ device, threads }: On): ReturnType<typeof webEngine> =>
  webEngine({ device, wasmPaths: "/ort/", ...(threads !== undefined && { threads }) });

export const tasks = {
  /** How the page stands: what decides on threads. */
  async environment(on: On): Promise<{ isolated: boolean; engine: string }> {
    const engine = await open(on);
    await train(engine, 1);
    const { name } = engine;
    await engine.dispose();
    return { isolated: globalThis.crossOriginIsolated, engine: name };
  },

  /** What the worker of one file says, of its start and of a step of training. */
  async worker(options: { threads?: number }): Promise<Record<string, unknown>[]> {
    const worker = new Worker("/worker.js");
    const said: Record<string, unknown>[] = [];
    await new Promise<void>((done) => {
      worker.onmessage = ({ data }: MessageEvent<Record<string, unknown>>) => {
        said.push(data);
        if ("name" in data || "error" in data) done();
      };
      worker.onerror = (event) => {
        said.push({ failed: event.message });
        done();
      };
      worker.postMessage(options);
    });
    worker.terminate();
    return said;
  },

  /** Threads chosen by the first graph, small or large, and the warnings of the other one after it. */
  async threads(first: "small" | "large"): Promise<{ name: string; warnings: string[] }> {
    const warnings: string[] = [];
    onWarning((message) => warnings.push(message));
    const engine = await open({ device: "wasm" });
    const product = compile((x: Tensor) => matmul(x, x), { engine });
    const sizes = first === "small" ? [4, 512] : [512, 4];
    for (const size of sizes) await product(ndarray(new Float32Array(size * size), [size, size]));
    const { name } = engine;
    await engine.dispose();
    return { name, warnings };
  },

  async check({ on, options }: { on: On; options: CheckOptions }): Promise<Report[]> {
    const engine = await open(on);
    const reports = await checkAll(engine, options);
    await engine.dispose();
    return reports;
  },

  /** A loop's values, gradients and their gradients. */
  async scan({ on, name }: { on: On; name: string }): Promise<number[][]> {
    const engine = await open(on);
    const found = await results(engine, name, scan);
    await engine.dispose();
    return found;
  },

  async train({ on, steps }: { on: On; steps: number }): Promise<Trained> {
    const engine = await open(on);
    const trained = await train(engine, steps);
    await engine.dispose();
    return trained;
  },

  async updates({ on, steps }: { on: On; steps: number }): Promise<number[]> {
    const engine = await open(on);
    const values = await updates(engine, steps);
    await engine.dispose();
    return values;
  },

  /** What ONNX Runtime says about where the nodes of the training step will run on WebGPU. */
  async placement(): Promise<string[]> {
    let graph: Graph | undefined;
    const catcher = {
      compile: (caught: Graph) => {
        graph = caught;
        throw new Error("caught");
      },
    };
    await train(catcher as unknown as Engine, 1).catch(() => undefined);
    const ort = await import("onnxruntime-web/webgpu");
    ort.env.wasm.wasmPaths = "/ort/";
    ort.env.logLevel = "verbose";
    const said: string[] = [];
    const before = { ...console };
    for (const level of ["log", "error", "warn", "info", "debug"] as const)
      console[level] = (...lines: unknown[]) => void said.push(...lines.map(String));
    try {
      const options = { executionProviders: ["webgpu"], logSeverityLevel: 0 } as const;
      const session = await ort.InferenceSession.create(lower(graph!, WEBGPU).bytes, options);
      await session.release();
    } finally {
      Object.assign(console, before);
    }
    return said.flatMap((line) => /(?:All nodes|Node\(s\)) placed on \[\w+\]/.exec(line) ?? []);
  },

  random(seed: number): { bits: number[]; uniform: number[]; normal: number[]; plainNormal: number[] } {
    const key = Key.seed(seed).split("browser");
    const slow = new Float32Array(1001);
    plain.normal(key.words, slow);
    return {
      bits: Array.from(hostBits(key, 1001)),
      uniform: Array.from(hostUniform(key, 1001)),
      normal: Array.from(hostNormal(key, 1001)),
      plainNormal: Array.from(slow),
    };
  },

  /** The sentence an engine that cannot start answers with. */
  async refusal(on: On): Promise<string> {
    return open(on).then(
      () => "it started",
      (error: Error) => error.message,
    );
  },
};
