import { UserError } from "../errors.ts";
import { allocate } from "../tensor/dtype.ts";
import type { Graph } from "../tensor/graph.ts";
import { nodesOf } from "../tensor/graph.ts";
import { isNdArray, type NdArray } from "../tensor/ndarray.ts";
import { constant } from "../tensor/ops.ts";
import { fillRandom, Key } from "../tensor/random.ts";
import { showShape, sizeOf } from "../tensor/shape.ts";
import { simplify } from "../tensor/simplify.ts";
import { Tensor } from "../tensor/tensor.ts";
import { substitute, withTrace } from "../tensor/trace.ts";
import { Variable } from "../tensor/variable.ts";
import { defaultEngine, type Engine, type Program } from "./engine.ts";

/** Anything built of tensors: one of them, or arrays and objects of them. */
export type Tree = unknown;

/** What the host passes where the traced function sees T. */
export type HostIn<T> = T extends Tensor
  ? NdArray | Float32Array | Int32Array | number
  : T extends Key
    ? Key
    : T extends readonly unknown[] | Record<string, unknown>
      ? { readonly [K in keyof T]: HostIn<T[K]> }
      : T;

/** What the host gets where the traced function returns T. */
export type HostOut<T> = T extends Tensor
  ? NdArray
  : T extends readonly unknown[] | Record<string, unknown>
    ? { -readonly [K in keyof T]: HostOut<T[K]> }
    : T;

export interface CompileOptions {
  readonly engine?: Engine | Promise<Engine> | undefined;
  /** For messages: "train step". */
  readonly name?: string;
  /** Bake these variables' current values into the program as constants: faster, and it no longer follows them. */
  readonly freeze?: Iterable<Variable>;
}

export interface Compiled<A extends readonly unknown[], R> {
  (...args: { [K in keyof A]: HostIn<A[K]> }): Promise<HostOut<R>>;
  /** Free the programs. Calling afterwards is an error. */
  dispose(): Promise<void>;
  /** Trace for these arguments and return the simplified graph, as engines see it. */
  graph(...args: { [K in keyof A]: HostIn<A[K]> }): Promise<Graph>;
}

/**
 * Trace `fn` once for each signature (shapes, dtypes, and values that are not numbers) into one static graph,
 * and run it on the engine. Arguments are trees of arrays, numbers (fed as float32 scalars) and keys; strings,
 * booleans and undefined are part of the signature.
 */
export function compile<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  const name = options.name ?? (fn.name || "compiled function");
  const traces = new Map<string, Promise<Traced>>();
  let disposed = false;
  const frozen = freezer(options);

  const disposedError = (): Error => new Error(`${name} was disposed and cannot run again; compile it anew`);

  const traceFor = (args: readonly unknown[]): { leaves: Leaf[]; traced: Promise<Traced> } => {
    if (disposed) throw disposedError();
    const leaves: Leaf[] = [];
    const signature = args.map((a, i) => describe(a, `argument ${i + 1}`, leaves, name)).join("; ");
    let traced = traces.get(signature);
    if (!traced) {
      traced = frozen().then((values) => {
        try {
          return traceGraph(fn as unknown as (...a: unknown[]) => unknown, args, leaves, values);
        } catch (error) {
          throw located(error, name, leaves);
        }
      });
      traces.set(signature, traced);
      traced.catch(() => traces.delete(signature));
    }
    return { leaves, traced };
  };

  const call = async (...args: unknown[]): Promise<unknown> => {
    const { leaves, traced } = traceFor(args);
    const { graph, rebuild, owner, rooms } = await traced;
    owner.program ??= Promise.resolve(options.engine ?? defaultEngine()).then((engine) => {
      if (disposed) throw disposedError();
      return engine.compile(graph);
    });
    const program = await owner.program;
    const room = rooms.pop() ?? graph.feeds.map(roomFor);
    const outputs = await program.run(graph.feeds.map((feed, i) => feedValue(feed, leaves, room[i])));
    rooms.push(room);
    return rebuild(outputs);
  };
  return Object.assign(call as Compiled<A, R>, {
    graph: async (...args: unknown[]) => (await traceFor(args).traced).graph,
    dispose: async () => {
      disposed = true;
      const quietly = <T>(made: Promise<T> | undefined): Promise<T | undefined> | undefined =>
        made?.catch(() => undefined);
      for (const traced of traces.values())
        await (await quietly((await quietly(traced))?.owner.program))?.dispose();
    },
  });
}

interface Traced {
  graph: Graph;
  rebuild: (outputs: NdArray[]) => unknown;
  owner: { program?: Promise<Program> };
  /** Arrays for random numbers that no call is using: new memory costs more than the numbers. */
  rooms: (NdArray | undefined)[][];
}

type Leaf = { path: string; value: NdArray | Key };

function freezer({ freeze, engine }: CompileOptions): () => Promise<ReadonlyMap<Variable, Tensor>> {
  let values: Promise<ReadonlyMap<Variable, Tensor>> | undefined;
  const read = async (): Promise<ReadonlyMap<Variable, Tensor>> => {
    const map = new Map<Variable, Tensor>();
    if (!freeze) return map;
    const from = await (engine ?? defaultEngine());
    for (const variable of freeze) map.set(variable, constant(await from.state.read(variable)));
    return map;
  };
  return () => (values ??= read());
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Host values in the place of leaves, in the order `describe` met them. */
function asArray(value: unknown): NdArray | undefined {
  if (typeof value === "number") return { data: Float32Array.of(value), shape: [], dtype: "float32" };
  if (value instanceof Float32Array) return { data: value, shape: [value.length], dtype: "float32" };
  if (value instanceof Int32Array) return { data: value, shape: [value.length], dtype: "int32" };
  return isNdArray(value) ? value : undefined;
}

function describe(value: unknown, path: string, leaves: Leaf[], name: string): string {
  if (value instanceof Tensor)
    throw new TypeError(
      `${name}, ${path}: a symbolic tensor was passed; pass its values (await tensor.value())`,
    );
  const array = value instanceof Key ? value : asArray(value);
  if (array instanceof Key) {
    leaves.push({ path, value: array });
    return "key";
  }
  if (array) {
    if (sizeOf(array.shape) !== array.data.length)
      throw new TypeError(
        `${name}, ${path}: ${array.data.length} values do not fill shape ${showShape(array.shape)}`,
      );
    leaves.push({ path, value: array });
    return `${array.dtype}${showShape(array.shape)}`;
  }
  if (Array.isArray(value))
    return `[${value.map((v, i) => describe(v, `${path}[${i}]`, leaves, name)).join()}]`;
  if (isPlain(value))
    return `{${Object.entries(value)
      .map(([k, v]) => `${k}:${describe(v, `${path}.${k}`, leaves, name)}`)
      .join()}}`;
  if (value === undefined || value === null || typeof value === "string" || typeof value === "boolean")
    return JSON.stringify(value) ?? "undefined";
  throw new TypeError(
    `${name}, ${path}: an array, number, key, string, boolean, or an object of them, was expected`,
  );
}

/** An error met while tracing says what was being traced, and for which inputs. */
function located(error: unknown, name: string, leaves: readonly Leaf[]): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const inputs = leaves
    .slice(0, 8)
    .map(({ path, value }) =>
      value instanceof Key ? `${path} a key` : `${path} ${value.dtype}${showShape(value.shape)}`,
    );
  if (leaves.length > 8) inputs.push(`${leaves.length - 8} more`);
  const { message } = error;
  error.message += `\n  while tracing ${name}${inputs.length > 0 ? ` for ${inputs.join(", ")}` : ""}`;
  if (error.stack) error.stack = error.stack.replace(message, error.message);
  return error;
}

function traceGraph(
  fn: (...args: unknown[]) => unknown,
  args: readonly unknown[],
  leaves: readonly Leaf[],
  frozen: ReadonlyMap<Variable, Tensor>,
): Traced {
  let next = 0;
  const feeds: Tensor[] = [];
  const symbolic = (value: unknown): unknown => {
    if (value instanceof Key) return Key.traced(next++);
    if (asArray(value)) {
      const { path, value: array } = leaves[next]! as { path: string; value: NdArray };
      const input = new Tensor("input", [], { name: path, index: next++ }, array.shape, array.dtype);
      feeds.push(input);
      return input;
    }
    if (Array.isArray(value)) return value.map(symbolic);
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, symbolic(v)]));
    return value;
  };
  const inputs = args.map(symbolic);
  const { result, trace } = withTrace(() => substitute(frozen, () => fn(...inputs)));

  const outputs: Tensor[] = [];
  const collect = (value: unknown): ((arrays: NdArray[]) => unknown) => {
    if (value instanceof Tensor) {
      const at = outputs.push(value) - 1;
      return (arrays) => arrays[at];
    }
    if (value instanceof Promise)
      throw new TypeError("a compiled function must not be async: it is traced, and returns tensors at once");
    if (value instanceof Variable)
      throw new TypeError(`${value.name} was returned as a variable; return its value, asTensor(variable)`);
    if (Array.isArray(value)) {
      const parts = value.map(collect);
      return (arrays) => parts.map((p) => p(arrays));
    }
    if (isPlain(value)) {
      const parts = Object.entries(value).map(([k, v]) => [k, collect(v)] as const);
      return (arrays) => Object.fromEntries(parts.map(([k, p]) => [k, p(arrays)]));
    }
    return () => value;
  };
  const rebuild = collect(result);
  const updates = [...trace.current].flatMap(([variable, value]) =>
    trace.reads.get(variable) === value || frozen.get(variable) === value ? [] : [{ variable, value }],
  );
  const needed = nodesOf([...outputs, ...updates.map((u) => u.value)]);
  const reads = needed.filter((t): t is Tensor<"state"> => t.is("state"));
  const graph = simplify({
    feeds: [...feeds, ...needed.filter((t) => t.is("random"))],
    outputs,
    updates,
    reads,
  });
  return { graph, rebuild, owner: {}, rooms: [] };
}

/** Room for the numbers of each random leaf among the feeds. */
const roomFor = (feed: Tensor): NdArray | undefined =>
  feed.is("random")
    ? ({ data: allocate(feed.dtype, feed.size), shape: feed.shape, dtype: feed.dtype } as NdArray)
    : undefined;

/** What a feed leaf is given at this call: the caller's array, or the numbers of a random leaf's key. */
function feedValue(feed: Tensor, leaves: readonly Leaf[], room: NdArray | undefined): NdArray {
  if (!feed.is("random")) return leaves[(feed as Tensor<"input">).attrs.index]!.value as NdArray;
  const { key, distribution } = feed.attrs;
  const concrete = "argument" in key.root ? key.resolve(leaves[key.root.argument]!.value as Key) : key;
  fillRandom(distribution, concrete, room!.data);
  return room!;
}
