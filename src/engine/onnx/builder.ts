import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { DType } from "../../tensor/dtype.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import type { Shape } from "../../tensor/shape.ts";

const OPSET = 21;
export const CONTRIB = "com.microsoft";
export const NCHWC = "com.microsoft.nchwc";

const ONNX_TYPE: Readonly<Record<DType, DataType>> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
  uint8: DataType.UINT8,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
};
export const onnxType = (dtype: DType): number => ONNX_TYPE[dtype];

/** Attribute values: integers are marked, since ONNX tells 1 from 1.0. */
export type AttributeValue =
  | { int: number }
  | { ints: readonly number[] }
  | { float: number }
  | { string: string }
  | { graph: GraphProto };

/** Collects the nodes of one ONNX model, or of a graph within it. Value names are made here and are unique. */
export class ModelBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #shared = new Map<string, string>();
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  /** What a model and the graphs within it have in common: no name stands twice. */
  readonly #whole: { names: number; nodes: number; readonly domains: Set<string> };

  constructor(around?: ModelBuilder) {
    this.#whole = around ? around.#whole : { names: 0, nodes: 0, domains: new Set() };
  }

  /** A builder for a graph within this model: a loop's body, which sees the values around it by their names. */
  inner(): ModelBuilder {
    return new ModelBuilder(this);
  }

  fresh(hint: string): string {
    return `${hint}_${this.#whole.names++}`;
  }

  /** Add a node; its outputs' names come back. An empty name leaves an optional input or output out. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    { outputs = 1 as number | readonly string[], domain = "" } = {},
  ): string[] {
    const names =
      typeof outputs === "number" ? Array.from({ length: outputs }, () => this.fresh(op)) : [...outputs];
    if (domain) this.#whole.domains.add(domain);
    this.#whole.nodes++;
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: op,
        domain,
        name: this.fresh(`n_${op}`),
        input: [...inputs],
        output: names,
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return names;
  }

  /** A constant; equal small ones are shared. */
  initializer(value: NdArray, hint = "c"): string {
    const small = value.data.length <= 64;
    const exact = (v: number): string => (Object.is(v, -0) ? "-0" : String(v));
    const key = small
      ? `${value.dtype}[${value.shape.join()}]=${Array.from(value.data as Float32Array, exact).join()}`
      : "";
    const have = small ? this.#shared.get(key) : undefined;
    if (have) return have;
    const name = this.fresh(hint);
    this.#initializers.set(
      name,
      create(TensorProtoSchema, {
        name,
        dims: value.shape.map(BigInt),
        dataType: ONNX_TYPE[value.dtype],
        rawData: new Uint8Array(
          value.data.buffer as ArrayBuffer,
          value.data.byteOffset,
          value.data.byteLength,
        ),
      }),
    );
    if (small) this.#shared.set(key, name);
    return name;
  }

  ints(values: readonly number[]): string {
    return this.initializer(
      { data: BigInt64Array.from(values.map(BigInt)), shape: [values.length], dtype: "int64" },
      "ints",
    );
  }

  float(value: number, shape: Shape = []): string {
    return this.initializer({ data: Float32Array.of(value), shape, dtype: "float32" }, "f");
  }

  /** Without a shape it may have any. */
  input(name: string, dtype: DType, shape?: Shape): void {
    this.#inputs.push(valueInfo(name, dtype, shape));
  }

  output(name: string, dtype: DType, shape?: Shape): void {
    this.#outputs.push(valueInfo(name, dtype, shape));
  }

  /** Nodes of the whole model. */
  get nodeCount(): number {
    return this.#whole.nodes;
  }

  graph(): GraphProto {
    return create(GraphProtoSchema, {
      name: this.fresh("galatea"),
      node: this.#nodes,
      initializer: [...this.#initializers.values()],
      input: this.#inputs,
      output: this.#outputs,
    });
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const opset = (domain: string, version: number) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) });
    const model = create(ModelProtoSchema, {
      irVersion: 10n,
      producerName: "galatea",
      opsetImport: [opset("", OPSET), ...[...this.#whole.domains].map((d) => opset(d, 1))],
      graph: this.graph(),
    });
    return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
  }
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  const fields =
    "int" in value
      ? { type: AttributeType.INT, i: BigInt(value.int) }
      : "ints" in value
        ? { type: AttributeType.INTS, ints: value.ints.map(BigInt) }
        : "float" in value
          ? { type: AttributeType.FLOAT, f: value.float }
          : "graph" in value
            ? { type: AttributeType.GRAPH, g: value.graph }
            : { type: AttributeType.STRING, s: new TextEncoder().encode(value.string) };
  return create(AttributeProtoSchema, { name, ...fields });
}

function valueInfo(name: string, dtype: DType, shape?: Shape): ValueInfoProto {
  const dim = shape?.map((d) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(d) } }),
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: create(TypeProto_TensorSchema, {
          elemType: ONNX_TYPE[dtype],
          ...(dim && { shape: create(TensorShapeProtoSchema, { dim }) }),
        }),
      },
    }),
  });
}
