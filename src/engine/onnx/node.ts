import { availableParallelism } from "node:os";
import type { InferenceSession } from "onnxruntime-node";
import { UserError, unknownName } from "../../errors.ts";
import { DEVICES, type Device, type Engine, type EngineOptions } from "../engine.ts";
import { OrtEngine } from "./engine.ts";
import { CPU, WEBGPU } from "./lowering/context.ts";
import type { OrtModule } from "./ort.ts";

/** Below this many multiply–adds a step, waking a second thread costs more than it brings. */
const ONE_THREAD_BELOW = 4e6;

/** ONNX Runtime's engine in Node. */
export async function nodeEngine({ device = "cpu", threads }: EngineOptions = {}): Promise<Engine> {
  if (device === "wasm") {
    const { engineOn } = await import("./web.ts");
    return engineOn(await import("onnxruntime-web"), { device, threads: threads ?? availableParallelism() });
  }
  if (!DEVICES.includes(device)) throw unknownName("device", device, DEVICES);
  const ort = await import("onnxruntime-node");
  // What goes wrong is thrown; printing it too would only startle.
  ort.env.logLevel = "fatal";
  await requireDevice(ort.listSupportedBackends(), device, () => probe(ort, device));
  const count = threads ?? Math.min(availableParallelism(), 16);
  const host = device === "cpu";
  const block = host ? await blockSize(ort) : undefined;
  return new OrtEngine(ort as unknown as OrtModule, {
    name: `onnxruntime-node ${device}${host ? `, ${count} thread${count > 1 ? "s" : ""}` : ""}`,
    target: device === "webgpu" ? WEBGPU : { ...CPU, ...(block && { block }) },
    ownBuffers: host,
    // On CUDA the binding has no buffers of the device: state crosses to the host at every step.
    ...(device === "webgpu" && { stateLocation: "gpu-buffer" as const }),
    options: (work) => ({
      executionProviders: [device],
      intraOpNumThreads: work < ONE_THREAD_BELOW ? 1 : count,
      graphOptimizationLevel: "all",
      // Planned memory comes on top of what the first run took: a quarter more for a large step, for no gain in time.
      enableMemPattern: work < ONE_THREAD_BELOW,
      logSeverityLevel: 4,
      // Denormals cost a hundred times a normal number, and nothing here needs them.
      extra: { session: { set_denormal_as_zero: "1" } },
    }),
  });
}

/**
 * The block of the NCHWc layout on this processor, seen by reordering 32 channels of two pixels and looking where
 * the second pixel begins; undefined where there is no such layout.
 */
async function blockSize(ort: typeof import("onnxruntime-node")): Promise<number | undefined> {
  const { ModelBuilder, NCHWC } = await import("./builder.ts");
  const model = new ModelBuilder();
  model.input("x", "float32", [1, 32, 1, 2]);
  const [y] = model.node("ReorderInput", ["x"], { channels_last: { int: 0 } }, { domain: NCHWC });
  model.output(y!, "float32", [1, 32, 1, 2]);
  try {
    const session = await ort.InferenceSession.create(model.bytes(), { logSeverityLevel: 4 });
    const pixels = Float32Array.from({ length: 64 }, (_, i) => i % 2);
    const out = await session.run({ x: new ort.Tensor("float32", pixels, [1, 32, 1, 2]) });
    await session.release();
    const block = (Object.values(out)[0]!.data as Float32Array).indexOf(1);
    return block === 8 || block === 16 ? block : undefined;
  } catch {
    return undefined; // a processor or build without the layout: plain convolutions serve
  }
}

/** The smallest model there is, to find out whether a provider starts. */
async function probe(ort: typeof import("onnxruntime-node"), device: Device): Promise<void> {
  const { ModelBuilder } = await import("./builder.ts");
  const model = new ModelBuilder();
  model.input("x", "float32", [1]);
  const [y] = model.node("Neg", ["x"]);
  model.output(y!, "float32", [1]);
  const options: InferenceSession.SessionOptions = { executionProviders: [device], logSeverityLevel: 4 };
  const session = await ort.InferenceSession.create(model.bytes(), options);
  await session.run({ x: new ort.Tensor("float32", Float32Array.of(1), [1]) });
  await session.release();
}

const HOW: Partial<Record<Device, string>> = {
  cuda:
    "It needs an NVIDIA GPU with driver, CUDA 12 and cuDNN 9, and ONNX Runtime's CUDA provider: " +
    "run `npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12` on a machine with network access",
  webgpu: "It needs a GPU with a Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows) driver",
};

async function requireDevice(
  backends: readonly { name: string; bundled: boolean }[],
  device: Device,
  start: () => Promise<void>,
): Promise<void> {
  if (device === "cpu") return;
  const known = backends.map((b) => b.name);
  if (!known.includes(device))
    throw new UserError(
      `device ${device} is not offered by onnxruntime-node on this platform; there is: ${DEVICES.filter((d) => d === "wasm" || known.includes(d)).join(", ")}`,
    );
  try {
    await start();
  } catch (error) {
    const message = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    // ONNX Runtime puts the place in its own source before the reason.
    const why = message.split(" was false. ").at(-1);
    throw new UserError(
      `device ${device} does not start here. ${HOW[device] ?? ""}. (ONNX Runtime says: ${why})`,
    );
  }
}
