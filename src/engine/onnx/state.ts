import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { allocate, BYTES, type DType } from "../../tensor/dtype.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Home, Variable } from "../../tensor/variable.ts";
import type { Arena } from "../fused/arena.ts";
import { ModelBuilder } from "./builder.ts";
import { fromOrt, inBits, type OrtModule, type OrtSetup, toOrt } from "./ort.ts";

/**
 * A variable's place in an engine. Two buffers: where ONNX Runtime writes what it reads, results are silently wrong. What is
 * updated in place, after the run, lies in the arena.
 */
interface Slot {
  /** Held weakly: what nobody else knows of any more is freed. */
  readonly variable: WeakRef<Variable>;
  /** The version of the variable's value that `front` holds; -1 for none. */
  version: number;
  front: OrtTensor;
  back: OrtTensor | undefined;
  /** In the arena: where, and the arena's generation that `front` is a view of. */
  place?: { readonly at: number; readonly length: number; generation: number };
  /** The session that made `front`, where its memory is the session's. */
  owner?: InferenceSession | undefined;
}

/** The variables of an engine: where each one's buffers are, and which value they hold. Everything here is called in turn. */
export class State {
  readonly #home: Home;
  readonly #ort: OrtModule;
  readonly #setup: OrtSetup;
  readonly #arena: Arena;
  readonly #slots = new WeakMap<Variable, Slot>();
  readonly #live = new Set<Slot>();
  /** By type: sessions that give back what they are given. */
  readonly #handOn = new Map<DType, InferenceSession>();
  readonly #dropped: FinalizationRegistry<Slot>;

  /** `later` puts a job in turn. */
  constructor(
    home: Home,
    ort: OrtModule,
    setup: OrtSetup,
    arena: Arena,
    later: (job: () => Promise<void>) => void,
  ) {
    this.#home = home;
    this.#ort = ort;
    this.#setup = setup;
    this.#arena = arena;
    this.#dropped = new FinalizationRegistry((slot) => later(async () => this.#free(slot)));
  }

  /** The variable's current value, as a session's input. Its home must be here or the host. */
  front(variable: Variable): OrtTensor {
    const have = this.#slots.get(variable);
    if (have && have.version === variable.version) return this.#seen(have);
    const value = variable.given();
    if (have?.place) {
      const front = this.#seen(have);
      (front.data as Float32Array).set(value.data as Float32Array);
      have.version = variable.version;
      return front;
    }
    const front = toOrt(this.#ort, { ...value, data: value.data.slice() } as NdArray);
    have?.front.dispose();
    if (have) Object.assign(have, { front, version: variable.version, owner: undefined });
    else
      this.#open(variable, {
        variable: new WeakRef(variable),
        front,
        back: undefined,
        version: variable.version,
      });
    return front;
  }

  /** The variable's address in the arena, where it stays from now on; with its current value there, if that is read. */
  place(variable: Variable, read: boolean): number {
    const have = this.#slots.get(variable);
    if (!have?.place) this.#move(variable, have);
    if (read) this.front(variable);
    return this.#slots.get(variable)!.place!.at;
  }

  /** The value at the variable's address is its next one, of a run that began at `version`. */
  wrote(variable: Variable, version: number): void {
    this.#slots.get(variable)!.version = variable.wroteIn(this.#home, version);
  }

  /** Where a session may write the variable's next value, in memory of ours. */
  back(variable: Variable): OrtTensor {
    const { dtype, shape } = variable;
    const have = this.#slots.get(variable)?.back;
    return have ?? toOrt(this.#ort, { data: allocate(dtype, sizeOf(shape)), shape, dtype } as NdArray);
  }

  /** What a run wrote, of a run that began at `version`. */
  take(variable: Variable, next: OrtTensor, version: number, owner: InferenceSession): void {
    const slot = this.#slots.get(variable);
    const { ownBuffers } = this.#setup;
    if (slot?.place) {
      (this.#seen(slot).data as Float32Array).set(next.data as Float32Array);
      if (ownBuffers) slot.back = next;
      else next.dispose();
      this.wrote(variable, version);
      return;
    }
    const old = slot?.front;
    if (!ownBuffers) old?.dispose();
    const now = {
      front: inBits(next),
      back: ownBuffers ? old : undefined,
      version: variable.wroteIn(this.#home, version),
    };
    if (slot) Object.assign(slot, now, { owner });
    else this.#open(variable, { variable: new WeakRef(variable), ...now, owner });
  }

  /** The value held here, on the host. */
  async read(variable: Variable): Promise<NdArray> {
    const { dtype, shape } = variable;
    return fromOrt({ dtype, shape }, await this.#fetch(this.#seen(this.#slots.get(variable)!)));
  }

  release(variable: Variable): void {
    const slot = this.#slots.get(variable);
    if (slot) this.#free(slot);
  }

  /** State outlives the program that wrote it; memory on a device does not outlive its session. */
  async evacuate(session: InferenceSession): Promise<void> {
    for (const slot of this.#live) {
      if (slot.owner !== session || slot.front.location !== "gpu-buffer") continue;
      const { type, dims } = slot.front;
      const data = await this.#fetch(slot.front);
      slot.front.dispose();
      slot.front = inBits(new this.#ort.Tensor(type as never, data as never, dims));
      slot.owner = undefined;
    }
  }

  /** Bring home to the host every value that is here alone, and free all memory. */
  async dispose(): Promise<void> {
    for (const slot of this.#live) {
      const variable = slot.variable.deref();
      if (variable?.home === this.#home)
        try {
          variable.cameHome(await this.read(variable));
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          variable.lost(`${this.#home.name} was disposed, and could not give it back (${why})`);
        }
      this.#free(slot);
    }
    for (const session of this.#handOn.values()) await session.release();
    this.#handOn.clear();
  }

  /** Its front; a view on the arena is made anew where the arena has grown. */
  #seen(slot: Slot): OrtTensor {
    const { place, front } = slot;
    if (place && place.generation !== this.#arena.generation) {
      place.generation = this.#arena.generation;
      const data = this.#arena.view(place.at, place.length);
      slot.front = toOrt(this.#ort, { data, shape: front.dims, dtype: "float32" });
    }
    return slot.front;
  }

  /** Into the arena, with the value it has. */
  #move(variable: Variable, slot: Slot | undefined): void {
    const { shape, size: length } = variable;
    const at = this.#arena.allocate(BYTES.float32 * length);
    const data = this.#arena.view(at, length);
    const front = toOrt(this.#ort, { data, shape, dtype: "float32" });
    const place = { at, length, generation: this.#arena.generation };
    if (!slot) {
      this.#open(variable, { variable: new WeakRef(variable), front, back: undefined, version: -1, place });
      return;
    }
    data.set(slot.front.data as Float32Array);
    slot.front.dispose();
    slot.back?.dispose();
    Object.assign(slot, { front, back: undefined, owner: undefined, place });
  }

  #open(variable: Variable, slot: Slot): void {
    this.#slots.set(variable, slot);
    this.#live.add(slot);
    this.#dropped.register(variable, slot);
    variable.heldBy(this.#home);
  }

  #free(slot: Slot): void {
    if (!this.#live.delete(slot)) return;
    slot.front.dispose();
    slot.back?.dispose();
    if (slot.place) this.#arena.free(slot.place.at, BYTES.float32 * slot.place.length);
    const variable = slot.variable.deref();
    if (!variable) return;
    this.#slots.delete(variable);
    variable.releasedBy(this.#home);
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
    return session;
  }
}
