import type { DType } from "../../tensor/dtype.ts";
import { type Graph, nodesOf, rootsOf } from "../../tensor/graph.ts";
import { type Shape, sameShape } from "../../tensor/shape.ts";
import type { OpName, Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { ModelBuilder, onnxType } from "./builder.ts";
import type { Context, Lowering, Lowerings, Target } from "./lowering/context.ts";
import { convolution } from "./lowering/convolution.ts";
import { elementwise } from "./lowering/elementwise.ts";
import { linear, sumsRows } from "./lowering/linear.ts";
import { shaping } from "./lowering/shaping.ts";

type Leaf = "constant" | "input" | "state" | "random" | "argument";
type Loops = "scan" | "final" | "stacked";

/** Every op's ONNX form. An op that is missing here does not compile. */
const TABLE: Lowerings<Exclude<OpName, Leaf | Loops>> = {
  ...elementwise,
  ...linear,
  ...shaping,
  ...convolution,
};

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

/** Translate a graph into one ONNX model. A loop becomes one Scan, whose body stands in the model once. */
export function lower(graph: Graph, target: Target, names: PortNames = {}): Lowered {
  const model = new ModelBuilder();
  const outside = new Scope(model, target, rootsOf(graph));
  const leaf = (t: Tensor, name: string): Port => {
    outside.input(t, name);
    return { name, dtype: t.dtype, shape: t.shape };
  };
  const feeds = graph.feeds.map((t, i): Feed => {
    const port = leaf(t, names.feeds?.[i] ?? `${t.op}_${i}`);
    return { ...port, label: t.is("input") ? t.attrs.name : port.name };
  });
  const reads = graph.reads.map((t, i) => ({ ...leaf(t, `state_${i}`), variable: t.attrs.variable }));

  outside.emit();

  const result = (t: Tensor, wanted?: string): Port => ({
    name: outside.output(t, wanted),
    dtype: t.dtype,
    shape: t.shape,
  });
  const outputs = graph.outputs.map((t, i) => result(t, names.outputs?.[i]));
  const updates = graph.updates.map(({ variable, value }) => ({ ...result(value), variable }));
  return { bytes: model.bytes(), feeds, outputs, reads, updates, nodeCount: model.nodeCount };
}

type Fused = ReadonlyMap<Tensor, { readonly product: Tensor; readonly bias: Tensor }>;

/** One ONNX graph in the making, and the names that tensors have in it. */
class Scope {
  readonly #ctx: Context;
  readonly #nodes: readonly Tensor[];
  readonly #biased: Fused;
  readonly #squeezed: ReadonlyMap<Tensor, Tensor<"sum">>;
  readonly #absorbed: ReadonlySet<Tensor>;
  readonly #names: Map<Tensor, string>;
  readonly #taken = new Set<string>();

  constructor(
    model: ModelBuilder,
    target: Target,
    roots: readonly Tensor[],
    names: ReadonlyMap<Tensor, string> = new Map(),
  ) {
    const shared = new Map<string, string[]>();
    this.#ctx = {
      model,
      target,
      once(key, make) {
        const have = shared.get(key) ?? make();
        shared.set(key, have);
        return have;
      },
    };
    this.#nodes = nodesOf(roots);
    this.#biased = biases(this.#nodes, roots);
    this.#squeezed = squeezedSums(this.#nodes, roots, target);
    this.#absorbed = new Set<Tensor>([
      ...[...this.#biased.values()].map(({ product }) => product),
      ...this.#squeezed.values(),
    ]);
    this.#names = new Map(names);
  }

  input(t: Tensor, name: string, border = borderType(t.dtype)): void {
    const { model } = this.#ctx;
    model.input(name, border, t.shape);
    const same = border === t.dtype;
    this.#names.set(t, same ? name : model.node("Cast", [name], { to: { int: onnxType(t.dtype) } })[0]!);
  }

  emit(): void {
    for (const node of this.#nodes) {
      // Constants are written where they are used: in a loop's body too, where ONNX Runtime can prepare them.
      if (this.#names.has(node) || this.#absorbed.has(node) || node.is("constant")) continue;
      if (node.is("input") || node.is("state") || node.is("random"))
        throw new Error(
          `lower: the graph uses ${node.toString()}, but does not list it among its feeds or reads`,
        );
      if (node.is("scan")) {
        this.#scan(node);
        continue;
      }
      const sum = this.#squeezed.get(node);
      if (sum) {
        const { model } = this.#ctx;
        const inputs = [this.#name(sum.inputs[0]!), model.ints(sum.attrs.axes)];
        this.#names.set(node, model.node("ReduceSum", inputs, { keepdims: { int: 0 } })[0]!);
        continue;
      }
      const { product, bias } = this.#biased.get(node) ?? { product: node, bias: undefined };
      const rule = TABLE[product.op as keyof typeof TABLE] as unknown as Lowering<OpName>;
      const inputs = product.inputs.map((t) => this.#name(t));
      if (bias) inputs.push(this.#bias(bias, product));
      this.#names.set(node, rule(product, inputs, this.#ctx));
    }
  }

  /** A bias of every row as a vector; a matrix as it is. */
  #bias(bias: Tensor, product: Tensor): string {
    const name = this.#name(bias);
    if (sameShape(bias.shape, product.shape) || bias.rank === 1) return name;
    return this.#ctx.model.node("Reshape", [name, this.#ctx.model.ints([bias.size])])[0]!;
  }

  /** A loop, with what is asked of it. Captured values are seen in its body by their names here. */
  #scan(loop: Tensor<"scan">): void {
    const { body, length, reverse } = loop.attrs;
    const { carried, slices, captured, ends } = body;
    const { model, target } = this.#ctx;
    const parts = this.#nodes.filter((t) => t.inputs[0] === loop);
    const values = [...new Set(parts.flatMap((t) => (t.is("stacked") ? [t.attrs.value] : [])))];
    const inputs = loop.inputs.map((t) => this.#name(t));
    const around = inputs.splice(carried.length + slices.length);
    const names = new Map(captured.map((leaf, k) => [leaf, around[k]!] as const));
    const inner = new Scope(model.inner(), target, [...ends, ...values], names);
    for (const leaf of [...carried, ...slices]) inner.input(leaf, model.fresh("step"), leaf.dtype);
    // A Scan needs something to scan.
    if (slices.length === 0) {
      inputs.push(model.initializer({ data: new Uint8Array(length), shape: [length], dtype: "uint8" }));
      inner.#ctx.model.input(model.fresh("step"), "uint8", []);
    }
    inner.emit();
    for (const t of [...ends, ...values]) inner.output(t, undefined, t.dtype);
    const scanned = Math.max(slices.length, 1);
    const backwards = (count: number) => ({ ints: Array.from({ length: count }, () => 1) });
    const attributes = {
      body: { graph: inner.#ctx.model.graph() },
      num_scan_inputs: { int: scanned },
      ...(reverse && { scan_input_directions: backwards(scanned) }),
      ...(reverse && values.length > 0 && { scan_output_directions: backwards(values.length) }),
    };
    const made = model.node("Scan", inputs, attributes, { outputs: ends.length + values.length });
    for (const part of parts)
      this.#names.set(
        part,
        made[
          part.is("final")
            ? part.attrs.index
            : ends.length + values.indexOf((part as Tensor<"stacked">).attrs.value)
        ]!,
      );
  }

  output(t: Tensor, wanted?: string, border = borderType(t.dtype)): string {
    const { model } = this.#ctx;
    let name = this.#name(t);
    if (border !== t.dtype) name = model.node("Cast", [name], { to: { int: onnxType(border) } })[0]!;
    // A leaf, or a value that leaves twice, needs a name of its own.
    const leafLike = t.inputs.length === 0;
    if (wanted !== undefined || leafLike || this.#taken.has(name))
      [name] = model.node("Identity", [name], {}, { outputs: [wanted ?? model.fresh("out")] }) as [string];
    this.#taken.add(name);
    model.output(name, border, t.shape);
    return name;
  }

  #name(t: Tensor): string {
    const have = this.#names.get(t);
    if (have !== undefined) return have;
    if (!t.is("constant")) throw new Error(`lower: ${t.toString()} is used before it is made`);
    const name = this.#ctx.model.initializer(t.attrs.value);
    this.#names.set(t, name);
    return name;
  }
}

function usesOf(nodes: readonly Tensor[], roots: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const t of [...nodes.flatMap((node) => node.inputs), ...roots]) uses.set(t, (uses.get(t) ?? 0) + 1);
  return uses;
}

/** Sums whose axes go in the one reshape that uses them, by that reshape: one node instead of two. */
function squeezedSums(
  nodes: readonly Tensor[],
  roots: readonly Tensor[],
  target: Target,
): Map<Tensor, Tensor<"sum">> {
  const uses = usesOf(nodes, roots);
  const found = new Map<Tensor, Tensor<"sum">>();
  for (const node of nodes) {
    const [sum] = node.inputs;
    if (!node.is("reshape") || !sum?.is("sum") || uses.get(sum) !== 1 || sumsRows(sum, target)) continue;
    const rest = sum.shape.filter((_, axis) => !sum.attrs.axes.includes(axis));
    if (sameShape(rest, node.shape)) found.set(node, sum);
  }
  return found;
}

/** Most elements of a product to which a whole matrix is added inside it: a tenth of an LSTM's step, and nothing for larger ones. */
const SMALL = 2 ** 16;

/** Above so many elements a vector is added by itself: Gemm spreads it over its rows on one thread, and reads them again. */
const LARGE = 2 ** 18;

/** Sums of a product and a bias, where the product has no other use: ONNX adds the bias inside the product. */
function biases(
  nodes: readonly Tensor[],
  roots: readonly Tensor[],
): Map<Tensor, { product: Tensor; bias: Tensor }> {
  const uses = usesOf(nodes, roots);
  const found = new Map<Tensor, { product: Tensor; bias: Tensor }>();
  for (const node of nodes) {
    if (!node.is("add")) continue;
    for (const [product, bias] of [node.inputs, [...node.inputs].reverse()] as [Tensor, Tensor][]) {
      const channel = product.is("conv2d") ? 1 : product.is("matmul") && product.rank === 2 ? 1 : undefined;
      if (channel === undefined || uses.get(product) !== 1 || !sameShape(product.shape, node.shape)) continue;
      if (product.is("matmul") && product.size <= SMALL && sameShape(bias.shape, node.shape)) {
        found.set(node, { product, bias });
        break;
      }
      if (product.is("matmul") && product.size > LARGE) continue;
      const expected = node.shape.map((d, i) => (i === channel ? d : 1));
      const lead = node.rank - bias.rank;
      if (bias.size !== node.shape[channel] || bias.shape.some((d, i) => d !== expected[lead + i])) continue;
      found.set(node, { product, bias });
      break;
    }
  }
  return found;
}
