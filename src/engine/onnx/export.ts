import { allocate, type DType } from "../../tensor/dtype.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { compile } from "../compile.ts";
import type { Engine } from "../engine.ts";
import type { Port } from "./lower.ts";

export interface OnnxFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly FilePort[];
  readonly outputs: readonly FilePort[];
}

/** A value that a file takes or gives. A free dimension has a name in place of a size. */
export interface FilePort extends Omit<Port, "shape"> {
  readonly shape: readonly (number | string)[];
}

/** A function to write: what it takes, and what it makes of it. */
export interface ExportFunction {
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>>;
  /** Traced once with what is frozen as constants. Its keys name the outputs. A loop (scan) is in the file once. */
  readonly run: (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;
}

export interface ExportOptions {
  /** The engine that holds the variables' values. */
  readonly engine: Engine;
  /** Written into the file as constants. */
  readonly freeze: Iterable<Variable>;
}

/**
 * A function as an ONNX file that runs without this package: standard operators only, fixed shapes, inputs and
 * outputs under the names they have in `fn`. A loop is one Scan, in the file once.
 * @throws Error where the function draws random numbers, or keeps state that is not frozen.
 */
export async function exportOnnx(
  fn: ExportFunction["run"],
  inputs: ExportFunction["inputs"],
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
  const traced = compile(
    (feeds: Readonly<Record<string, Tensor>>) => {
      const out = fn(feeds);
      outputs = Object.keys(out);
      const twice = outputs.find((name) => names.includes(name));
      if (twice !== undefined)
        throw new Error(`export: an input and an output are both named ${twice}; ONNX needs two names`);
      return Object.values(out);
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
  // With the file format it is large, and loaded by those who write files.
  const [{ lower }, { STANDARD }] = await Promise.all([
    import("./lower.ts"),
    import("./lowering/context.ts"),
  ]);
  const lowered = lower(graph, STANDARD, { feeds, outputs });
  const port = ({ name, dtype, shape }: Port): Port => ({ name, dtype, shape });
  return { bytes: lowered.bytes, inputs: lowered.feeds.map(port), outputs: lowered.outputs.map(port) };
}

/** Sizes that hardly anything else has. */
const TWO = [37, 41] as const;

/**
 * The same for any number of examples at once: `at` gives the function for a batch of a size. The free dimension is named
 * "batch", its multiples "2*batch".
 * @throws UserError where the function mixes the examples of a batch, as a mean over them does.
 */
export async function exportFreeBatch(
  at: (batch: number) => ExportFunction,
  options: ExportOptions,
): Promise<OnnxFile> {
  const [a, b] = await Promise.all(
    TWO.map((batch) => {
      const { run, inputs } = at(batch);
      return exportOnnx(run, inputs, options);
    }) as [Promise<OnnxFile>, Promise<OnnxFile>],
  );
  const { freeBatch, multiple } = await import("./free-batch.ts");
  const free = (ports: readonly FilePort[], others: readonly FilePort[]): FilePort[] =>
    ports.map((port, i) => ({
      ...port,
      shape: port.shape.map((d, k) => multiple(d as number, others[i]!.shape[k] as number, TWO)),
    }));
  return {
    bytes: freeBatch({ files: [a.bytes, b.bytes], sizes: TWO }),
    inputs: free(a.inputs, b.inputs),
    outputs: free(a.outputs, b.outputs),
  };
}
