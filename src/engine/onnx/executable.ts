import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import type { Graph } from "../../tensor/graph.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { Pass } from "../fused/pass.ts";
import type { Lowered } from "./lower.ts";
import { fromOrt, type OrtModule, type OrtSetup, toOrt } from "./ort.ts";
import type { State } from "./state.ts";

/** What a graph became: a session for what ONNX Runtime computes of it, and a pass over memory for the rest; one may be all. */
export interface Parts {
  readonly graph: Graph;
  readonly lowered: Lowered;
  readonly session: InferenceSession | undefined;
  readonly pass: Pass | undefined;
}

/** One run of a graph after another, on an engine's state. Called in turn. */
export class Executable {
  readonly session: InferenceSession | undefined;
  /** Variables whose values a run starts from. */
  readonly reads: readonly Variable[];
  readonly #parts: Parts;
  readonly #ort: OrtModule;
  readonly #setup: OrtSetup;
  readonly #state: State;
  /** Where among the graph's feeds the session's are, and those of the pass. */
  readonly #fed: readonly number[];
  readonly #passed: readonly (readonly [Tensor, number])[];
  /** Where the session writes what the pass reads, if it can. */
  #targets: readonly (OrtTensor | null)[];

  constructor(parts: Parts, ort: OrtModule, setup: OrtSetup, state: State) {
    const { graph, session, pass } = parts;
    this.#parts = parts;
    this.#ort = ort;
    this.#setup = setup;
    this.#state = state;
    this.session = session;
    this.reads = graph.reads.map((t) => t.attrs.variable);
    this.#fed = (pass?.plan.rest ?? graph).feeds.map((t) => graph.feeds.indexOf(t));
    this.#passed = (pass?.plan.fed ?? []).map((t) => [t, graph.feeds.indexOf(t)] as const);
    this.#targets = (pass?.plan.computed ?? []).map(() => null);
  }

  async run(feeds: readonly NdArray[]): Promise<NdArray[]> {
    const { graph, lowered, session, pass } = this.#parts;
    const { ownBuffers } = this.#setup;
    const values = graph.feeds.map((t, i) => checked(t, feeds[i]));
    if (pass?.settle((variable, read) => this.#state.place(variable, read)) && ownBuffers)
      this.#targets = pass.plan.computed.map((t) => this.#onto(t, pass.view(t)));
    for (const [t, i] of this.#passed) pass!.feed(t, values[i]!);

    const inputs: Record<string, OrtTensor> = {};
    lowered.feeds.forEach(({ name }, i) => {
      inputs[name] = toOrt(this.#ort, values[this.#fed[i]!]!);
    });
    for (const { name, variable } of lowered.reads) inputs[name] = this.#state.front(variable);
    const versions = graph.updates.map((u) => u.variable.version);
    const results: Record<string, OrtTensor | null> = {};
    const own = graph.outputs.length;
    lowered.outputs.forEach(({ name }, i) => {
      results[name] = i < own ? null : this.#targets[i - own]!;
    });
    for (const { name, variable } of lowered.updates)
      results[name] = ownBuffers ? this.#state.back(variable) : null;
    const out = session ? await session.run(inputs, results as InferenceSession.OnnxValueMapType) : {};

    if (pass && session && !ownBuffers)
      pass.plan.computed.forEach((t, i) => {
        pass.view(t).set(out[lowered.outputs[own + i]!.name]!.data as Float32Array);
      });
    pass?.run();
    const written = new Map(lowered.updates.map(({ name, variable }) => [variable, name]));
    graph.updates.forEach(({ variable }, i) => {
      const name = written.get(variable);
      if (name === undefined) this.#state.wrote(variable, versions[i]!);
      else this.#state.take(variable, out[name] as OrtTensor, versions[i]!, session!);
    });
    if (pass?.plan.outputs) return pass.plan.outputs.map((t) => ndarray(pass.view(t).slice(), t.shape));
    return lowered.outputs.slice(0, own).map((port) => fromOrt(port, (out[port.name] as OrtTensor).data));
  }

  #onto({ shape }: Tensor, data: Float32Array): OrtTensor {
    return toOrt(this.#ort, { data, shape, dtype: "float32" });
  }
}

function checked(feed: Tensor, value: NdArray | undefined): NdArray {
  const { dtype, shape } = feed;
  const label = feed.is("input") ? feed.attrs.name : feed.op;
  if (!value) throw new TypeError(`${label} is missing: ${dtype}${showShape(shape)} was expected`);
  if (value.dtype !== dtype || !sameShape(value.shape, shape))
    throw new TypeError(
      `${label} takes ${dtype}${showShape(shape)}; it was fed ${value.dtype}${showShape(value.shape)}`,
    );
  return value;
}
