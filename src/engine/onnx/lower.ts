import type { DType } from "../../tensor/dtype.ts";
import { type Graph, nodesOf, rootsOf } from "../../tensor/graph.ts";
import { type Shape, sameShape } from "../../tensor/shape.ts";
import type { OpName, Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { ModelBuilder, onnxType } from "./builder.ts";
import type { Context, Lowering, Lowerings, Target } from "./lowering/context.ts";
import { convolution } from "./lowering/convolution.ts";
import { elementwise } from "./lowering/elementwise.ts";
import { linear } from "./lowering/linear.ts";
import { shaping } from "./lowering/shaping.ts";

type Leaf = "constant" | "input" | "state" | "random";

/** Every op's ONNX form. An op that is missing here does not compile. */
const TABLE: Lowerings<Exclude<OpName, Leaf>> = { ...elementwise, ...linear, ...shaping, ...convolution };

/** A value crossing the border of an ONNX model. */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A port that is fed, with its name for people: "argument 2.images". */
export interface Feed extends Port {
  readonly label: string;
}

export interface Lowered {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly feeds: readonly Feed[];
  readonly outputs: readonly Port[];
  readonly reads: readonly (Port & { variable: Variable })[];
  readonly updates: readonly (Port & { variable: Variable })[];
  readonly nodeCount: number;
}

/** bfloat16 has no JavaScript tensor in ONNX Runtime: it crosses the border as float32, without loss. */
export const borderType = (dtype: DType): DType => (dtype === "bfloat16" ? "float32" : dtype);

/** Names for the border of an exported file; engines do without. */
export interface PortNames {
  readonly feeds?: readonly string[];
  readonly outputs?: readonly string[];
}

/** Translate a graph into one ONNX model. */
export function lower(graph: Graph, target: Target, names: PortNames = {}): Lowered {
  const model = new ModelBuilder();
  const shared = new Map<string, string[]>();
  const ctx: Context = {
    model,
    target,
    once(key, make) {
      const have = shared.get(key) ?? make();
      shared.set(key, have);
      return have;
    },
  };
  const nameOf = new Map<Tensor, string>();
  const leaf = (t: Tensor, name: string): Port => {
    const port = { name, dtype: t.dtype, shape: t.shape };
    const border = borderType(t.dtype);
    model.input(name, border, t.shape);
    nameOf.set(
      t,
      border === t.dtype ? name : model.node("Cast", [name], { to: { int: onnxType(t.dtype) } })[0]!,
    );
    return port;
  };
  const feeds = graph.feeds.map((t, i): Feed => {
    const port = leaf(t, names.feeds?.[i] ?? `${t.op}_${i}`);
    return { ...port, label: t.is("input") ? t.attrs.name : port.name };
  });
  const reads = graph.reads.map((t, i) => ({ ...leaf(t, `state_${i}`), variable: t.attrs.variable }));

  const nodes = nodesOf(rootsOf(graph));
  const biased = biases(nodes, rootsOf(graph));
  const absorbed = new Set([...biased.values()].map(({ product }) => product));
  for (const node of nodes) {
    if (nameOf.has(node) || absorbed.has(node)) continue;
    if (node.is("constant")) nameOf.set(node, model.initializer(node.attrs.value));
    else if (node.is("input") || node.is("state") || node.is("random"))
      throw new Error(
        `lower: the graph uses ${node.toString()}, but does not list it among its feeds or reads`,
      );
    else {
      const { product, bias } = biased.get(node) ?? { product: node, bias: undefined };
      const rule = TABLE[product.op as Exclude<OpName, Leaf>] as unknown as Lowering<OpName>;
      const inputs = product.inputs.map((t) => nameOf.get(t)!);
      if (bias) inputs.push(model.node("Reshape", [nameOf.get(bias)!, model.ints([bias.size])])[0]!);
      nameOf.set(node, rule(product, inputs, ctx));
    }
  }

  const taken = new Set<string>();
  const result = (t: Tensor, wanted?: string): Port => {
    let name = nameOf.get(t)!;
    const border = borderType(t.dtype);
    if (border !== t.dtype) name = model.node("Cast", [name], { to: { int: onnxType(border) } })[0]!;
    // A leaf, or a value that leaves twice, needs a name of its own.
    const leafLike = t.inputs.length === 0;
    if (wanted !== undefined || leafLike || taken.has(name))
      [name] = model.node("Identity", [name], {}, { outputs: [wanted ?? model.fresh("out")] }) as [string];
    taken.add(name);
    model.output(name, border, t.shape);
    return { name, dtype: t.dtype, shape: t.shape };
  };
  const outputs = graph.outputs.map((t, i) => result(t, names.outputs?.[i]));
  const updates = graph.updates.map(({ variable, value }) => ({ ...result(value), variable }));
  return { bytes: model.bytes(), feeds, outputs, reads, updates, nodeCount: model.nodeCount };
}

/** Sums of a product and a bias, where the product has no other use: ONNX adds the bias inside the product. */
function biases(
  nodes: readonly Tensor[],
  roots: readonly Tensor[],
): Map<Tensor, { product: Tensor; bias: Tensor }> {
  const uses = new Map<Tensor, number>();
  for (const t of [...nodes.flatMap((node) => node.inputs), ...roots]) uses.set(t, (uses.get(t) ?? 0) + 1);
  const found = new Map<Tensor, { product: Tensor; bias: Tensor }>();
  for (const node of nodes) {
    if (!node.is("add")) continue;
    for (const [product, bias] of [node.inputs, [...node.inputs].reverse()] as [Tensor, Tensor][]) {
      const channel = product.is("conv2d") ? 1 : product.is("matmul") && product.rank === 2 ? 1 : undefined;
      if (channel === undefined || uses.get(product) !== 1 || !sameShape(product.shape, node.shape)) continue;
      const expected = node.shape.map((d, i) => (i === channel ? d : 1));
      const lead = node.rank - bias.rank;
      if (bias.size !== node.shape[channel] || bias.shape.some((d, i) => d !== expected[lead + i])) continue;
      found.set(node, { product, bias });
      break;
    }
  }
  return found;
}
