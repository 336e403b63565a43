import type { Graph } from "../../tensor/graph.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Variable } from "../../tensor/variable.ts";
import type { Dense } from "./dense.ts";
import { Elements, type Source } from "./elements.ts";
import { type Job, jobOf, type Plan } from "./plan.ts";

/**
 * Multiply–adds a call. A call of ONNX Runtime takes some 25 µs before it computes anything, and then four times as many a
 * second as these kernels: about twice as much work as this takes the same time either way.
 */
const MOST_WORK = 125_000;

type Operand = Job["operands"][number];

/** A layer: rows times weights, which may have a bias; weights are variables, or pieces of them. */
interface Layer {
  readonly x: Tensor;
  readonly formula: Dense;
  readonly weights: readonly Operand[];
}

/**
 * A graph that is a small network of dense layers and elementwise functions, as a policy or a value that acts: all of it
 * as jobs, so that a call stays within WebAssembly. Undefined for any other graph.
 */
export function networkOf(graph: Graph): Plan | undefined {
  if (graph.updates.length > 0 || graph.outputs.length === 0) return undefined;
  const elements = new Elements();
  const made = new Set<Tensor>();
  const jobs: Job[] = [];
  let work = 0;

  /** Lets the elements of a value be there when later jobs read them; false where this cannot be. */
  const ready = (source: Source): boolean => {
    if (source instanceof Variable || graph.feeds.includes(source) || made.has(source))
      return source instanceof Variable || source.dtype === "float32";
    const layer = layerOf(source, elements);
    return layer ? dense(source, layer) : elementwise(source);
  };
  const dense = (t: Tensor, { x, formula, weights }: Layer): boolean => {
    const length = x.shape[0]!;
    work += length * formula.n * formula.k;
    const input = elements.stretch(x) ?? { source: x, offset: 0 };
    if (work > MOST_WORK || !ready(input.source)) return false;
    made.add(t);
    jobs.push({ formula, length, operands: [input, ...weights, { source: t, offset: 0 }] });
    return true;
  };
  const elementwise = (t: Tensor): boolean => {
    if (t.dtype !== "float32" || t.size === 0 || elements.extent(t, 0, t.size) < t.size) return false;
    const value = elements.of(t, 0, t.size);
    if (value.op === "load" && value.source === t) return false;
    const job = jobOf([{ target: t, at: 0, length: t.size, value }]);
    if (!job.operands.every(({ source }) => source === t || ready(source))) return false;
    made.add(t);
    jobs.push(job);
    return true;
  };

  if (!graph.outputs.every((t) => ready(t) && made.has(t))) return undefined;
  if (!jobs.some(({ formula }) => "k" in formula)) return undefined;
  const sources = new Set(jobs.flatMap((job) => job.operands.map(({ source }) => source)));
  return {
    rest: { outputs: [], updates: [], feeds: [], reads: [] },
    computed: [...made],
    fed: graph.feeds.filter((t) => sources.has(t)),
    read: [...sources].filter((source) => source instanceof Variable),
    written: [],
    jobs,
    outputs: graph.outputs,
  };
}

function layerOf(t: Tensor, elements: Elements): Layer | undefined {
  const [product, shift] = t.is("add") ? t.inputs : [t, undefined];
  if (!product?.is("matmul") || product.rank !== 2 || t.rank !== 2 || product.size !== t.size)
    return undefined;
  const { transA, transB, alpha } = product.attrs;
  const [x, w] = product.inputs as [Tensor, Tensor];
  if (transA || !transB || alpha !== 1 || x.rank !== 2 || product.size * x.size === 0) return undefined;
  const [n, k] = w.shape as [number, number];
  if (shift && (shift.size !== n || shift.shape.at(-1) !== n)) return undefined;
  const weights = [w, ...(shift ? [shift] : [])].map((v) => elements.stretch(v));
  if (!weights.every((v) => v?.source instanceof Variable)) return undefined;
  return { x, formula: { k, n, bias: shift !== undefined }, weights: weights as Operand[] };
}
