import { availableParallelism } from "node:os";
import type { InferenceSession } from "onnxruntime-common";
import { UserError, unknownName } from "../../errors.ts";
import { DEVICES, type Device, type Engine, type EngineOptions } from "../engine.ts";
import type { OrtModule } from "./ort.ts";
import { ONE_THREAD_BELOW, showThreads } from "./threads.ts";

/** What onnxruntime-node offers. Not its own types: the package is optional, and ours must hold without it. */
type OrtNode = typeof import("onnxruntime-common") & {
  listSupportedBackends(): readonly { name: string; bundled: boolean }[];
};

/**
 * ONNX Runtime's engine in Node. Where onnxruntime-node is missing or does not load, its WebAssembly build stands in
 * for device cpu, and a line on stderr says so; other devices are refused.
 * @throws UserError where the device is not there, with what it needs.
 */
export async function nodeEngine(
  { device = "cpu", threads, flushDenormals = false }: EngineOptions = {},
  load: () => Promise<OrtNode> = () => import("onnxruntime-node"),
): Promise<Engine> {
  if (!DEVICES.includes(device)) throw unknownName("device", device, DEVICES);
  if (device === "wasm") return wasmEngine(threads);
  let ort: OrtNode;
  try {
    ort = await load();
  } catch (error) {
    const reason = whyMissing(error);
    if (device !== "cpu") throw new UserError(`device ${device} needs onnxruntime-node, and ${reason}`);
    sayOnce(`galatea: computing with WebAssembly, several times slower than the native engine: ${reason}`);
    return wasmEngine(threads);
  }
  // What builds and reads graphs is loaded with the first engine: most commands, and most pages, need none.
  const { OrtEngine, CPU, WEBGPU } = await import("./engine.ts");
  // What goes wrong is thrown; printing it too would only startle.
  ort.env.logLevel = "fatal";
  await requireDevice(ort.listSupportedBackends(), device, () => probe(ort, device));
  const count = threads ?? Math.min(availableParallelism(), 16);
  const host = device === "cpu";
  const block = host ? await blockSize(ort, flushDenormals ? FLUSH : {}) : undefined;
  return new OrtEngine(ort as unknown as OrtModule, {
    name: `onnxruntime-node ${device}${host ? `, ${showThreads(count)}` : ""}`,
    target: device === "webgpu" ? WEBGPU : { ...CPU, ...(block && { block }) },
    ownBuffers: host,
    inPlace: host,
    // On CUDA the binding has no buffers of the device: state crosses to the host at every step.
    ...(device === "webgpu" && { stateLocation: "gpu-buffer" as const }),
    options: (work) => ({
      executionProviders: [device],
      intraOpNumThreads: work < ONE_THREAD_BELOW ? 1 : count,
      graphOptimizationLevel: "all",
      // Planned memory comes on top of what the first run took: a quarter more for a large step, for no gain in time.
      enableMemPattern: work < ONE_THREAD_BELOW,
      logSeverityLevel: 4,
      ...FLUSH,
    }),
  });
}

/**
 * Denormals cost a hundred times a normal number, and nothing here needs them. A session asks for its own threads; the
 * first session of a process also decides for the thread that runs them all (see flushDenormals).
 */
const FLUSH = { extra: { session: { set_denormal_as_zero: "1" } } } as const;

async function wasmEngine(threads: number | undefined): Promise<Engine> {
  const { engineOn } = await import("./web.ts");
  const options = { device: "wasm", ...(threads !== undefined && { threads }) } as const;
  return engineOn(await import("onnxruntime-web"), options, availableParallelism());
}

/** Its installer fails where it cannot reach the server of its CUDA libraries, and npm then leaves the package out. */
function whyMissing(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND"
    ? "it is not installed. `ONNXRUNTIME_NODE_INSTALL=skip npm install` brings it, without the CUDA libraries"
    : `it does not load here: ${message.split("\n")[0]}`;
}

const said = new Set<string>();
function sayOnce(line: string): void {
  if (said.has(line)) return;
  said.add(line);
  console.warn(line);
}

/**
 * The block of the NCHWc layout on this processor, seen by reordering 32 channels of two pixels and looking where
 * the second pixel begins; undefined where there is no such layout. `first`: options of what may be the first session.
 */
async function blockSize(ort: OrtNode, first: InferenceSession.SessionOptions): Promise<number | undefined> {
  const { ModelBuilder, NCHWC } = await import("./builder.ts");
  const model = new ModelBuilder();
  model.input("x", "float32", [1, 32, 1, 2]);
  const [y] = model.node("ReorderInput", ["x"], { channels_last: { int: 0 } }, { domain: NCHWC });
  model.output(y!, "float32", [1, 32, 1, 2]);
  try {
    const session = await ort.InferenceSession.create(model.bytes(), { logSeverityLevel: 4, ...first });
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
async function probe(ort: OrtNode, device: Device): Promise<void> {
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
    "run `ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install` where the network is reached",
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
      `device ${device} is not offered by onnxruntime-node on this platform; known: ${DEVICES.filter((d) => d === "wasm" || known.includes(d)).join(", ")}`,
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
