import { allocate, type DType } from "../../tensor/dtype.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { compile } from "../compile.ts";
import type { Engine } from "../engine.ts";
import { lower, type Port } from "./lower.ts";
import { STANDARD } from "./lowering/context.ts";

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
 * outputs under the names they have in `fn`.
 * @throws Error where the function draws random numbers, or keeps state that is not frozen.
 */
export async function exportOnnx(
  fn: (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
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
  const traced = compile(
    (feeds: Readonly<Record<string, Tensor>>) => {
      const out = fn(feeds);
      outputs = Object.keys(out);
      return out as Record<string, Tensor>;
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
  const lowered = lower(graph, STANDARD, { feeds, outputs });
  const port = ({ name, dtype, shape }: Port): Port => ({ name, dtype, shape });
  return { bytes: lowered.bytes, inputs: lowered.feeds.map(port), outputs: lowered.outputs.map(port) };
}
