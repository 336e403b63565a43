import { allocate, type DType } from "../../tensor/dtype.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import type { Repeat } from "../../tensor/repeat.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { compile } from "../compile.ts";
import type { Engine } from "../engine.ts";
import type { Port } from "./lower.ts";
import { type Repetition, recorder } from "./repetition.ts";

export interface OnnxFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface ExportOptions {
  /** The engine that holds the variables' values. */
  readonly engine: Engine;
  /** Written into the file as constants. */
  readonly freeze: Iterable<Variable>;
}

/**
 * A function as an ONNX file that runs without this package: standard operators only, fixed shapes, inputs and
 * outputs under the names they have in `fn`. Steps that `fn` takes through its `repeat` are one Scan, in the file once.
 * @throws Error where the function draws random numbers, or keeps state that is not frozen.
 */
export async function exportOnnx(
  fn: (inputs: Readonly<Record<string, Tensor>>, repeat: Repeat) => Readonly<Record<string, Tensor>>,
  inputs: Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>>,
  { engine, freeze }: ExportOptions,
): Promise<OnnxFile> {
  const names = Object.keys(inputs);
  const zeros = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [
      name,
      { data: allocate(dtype, sizeOf(shape)), shape, dtype } as NdArray,
    ]),
  );
  let outputs: string[] = [];
  let repetitions: readonly Repetition[] = [];
  const traced = compile(
    (feeds: Readonly<Record<string, Tensor>>) => {
      const recording = recorder();
      const out = fn(feeds, recording.repeat);
      outputs = Object.keys(out);
      const twice = outputs.find((name) => names.includes(name));
      if (twice !== undefined)
        throw new Error(`export: an input and an output are both named ${twice}; ONNX needs two names`);
      ({ repetitions } = recording);
      return [...Object.values(out), ...repetitions.flatMap(({ start, end }) => [...start, ...end])];
    },
    { engine, freeze, name: "export" },
  );
  const graph = await traced.graph(zeros);
  const state = [...graph.reads.map((t) => t.attrs.variable), ...graph.updates.map((u) => u.variable)];
  if (state.length > 0)
    throw new Error(`export: ${state[0]!.name} is state; only frozen values can be written`);
  const feeds = graph.feeds.map((t) => {
    if (t.is("input")) return names[t.attrs.index]!;
    throw new Error("export: the function draws random numbers; make them inputs");
  });
  // The repeated steps went through the simplification with the rest.
  const simplified = [...graph.outputs];
  const results = simplified.splice(0, outputs.length);
  const take = (list: readonly Tensor[]): Tensor[] => simplified.splice(0, list.length);
  const repeated = repetitions.map((r) => ({ ...r, start: take(r.start), end: take(r.end) }));
  // With the file format it is large, and loaded by those who write files.
  const [{ lower }, { STANDARD }] = await Promise.all([
    import("./lower.ts"),
    import("./lowering/context.ts"),
  ]);
  const lowered = lower({ ...graph, outputs: results }, STANDARD, { feeds, outputs }, repeated);
  const port = ({ name, dtype, shape }: Port): Port => ({ name, dtype, shape });
  return { bytes: lowered.bytes, inputs: lowered.feeds.map(port), outputs: lowered.outputs.map(port) };
}
