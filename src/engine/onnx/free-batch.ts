import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
} from "onnx-buf";
import { UserError } from "../../errors.ts";

/** What a file calls its free dimension. */
export const BATCH = "batch";

/** Two files of one function, for batches of these sizes. */
export interface Pair {
  readonly files: readonly [Uint8Array, Uint8Array];
  readonly sizes: readonly [number, number];
}

/**
 * One file for any batch from two of fixed batches. Shapes are numbers here, and a number does not say where it is from;
 * two files do: what is c·37 in one and c·41 in the other is c·batch. The files must be the same but for such sizes, and for
 * constants that repeat themselves along such a dimension.
 * @throws UserError where they differ in anything else: a mean over the batch, say.
 */
export function freeBatch({ files: [a, b], sizes }: Pair): Uint8Array<ArrayBuffer> {
  const [model, other] = [fromBinary(ModelProtoSchema, a), fromBinary(ModelProtoSchema, b)];
  const graph = model.graph!;
  const first = graph.input.find((port, i) => dimsOf(port).some((d, k) => d !== dimsOf(other.graph!.input[i]!)[k])); // biome-ignore format: one line
  if (!first) return a as Uint8Array<ArrayBuffer>;
  const at = dimsOf(first).indexOf(sizes[0]);
  new Joiner(sizes, { input: first.name, axis: at }).join(graph, other.graph!);
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}

/** How two graphs are made one. What it adds stands at the head of the whole graph, where loops' bodies see it too. */
class Joiner {
  readonly #sizes: Pair["sizes"];
  readonly #head: NodeProto[] = [];
  readonly #constants: TensorProto[] = [];
  readonly #made = new Map<string, string>();
  /** The second file's names for the values of the first. */
  readonly #names = new Map<string, string>();

  constructor(sizes: Pair["sizes"], from: { readonly input: string; readonly axis: number }) {
    this.#sizes = sizes;
    const [start, end] = [from.axis, from.axis + 1].map((value) => BigInt(value));
    const attribute = (name: string, i: bigint): AttributeProto =>
      create(AttributeProtoSchema, { name, type: AttributeType.INT, i });
    this.#node("Shape", [from.input], BATCH, [attribute("start", start!), attribute("end", end!)]);
  }

  join(graph: GraphProto, other: GraphProto): void {
    this.#body(graph, other);
    graph.node.unshift(...this.#head);
    graph.initializer.push(...this.#constants);
  }

  #body(graph: GraphProto, other: GraphProto): void {
    const [mine, theirs] = [graph, other].map((g) => new Map(g.initializer.map((c) => [c.name, c])));
    const used = new Set<string>();
    const pair = (a: ValueInfoProto, b: ValueInfoProto): void => {
      this.#names.set(b.name, a.name);
      this.#port(a, b);
    };
    if (graph.input.length !== other.input.length || graph.node.length !== other.node.length)
      throw refusal("the function is another one for another batch size");
    graph.input.forEach((port, i) => {
      pair(port, other.input[i]!);
    });
    graph.node.forEach((node, i) => {
      const twin = other.node[i]!;
      const same = node.opType === twin.opType && node.domain === twin.domain && node.input.length === twin.input.length; // biome-ignore format: one line
      if (!same) throw refusal(`${node.opType} stands where another batch size has ${twin.opType}`);
      node.input = node.input.map((name, k) => {
        const [a, b] = [mine!.get(name), theirs!.get(twin.input[k]!)];
        const joined = a && b ? this.#constant(a, b, node.opType) : name;
        if (!a !== !b || (!a && name !== "" && this.#names.get(twin.input[k]!) !== name))
          throw refusal(`${node.opType} takes another value with another batch size`);
        used.add(joined);
        return joined;
      });
      this.#attributes(node, twin);
      node.output.forEach((name, k) => {
        this.#names.set(twin.output[k]!, name);
      });
    });
    graph.initializer = graph.initializer.filter((c) => used.has(c.name));
    graph.output.forEach((port, i) => {
      this.#port(port, other.output[i]!);
    });
  }

  #attributes(node: NodeProto, twin: NodeProto): void {
    node.attribute.forEach((attribute, i) => {
      const there = twin.attribute[i]!;
      if (attribute.g && there.g) this.#body(attribute.g, there.g);
      else if (show(attribute) !== show(there))
        throw refusal(`${attribute.name} of ${node.opType} depends on the batch size`);
    });
  }

  #port(a: ValueInfoProto, b: ValueInfoProto): void {
    const [dims, there] = [dimsOf(a), dimsOf(b)];
    const list = shapeOf(a)?.dim;
    dims.forEach((d, i) => {
      const size = multiple(d, there[i]!, this.#sizes);
      if (typeof size === "string")
        list![i] = create(TensorShapeProto_DimensionSchema, { value: { case: "dimParam", value: size } });
    });
  }

  /** A constant of both files, or what takes its place. */
  #constant(a: TensorProto, b: TensorProto, op: string): string {
    const [dims, there] = [a.dims.map(Number), b.dims.map(Number)];
    const same = dims.length === there.length && dims.every((d, i) => d === there[i]);
    if (same && equal(a.rawData, b.rawData)) return a.name;
    if (same && dims.length === 1 && a.dataType === DataType.INT64)
      return this.#vector(integers(a), integers(b));
    const axis = dims.findIndex((d, i) => d !== there[i]);
    const one = axis < 0 ? undefined : rowOf(a, axis);
    const rest = axis < 0 || dims.some((d, i) => i !== axis && d !== there[i]);
    if (rest || !one || !equal(one.rawData, rowOf(b, axis)?.rawData))
      throw refusal(`a constant of ${op} depends on the batch size, as in a mean over the batch`);
    const made = this.#once(`expand ${a.name}`, (name) => {
      this.#constants.push(create(TensorProtoSchema, { ...one, name: `${name}_one` }));
      this.#node("Expand", [`${name}_one`, this.#vector(dims, there)], name);
    });
    return made;
  }

  /** Integers of which some are multiples of the batch, as a value of the graph. */
  #vector(here: readonly number[], there: readonly number[]): string {
    const parts = here.map((d, i) => {
      const times = timesOf(d, there[i]!, this.#sizes);
      if (times === 0) return this.#ints([d]);
      if (times === 1) return BATCH;
      return this.#once(`times ${times}`, (name) => {
        this.#node("Mul", [BATCH, this.#ints([times])], name);
      });
    });
    if (parts.length === 1) return parts[0]!;
    return this.#once(`vector ${parts.join()}`, (name) => {
      const axis = create(AttributeProtoSchema, { name: "axis", type: AttributeType.INT, i: 0n });
      this.#node("Concat", parts, name, [axis]);
    });
  }

  #ints(values: readonly number[]): string {
    return this.#once(`ints ${values.join()}`, (name) => {
      const data = BigInt64Array.from(values.map(BigInt));
      const dims = [BigInt(values.length)];
      const rawData = new Uint8Array(data.buffer);
      this.#constants.push(create(TensorProtoSchema, { name, dims, dataType: DataType.INT64, rawData }));
    });
  }

  #node(opType: string, input: string[], output: string, attribute: AttributeProto[] = []): void {
    this.#head.push(create(NodeProtoSchema, { opType, name: `n_${output}`, input, output: [output], attribute })); // biome-ignore format: one line
  }

  #once(key: string, make: (name: string) => void): string {
    const have = this.#made.get(key);
    if (have !== undefined) return have;
    const name = `${BATCH}_${this.#made.size}`;
    this.#made.set(key, name);
    make(name);
    return name;
  }
}

/** How many batches a size is; 0 where it does not depend on the batch. */
function timesOf(here: number, there: number, [m, n]: Pair["sizes"]): number {
  if (here === there) return 0;
  const times = here / m;
  if (!Number.isInteger(times) || times * n !== there)
    throw refusal(`a size is ${here} for ${m} and ${there} for ${n}: no multiple of the batch`);
  return times;
}

/** A size as a file writes it: a number, or "batch", or "2*batch". */
export function multiple(here: number, there: number, sizes: Pair["sizes"]): number | string {
  const times = timesOf(here, there, sizes);
  return times === 0 ? here : times === 1 ? BATCH : `${times}*${BATCH}`;
}

const refusal = (why: string): UserError =>
  new UserError(`the batch dimension cannot be left free: ${why}. Give a size: batch`);

const shapeOf = (port: ValueInfoProto) =>
  port.type?.value.case === "tensorType" ? port.type.value.value.shape : undefined;
const sizeOf = ({ value }: TensorShapeProto_Dimension): number =>
  value.case === "dimValue" ? Number(value.value) : 0;
const dimsOf = (port: ValueInfoProto): number[] => shapeOf(port)?.dim.map(sizeOf) ?? [];

const equal = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  a.length === b?.length && a.every((byte, i) => byte === b[i]);

const integers = ({ rawData }: TensorProto): number[] =>
  Array.from(new BigInt64Array(rawData.slice().buffer), Number);

const show = (attribute: AttributeProto): string =>
  JSON.stringify(attribute, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

/** Element 0 of an axis, where all others are the same. */
function rowOf(t: TensorProto, axis: number): TensorProto | undefined {
  const dims = t.dims.map(Number);
  const outer = dims.slice(0, axis).reduce((n, d) => n * d, 1);
  const count = dims[axis]!;
  const bytes = t.rawData.length / (outer * count);
  const rawData = new Uint8Array(outer * bytes);
  for (let o = 0; o < outer; o++) {
    const first = t.rawData.subarray(o * count * bytes, (o * count + 1) * bytes);
    for (let k = 1; k < count; k++)
      if (!equal(first, t.rawData.subarray((o * count + k) * bytes, (o * count + k + 1) * bytes)))
        return undefined;
    rawData.set(first, o * bytes);
  }
  return create(TensorProtoSchema, { dataType: t.dataType, dims: t.dims.map((d, i) => (i === axis ? 1n : d)), rawData }); // biome-ignore format: one line
}
