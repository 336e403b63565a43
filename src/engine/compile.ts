import { UserError } from "../errors.ts";
import type { Graph } from "../tensor/graph.ts";
import { nodesOf } from "../tensor/graph.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import { constant } from "../tensor/ops.ts";
import { Key } from "../tensor/random.ts";
import { showShape } from "../tensor/shape.ts";
import { simplify } from "../tensor/simplify.ts";
import { Tensor } from "../tensor/tensor.ts";
import { substitute, withTrace } from "../tensor/trace.ts";
import { Variable } from "../tensor/variable.ts";
import { warnOnce } from "../warnings.ts";
import {
  asArray,
  describe,
  feedValue,
  type HostIn,
  type HostOut,
  isPlain,
  type Leaf,
  located,
  roomFor,
} from "./arguments.ts";
import { defaultEngine, type Engine, type Program } from "./engine.ts";
import { isStaged, stagedProgram } from "./stages.ts";

export interface CompileOptions {
  readonly engine?: Engine | Promise<Engine> | undefined;
  /** For messages: "train step". */
  readonly name?: string;
  /** Bake these variables' current values into the program as constants: faster, and it no longer follows them. */
  readonly freeze?: Iterable<Variable>;
  /** How many signatures keep their program; 32 when left out. */
  readonly programs?: number;
}

const PROGRAMS = 32;

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
 * booleans and undefined are part of the signature. What `fn` takes from outside is looked at while it is traced: a
 * number or a key becomes part of the program and stays as it was (see "What compile freezes" in docs/getting-started.md).
 *
 * The last 32 signatures (or `programs`) keep their program; the one unused for longest goes, and is traced anew should
 * it be needed again. A function that meets many lengths does better to pad them to a few.
 */
export function compile<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  const name = options.name ?? (fn.name || "compiled function");
  const most = options.programs ?? PROGRAMS;
  if (!(most >= 1)) throw new UserError(`${name}: programs must be 1 or more, not ${most}`);
  /** By signature, the least recently used first. */
  const entries = new Map<string, Entry>();
  const frozen = freezer(options);
  let dropping: Promise<unknown> = Promise.resolve();
  let disposed = false;

  const requireOpen = (): void => {
    if (disposed) throw new Error(`${name} was disposed and cannot run again; compile it anew`);
  };

  const entryOf = (args: readonly unknown[]): { leaves: Leaf[]; entry: Entry } => {
    requireOpen();
    const leaves: Leaf[] = [];
    const signature = args.map((a, i) => describe(a, `argument ${i + 1}`, leaves, name)).join("; ");
    const entry = entries.get(signature) ?? newEntry(signature, args, leaves);
    entries.delete(signature);
    entries.set(signature, entry);
    return { leaves, entry };
  };

  const newEntry = (signature: string, args: readonly unknown[], leaves: readonly Leaf[]): Entry => {
    const traced = frozen().then((values) => {
      try {
        return traceGraph(name, fn as unknown as (...a: unknown[]) => unknown, args, leaves, values);
      } catch (error) {
        throw located(error, name, args, leaves);
      }
    });
    const entry: Entry = { users: 0, traced };
    traced.catch(() => entries.get(signature) === entry && entries.delete(signature));
    return entry;
  };

  /** What is in use stays, and goes when it no longer is. */
  const prune = (): void => {
    for (const [signature, entry] of entries) {
      if (entries.size <= most) return;
      if (entry.users > 0) continue;
      entries.delete(signature);
      dropping = Promise.all([dropping, close(entry)]);
    }
  };

  const call = async (...args: unknown[]): Promise<unknown> => {
    const { leaves, entry } = entryOf(args);
    entry.users++;
    try {
      const { graph, rebuild, rooms } = await entry.traced;
      entry.program ??= start(graph).catch((error: unknown) => {
        entry.program = undefined;
        throw error;
      });
      const program = await entry.program;
      const room = rooms.pop() ?? graph.feeds.map(roomFor);
      const outputs = await program.run(graph.feeds.map((feed, i) => feedValue(feed, leaves, room[i])));
      rooms.push(room);
      return rebuild(outputs);
    } finally {
      entry.users--;
      prune();
    }
  };

  const start = async (graph: Graph): Promise<Program> => {
    const engine = await (options.engine ?? defaultEngine());
    requireOpen();
    return isStaged(graph) ? stagedProgram(engine, graph) : engine.compile(graph);
  };

  return Object.assign(call as Compiled<A, R>, {
    graph: async (...args: unknown[]) => {
      const { traced } = entryOf(args).entry;
      prune();
      return (await traced).graph;
    },
    dispose: async () => {
      disposed = true;
      await Promise.all([...entries.values()].map(close));
      await dropping;
    },
  });
}

interface Traced {
  readonly graph: Graph;
  readonly rebuild: (outputs: NdArray[]) => unknown;
  /** Arrays for random numbers that no call is using: new memory costs more than the numbers. */
  readonly rooms: (NdArray | undefined)[][];
}

/** What is kept for a signature. */
interface Entry {
  readonly traced: Promise<Traced>;
  program?: Promise<Program> | undefined;
  /** Calls in progress. */
  users: number;
}

/** Frees its program, once it is there. What failed has said so to its caller. */
async function close(entry: Entry): Promise<void> {
  await entry.traced.catch(() => undefined);
  const program = await entry.program?.catch(() => undefined);
  await program?.dispose();
}

function freezer({ freeze }: CompileOptions): () => Promise<ReadonlyMap<Variable, Tensor>> {
  let values: Promise<ReadonlyMap<Variable, Tensor>> | undefined;
  const read = async (): Promise<ReadonlyMap<Variable, Tensor>> => {
    const map = new Map<Variable, Tensor>();
    for (const variable of freeze ?? []) map.set(variable, constant(await variable.read()));
    return map;
  };
  return () =>
    (values ??= read().catch((error: unknown) => {
      values = undefined;
      throw error;
    }));
}

function traceGraph(
  name: string,
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
  let promised = false;
  const collect = (value: unknown): ((arrays: NdArray[]) => unknown) => {
    if (value instanceof Tensor) {
      const at = outputs.push(value) - 1;
      return (arrays) => arrays[at];
    }
    if (value instanceof Promise) {
      // Whatever becomes of it, nobody waits for it any more.
      value.catch(() => undefined);
      promised = true;
      return () => undefined;
    }
    if (value instanceof Variable)
      throw new TypeError(`${value.label} was returned as a variable; return its value, asTensor(variable)`);
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
  if (promised)
    throw new UserError(
      "a compiled function must not be async: it is traced once, and returns tensors at once. What it waits for can be done before the call and be passed as an argument",
    );
  const updates = [...trace.current].flatMap(([variable, value]) =>
    trace.reads.get(variable) === value || frozen.get(variable) === value ? [] : [{ variable, value }],
  );
  if (outputs.length === 0 && updates.length === 0)
    throw new UserError(
      `${name} returns no tensor and assigns no variable, so there is nothing to compute. Does it lack a return?`,
    );
  const needed = nodesOf([...outputs, ...updates.map((u) => u.value)]);
  if (needed.some((t) => t.is("argument")))
    throw new Error(
      "a value of a scan's step was used outside it: carry it, or return it as the step's output",
    );
  const reads = needed.filter((t): t is Tensor<"state"> => t.is("state"));
  const draws = needed.filter((t): t is Tensor<"random"> => t.is("random"));
  warnOfTwins(name, draws, leaves);
  const graph = simplify({
    feeds: [...feeds, ...draws],
    outputs,
    updates,
    reads,
  });
  return { graph, rebuild, rooms: [] };
}

/** Two draws from one key are the same numbers, which is hardly ever meant. */
function warnOfTwins(name: string, draws: readonly Tensor<"random">[], leaves: readonly Leaf[]): void {
  const first = new Map<string, Tensor>();
  for (const draw of draws) {
    const { root, path } = draw.attrs.key;
    const id = JSON.stringify([root, path]);
    const twin = first.get(id);
    first.set(id, twin ?? draw);
    if (!twin) continue;
    const from = "argument" in root ? leaves[root.argument]!.path : "a key from outside";
    const splits = path.map((part) => `.split(${JSON.stringify(part)})`).join("");
    warnOnce(
      `${name} draws twice from one key (${from}${splits}): ${show(twin)} and ${show(draw)} are made of the same random numbers. Give each draw a key of its own: key.split("a name")`,
    );
  }
}

const show = ({ shape }: Tensor): string => showShape(shape);
