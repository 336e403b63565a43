import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { type Graph, nodesOf, rootsOf } from "../../tensor/graph.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { Engine, Program } from "../engine.ts";
import { type Feed, lower } from "./lower.ts";
import { fromOrt, type OrtModule, type OrtSetup, toOrt } from "./ort.ts";
import { State } from "./state.ts";

export { CPU, WEBGPU } from "./lowering/context.ts";

/** An engine on ONNX Runtime, of either package. */
export class OrtEngine implements Engine {
  readonly #ort: OrtModule;
  readonly #setup: OrtSetup;
  readonly #state: State;
  readonly #sessions = new Set<InferenceSession>();
  /** Runs follow one another: two programs may share state. */
  #queue: Promise<unknown> = Promise.resolve();
  #open = true;
  /** The net under dispose: what a dropped program holds is freed. */
  readonly #dropped = new FinalizationRegistry<InferenceSession>((session) => {
    void this.#inTurn(() => this.#close(session));
  });

  constructor(ort: OrtModule, setup: OrtSetup) {
    this.#ort = ort;
    this.#setup = setup;
    this.#state = new State(this, ort, setup, (job) => void this.#inTurn(job));
  }

  get name(): string {
    return this.#setup.name;
  }

  readonly state = {
    read: async (variable: Variable): Promise<NdArray> => {
      const here = await this.#inTurn(async () =>
        variable.home === this ? this.#state.read(variable) : undefined,
      );
      return here ?? variable.read();
    },
    // In turn: a run may be using it. What is called after this comes after it.
    release: (variable: Variable): void => void this.#inTurn(async () => this.#state.release(variable)),
  };

  async compile(graph: Graph): Promise<Program> {
    this.#requireOpen();
    const lowered = lower(graph, this.#setup.target);
    const work = workOf(rootsOf(graph));
    const { stateLocation } = this.#setup;
    const session = await this.#ort.InferenceSession.create(lowered.bytes, {
      ...this.#setup.options(work),
      ...(stateLocation && {
        preferredOutputLocation: Object.fromEntries(lowered.updates.map((u) => [u.name, stateLocation])),
      }),
    });
    this.#sessions.add(session);
    const away = ({ variable }: { variable: Variable }): boolean =>
      variable.home !== undefined && variable.home !== this;
    /** Nothing, where another engine has a newer value of what is read. */
    const run = async (feeds: readonly NdArray[]): Promise<NdArray[] | undefined> => {
      this.#requireOpen();
      if (!this.#sessions.has(session)) throw new Error("this program was disposed and cannot run again");
      if (lowered.reads.some(away)) return undefined;
      const inputs: Record<string, OrtTensor> = {};
      lowered.feeds.forEach((port, i) => {
        inputs[port.name] = toOrt(this.#ort, checked(port, feeds[i]));
      });
      for (const { name, variable } of lowered.reads) inputs[name] = this.#state.front(variable);
      const versions = lowered.updates.map((u) => u.variable.version);
      const results: Record<string, OrtTensor | null> = {};
      for (const { name } of lowered.outputs) results[name] = null;
      for (const { name, variable } of lowered.updates)
        results[name] = this.#setup.ownBuffers ? this.#state.back(variable) : null;
      const out = await session.run(inputs, results as InferenceSession.OnnxValueMapType);
      lowered.updates.forEach(({ name, variable }, i) => {
        this.#state.take(variable, out[name] as OrtTensor, versions[i]!, session);
      });
      return lowered.outputs.map((port) => fromOrt(port, (out[port.name] as OrtTensor).data));
    };
    const program: Program = {
      run: async (feeds) => {
        for (;;) {
          const results = await this.#inTurn(() => run(feeds));
          if (results) return results;
          // Not in turn: the other engine may be waiting for this one.
          for (const { variable } of lowered.reads.filter(away)) await variable.toHost();
        }
      },
      dispose: () => this.#inTurn(() => this.#close(session)),
    };
    this.#dropped.register(program, session);
    return program;
  }

  async dispose(): Promise<void> {
    await this.#inTurn(async () => {
      this.#open = false;
      await this.#state.dispose();
      for (const session of this.#sessions) await session.release();
      this.#sessions.clear();
    });
  }

  async #close(session: InferenceSession): Promise<void> {
    if (!this.#sessions.delete(session)) return;
    await this.#state.evacuate(session);
    await session.release();
  }

  #requireOpen(): void {
    if (!this.#open)
      throw new Error(`the engine (${this.name}) was disposed and cannot run again; create another`);
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(job);
    this.#queue = turn.then(nothing, nothing);
    return turn;
  }
}

const nothing = (): void => {};

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
function workOf(roots: readonly Tensor[]): number {
  let work = 0;
  const nodes = nodesOf(roots);
  for (const t of nodes) {
    const [a, b] = t.inputs;
    if (t.is("matmul")) work += t.size * (t.attrs.transA ? a!.shape.at(-2)! : a!.shape.at(-1)!);
    else if (t.is("conv2d")) work += t.size * (sizeOf(b!.shape) / b!.shape[0]!);
    else if (t.is("conv2dInputGrad") || t.is("conv2dWeightGrad"))
      work += a!.size * (sizeOf(t.shape) / t.shape[0]!);
    else if (t.is("scan")) {
      const values = nodes.flatMap((p) => (p.is("stacked") && p.inputs[0] === t ? [p.attrs.value] : []));
      work += t.attrs.length * workOf([...t.attrs.body.ends, ...values]);
    } else work += t.size;
  }
  return work;
}
