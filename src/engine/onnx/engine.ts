import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { allocate, type DType, viewAs } from "../../tensor/dtype.ts";
import { bfloat16ToFloat32, float32ToBfloat16 } from "../../tensor/float16.ts";
import type { Graph } from "../../tensor/graph.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { Engine, Program } from "../engine.ts";
import { ModelBuilder } from "./builder.ts";
import { borderType, type Feed, lower, type Port } from "./lower.ts";
import type { Target } from "./lowering/context.ts";

/** The part of ONNX Runtime's API that both of its packages share. */
export interface OrtModule {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => OrtTensor;
}

export interface OrtSetup {
  readonly name: string;
  readonly target: Target;
  /** Session options for a graph of about `work` multiply–adds. */
  options(work: number): InferenceSession.SessionOptions;
  /** Write results into buffers of ours: no allocation a step. Only where the provider computes in host memory. */
  readonly ownBuffers: boolean;
  /** Where state outputs should stay between runs. */
  readonly stateLocation?: "gpu-buffer";
}

/** A variable's place in the engine. Two buffers: writing where one reads corrupts results silently. */
interface Slot {
  version: number;
  front: OrtTensor;
  back: OrtTensor | undefined;
  /** The session that made `front`, where its memory is the session's. */
  owner?: InferenceSession | undefined;
}

/** An engine on ONNX Runtime, of either package. */
export class OrtEngine implements Engine {
  readonly name: string;
  readonly #ort: OrtModule;
  readonly #setup: OrtSetup;
  readonly #slots = new Map<Variable, Slot>();
  readonly #sessions = new Set<InferenceSession>();
  /** By type: sessions that give back what they are given. */
  readonly #handOn = new Map<DType, InferenceSession>();
  /** Runs follow one another: two programs may share state. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(ort: OrtModule, setup: OrtSetup) {
    this.#ort = ort;
    this.#setup = setup;
    this.name = setup.name;
  }

  readonly state = {
    read: (variable: Variable): Promise<NdArray> => this.#inTurn(() => this.#read(variable)),
    // In turn: a run may be using it. What is called after this comes after it.
    release: (variable: Variable): void => void this.#inTurn(async () => this.#release(variable)),
  };

  async compile(graph: Graph): Promise<Program> {
    const lowered = lower(graph, this.#setup.target);
    const work = workOf(graph);
    const { stateLocation } = this.#setup;
    const session = await this.#ort.InferenceSession.create(lowered.bytes, {
      ...this.#setup.options(work),
      ...(stateLocation && {
        preferredOutputLocation: Object.fromEntries(lowered.updates.map((u) => [u.name, stateLocation])),
      }),
    });
    this.#sessions.add(session);
    let open = true;
    const run = async (feeds: readonly NdArray[]): Promise<NdArray[]> => {
      if (!open) throw new Error("this program was disposed and cannot run again");
      const inputs: Record<string, OrtTensor> = {};
      lowered.feeds.forEach((port, i) => {
        inputs[port.name] = this.#toOrt(checked(port, feeds[i]));
      });
      for (const { name, variable } of lowered.reads) inputs[name] = this.#slot(variable).front;
      const versions = lowered.updates.map((u) => u.variable.version);
      const results: Record<string, OrtTensor | null> = {};
      for (const { name } of lowered.outputs) results[name] = null;
      for (const { name, variable } of lowered.updates)
        results[name] = this.#setup.ownBuffers ? this.#backOf(variable) : null;
      const out = await session.run(inputs, results as InferenceSession.OnnxValueMapType);
      lowered.updates.forEach(({ name, variable }, i) => {
        this.#take(variable, out[name] as OrtTensor, versions[i]!, session);
      });
      return lowered.outputs.map((port) => fromOrt(port, (out[port.name] as OrtTensor).data));
    };
    return {
      run: (feeds) => this.#inTurn(() => run(feeds)),
      dispose: () =>
        this.#inTurn(async () => {
          open = false;
          if (!this.#sessions.delete(session)) return;
          await this.#evacuate(session);
          await session.release();
        }),
    };
  }

  async dispose(): Promise<void> {
    await this.#inTurn(async () => {
      for (const variable of this.#slots.keys()) this.#release(variable);
      for (const session of this.#sessions) await session.release();
      this.#sessions.clear();
      this.#handOn.clear();
    });
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(job);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** The variable's buffers, brought up to date with what the host last set. */
  #slot(variable: Variable): Slot {
    const have = this.#slots.get(variable);
    if (have && have.version === variable.version) return have;
    if (!variable.value)
      throw new Error(
        `${variable.name} has no value yet: initialise its module, or load a state dict, before running`,
      );
    const copy = { ...variable.value, data: variable.value.data.slice() } as NdArray;
    have?.front.dispose();
    const slot: Slot = { version: variable.version, front: this.#toOrt(copy), back: have?.back };
    this.#slots.set(variable, slot);
    return slot;
  }

  #backOf(variable: Variable): OrtTensor {
    const slot = this.#slots.get(variable);
    if (slot?.back) return slot.back;
    const { dtype, shape } = variable;
    return this.#toOrt({ data: allocate(dtype, sizeOf(shape)), shape, dtype } as NdArray);
  }

  /** A run's result, of a run that began at `version`: what the host sets meanwhile wins, at the next use. */
  #take(variable: Variable, front: OrtTensor, version: number, owner: InferenceSession): void {
    const old = this.#slots.get(variable)?.front;
    if (!this.#setup.ownBuffers) old?.dispose();
    this.#slots.set(variable, { version, front, back: this.#setup.ownBuffers ? old : undefined, owner });
  }

  /** State outlives the program that wrote it; memory on a device does not outlive its session. */
  async #evacuate(session: InferenceSession): Promise<void> {
    for (const [{ dtype, shape }, slot] of this.#slots) {
      if (slot.owner !== session || slot.front.location !== "gpu-buffer") continue;
      const data = await this.#fetch(slot.front);
      slot.front.dispose();
      slot.front = new this.#ort.Tensor(borderType(dtype) as never, data as never, shape);
    }
  }

  /**
   * A value's numbers, wherever they are. From a device they come through a model that only hands them on: Node's binding
   * ends the whole process where such a tensor is asked for its data.
   */
  async #fetch(tensor: OrtTensor): Promise<OrtTensor["data"]> {
    if (tensor.location !== "gpu-buffer") return tensor.data.slice();
    const type = tensor.type as DType;
    const session = this.#handOn.get(type) ?? (await this.#handOnSession(type));
    const out = await session.run({ value: tensor });
    return out[session.outputNames[0]!]!.data;
  }

  async #handOnSession(type: DType): Promise<InferenceSession> {
    const model = new ModelBuilder();
    model.input("value", type);
    model.output(model.node("Identity", ["value"])[0]!, type);
    const session = await this.#ort.InferenceSession.create(model.bytes(), this.#setup.options(0));
    this.#handOn.set(type, session);
    this.#sessions.add(session);
    return session;
  }

  #release(variable: Variable): void {
    const slot = this.#slots.get(variable);
    slot?.front.dispose();
    slot?.back?.dispose();
    this.#slots.delete(variable);
  }

  async #read(variable: Variable): Promise<NdArray> {
    const { front } = this.#slot(variable);
    const { dtype, shape } = variable;
    return fromOrt({ dtype, shape }, await this.#fetch(front));
  }

  #toOrt({ data, shape, dtype }: NdArray): OrtTensor {
    const values = dtype === "bfloat16" ? bfloat16ToFloat32(data as Uint16Array) : data;
    return new this.#ort.Tensor(borderType(dtype) as never, values as never, shape);
  }
}

/** What ONNX Runtime gives as an array of ours. Where the platform has a Float16Array, float16 comes as one. */
function fromOrt({ dtype, shape }: Pick<Port, "dtype" | "shape">, data: OrtTensor["data"]): NdArray {
  if (dtype === "bfloat16") return { data: float32ToBfloat16(data as Float32Array), shape, dtype };
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return { data: dtype === "float16" ? viewAs(dtype, bytes) : data, shape, dtype } as NdArray;
}

function checked(port: Feed, value: NdArray | undefined): NdArray {
  if (!value)
    throw new TypeError(`${port.label} is missing: ${port.dtype}${showShape(port.shape)} was expected`);
  if (value.dtype !== port.dtype || !sameShape(value.shape, port.shape))
    throw new TypeError(
      `${port.label} takes ${port.dtype}${showShape(port.shape)}; it was fed ${value.dtype}${showShape(value.shape)}`,
    );
  return value;
}

/** About how many multiply–adds one run costs: what decides on the number of threads. */
function workOf(graph: Graph): number {
  let work = 0;
  const seen = new Set<unknown>();
  const pending = [...graph.outputs, ...graph.updates.map((u) => u.value)];
  while (pending.length > 0) {
    const t = pending.pop()!;
    if (seen.has(t)) continue;
    seen.add(t);
    pending.push(...t.inputs);
    const [a, b] = t.inputs;
    if (t.is("matmul")) work += t.size * (t.attrs.transA ? a!.shape.at(-2)! : a!.shape.at(-1)!);
    else if (t.is("conv2d")) work += t.size * (sizeOf(b!.shape) / b!.shape[0]!);
    else if (t.is("conv2dInputGrad") || t.is("conv2dWeightGrad"))
      work += a!.size * (sizeOf(t.shape) / t.shape[0]!);
    else work += t.size;
  }
  return work;
}
