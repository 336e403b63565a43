/** What the test page can be asked to do. Everything here runs in the browser. */
import type { Device } from "../../src/engine/engine.ts";
import { webEngine } from "../../src/engine/onnx/web.ts";
import { hostBits, hostNormal, hostUniform, Key } from "../../src/tensor/random.ts";
import { type CheckOptions, checkAll, type Report } from "../tensor/check.ts";
import { type Trained, train } from "./training.ts";

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

  async check({ on, options }: { on: On; options: CheckOptions }): Promise<Report[]> {
    const engine = await open(on);
    const reports = await checkAll(engine, options);
    await engine.dispose();
    return reports;
  },

  async train({ on, steps }: { on: On; steps: number }): Promise<Trained> {
    const engine = await open(on);
    const trained = await train(engine, steps);
    await engine.dispose();
    return trained;
  },

  random(seed: number): { bits: number[]; uniform: number[]; normal: number[] } {
    const key = Key.seed(seed).split("browser");
    return {
      bits: Array.from(hostBits(key, 32)),
      uniform: Array.from(hostUniform(key, 32)),
      normal: Array.from(hostNormal(key, 1001)),
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
