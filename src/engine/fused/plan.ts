import { type Graph, nodesOf, rootsOf } from "../../tensor/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { Variable } from "../../tensor/variable.ts";
import { Elements, type Expression, type Source } from "./elements.ts";
import type { Formula, Step, Work } from "./kernel.ts";
import type { Write } from "./write.ts";

/** A formula over so many elements of these operands, a dense layer over so many rows, or a write into so many blocks. */
export interface Job<F extends Work = Work> {
  readonly formula: F;
  readonly length: number;
  readonly operands: readonly { readonly source: Source; readonly offset: number }[];
}

/** A graph cut in two: what is computed first, and the updates of state that follow, in place: elementwise ones and writes. */
export interface Plan {
  /** Its outputs are the graph's, and after them what the jobs read. */
  readonly rest: Graph;
  /** Values that the rest computes for the jobs. */
  readonly computed: readonly Tensor[];
  /** Feeds that the jobs read. */
  readonly fed: readonly Tensor[];
  /** Variables that the jobs read, and those that they write. */
  readonly read: readonly Variable[];
  readonly written: readonly Variable[];
  /** In an order in which none reads what one before it wrote. */
  readonly jobs: readonly Job[];
  /** Where the rest has no outputs: those of the graph, among what is computed. */
  readonly outputs?: readonly Tensor[];
}

/** Some elements of a variable, or of a value that jobs make, and what they will be. */
interface Piece {
  readonly target: Source;
  readonly at: number;
  readonly length: number;
  readonly value: Expression;
}

/** Cut the updates of state that can be made in place off a graph; undefined where it has none. */
export function planOf(graph: Graph, leave: ReadonlySet<Variable> = new Set()): Plan | undefined {
  const elements = new Elements();
  const able = graph.updates.filter(
    ({ variable }) => !leave.has(variable) && variable.dtype === "float32" && variable.size > 0,
  );
  const writes = new Map(able.map((update) => [update, writeJob(update, graph.feeds, elements)]));
  const fused = able.filter((update) => writes.get(update) || elements.elementwise(update.value));
  if (fused.length === 0) return undefined;
  const pieces: Piece[] = [];
  for (const { variable, value } of fused.filter((update) => !writes.get(update)))
    for (let at = 0, length = 0; at < variable.size; at += length) {
      length = elements.extent(value, at, variable.size - at);
      pieces.push({ target: variable, at, length, value: elements.of(value, at, length) });
    }
  const formulas = together(pieces.filter((piece) => !stays(piece))).map(jobOf);
  const jobs = [...formulas, ...[...writes.values()].filter((job) => job !== undefined)];
  const { order, tangled } = ordered(jobs);
  if (tangled.size > 0) return planOf(graph, new Set([...leave, ...tangled]));

  const sources = new Set(order.flatMap((job) => job.operands.map(({ source }) => source)));
  const feeds = new Set(graph.feeds);
  const tensors = [...sources].filter((source) => source instanceof Tensor);
  const computed = tensors.filter((t) => !feeds.has(t));
  const written = fused.map(({ variable }) => variable);
  const outputs = [...graph.outputs, ...computed];
  const updates = graph.updates.filter((update) => !fused.includes(update));
  const alive = new Set(nodesOf(rootsOf({ outputs, updates })));
  return {
    rest: {
      outputs,
      updates,
      feeds: graph.feeds.filter((t) => alive.has(t)),
      reads: graph.reads.filter((t) => alive.has(t)),
    },
    computed,
    fed: tensors.filter((t) => feeds.has(t)),
    read: [...new Set(order.flatMap(spans).flatMap((s) => (s.writes ? [] : [s.variable])))],
    written,
    jobs: order,
  };
}

/** Memory that a plan's variables and what its jobs read take together. */
export const bytesOf = ({ read, written, computed, fed }: Plan): number =>
  [...new Set<Source>([...read, ...written, ...computed, ...fed])].reduce((sum, s) => sum + 4 * s.size, 0);

/** What is given its own value needs no job. */
const stays = ({ target, at, value }: Piece): boolean =>
  value.op === "load" && value.source === target && value.offset === at;

/** Pieces that have a part in common, as a parameter and its moments have the gradient, are computed together. */
function together(pieces: readonly Piece[]): Piece[][] {
  const leader = pieces.map((_, i) => i);
  const lead = (i: number): number => (leader[i] === i ? i : (leader[i] = lead(leader[i]!)));
  const owner = new Map<number, Map<Expression, number>>();
  pieces.forEach(({ length, value }, i) => {
    const first = owner.get(length) ?? new Map<Expression, number>();
    owner.set(length, first);
    for (const part of partsOf([value])) {
      if (part.scalar) continue;
      leader[lead(i)] = lead(first.get(part) ?? i);
      first.set(part, i);
    }
  });
  const groups = new Map<number, Piece[]>();
  pieces.forEach((piece, i) => {
    groups.set(lead(i), [...(groups.get(lead(i)) ?? []), piece]);
  });
  return [...groups.values()];
}

/** All that expressions are made of, inputs before users. */
function partsOf(roots: readonly Expression[]): Set<Expression> {
  const parts = new Set<Expression>();
  const visit = (x: Expression): void => {
    if (parts.has(x)) return;
    x.inputs.forEach(visit);
    parts.add(x);
  };
  roots.forEach(visit);
  return parts;
}

/** One job for pieces of one length. */
export function jobOf(pieces: readonly Piece[]): Job<Formula> {
  const operands: { source: Source; offset: number }[] = [];
  const operandOf = (source: Source, offset: number): number => {
    const have = operands.findIndex((o) => o.source === source && o.offset === offset);
    return have >= 0 ? have : operands.push({ source, offset }) - 1;
  };
  const number = new Map<Expression, number>();
  const steps: Step[] = [];
  for (const x of partsOf(pieces.map((piece) => piece.value))) {
    const inputs = x.inputs.map((input) => number.get(input)!);
    const step: Step =
      x.op === "load"
        ? { op: x.op, operand: operandOf(x.source!, x.offset!), scalar: x.scalar }
        : x.op === "constant"
          ? { op: x.op, value: x.value! }
          : { op: x.op, inputs };
    number.set(x, steps.push(step) - 1);
  }
  const results = pieces.map(({ target, at, value }) => ({
    step: number.get(value)!,
    operand: operandOf(target, at),
  }));
  return { formula: { steps, operands: operands.length, results }, length: pieces[0]!.length, operands };
}

/** The job of a variable's update where that is a write into itself, at a position that is fed. */
function writeJob(
  { variable, value }: Graph["updates"][number],
  feeds: readonly Tensor[],
  elements: Elements,
): Job<Write> | undefined {
  if (!value.is("writeAt")) return undefined;
  const [before, at, row] = value.inputs as [Tensor, Tensor, Tensor];
  const position = at.is("reshape") ? at.inputs[0]! : at;
  if (!(before.is("state") && before.attrs.variable === variable && feeds.includes(position)))
    return undefined;
  const { axis } = value.attrs;
  const formula = { extent: value.shape[axis]!, inner: sizeOf(value.shape.slice(axis + 1)) };
  const rows = elements.stretch(row) ?? { source: row, offset: 0 };
  const operands = [{ source: position, offset: 0 }, rows, { source: variable, offset: 0 }];
  return { formula, length: sizeOf(value.shape.slice(0, axis)), operands };
}

interface Span {
  readonly begin: number;
  readonly end: number;
  readonly job: Updating;
}

type Updating = Job<Formula> | Job<Write>;

/** What a job reads and writes of variables. What a write leaves as it was counts as read. */
function spans(job: Updating): { variable: Variable; span: Span; writes: boolean }[] {
  const { formula } = job;
  const at = (operand: number, length: number, writes: boolean) => {
    const { source, offset } = job.operands[operand]!;
    return source instanceof Variable
      ? [{ variable: source, span: { begin: offset, end: offset + length, job }, writes }]
      : [];
  };
  if ("extent" in formula) {
    const { extent, inner } = formula;
    const rows = job.length * inner;
    return [at(1, rows, false), at(2, rows * extent, false), at(2, rows * extent, true)].flat();
  }
  const { steps, results } = formula;
  return [
    ...steps.flatMap((s) => ("operand" in s ? at(s.operand, s.scalar ? 1 : job.length, false) : [])),
    ...results.flatMap((r) => at(r.operand, job.length, true)),
  ];
}

/**
 * All jobs see the values from before the step: what reads a variable comes before what writes it. Variables that no
 * order serves are `tangled`.
 */
function ordered(jobs: readonly Updating[]): { order: Updating[]; tangled: Set<Variable> } {
  const all = jobs.flatMap(spans);
  const writers = new Map<Variable, Span[]>();
  for (const { variable, span, writes } of all)
    if (writes) writers.set(variable, [...(writers.get(variable) ?? []), span]);
  const tangled = new Set<Variable>();
  /** For each job, those that read what it writes. */
  const readers = new Map<Updating, Set<Updating>>(jobs.map((job) => [job, new Set()]));
  for (const { variable, span, writes } of all) {
    if (writes) continue;
    for (const target of writers.get(variable) ?? []) {
      if (target.end <= span.begin || span.end <= target.begin) continue;
      if (target.job !== span.job) readers.get(target.job)!.add(span.job);
      else if (target.begin !== span.begin || target.end !== span.end) tangled.add(variable);
    }
  }
  const order = new Set<Updating>();
  for (let waiting = jobs; waiting.length > 0; ) {
    const ready = waiting.filter((job) => [...readers.get(job)!].every((reader) => order.has(reader)));
    if (ready.length === 0) {
      for (const job of waiting)
        for (const { variable, writes } of spans(job)) if (writes) tangled.add(variable);
      break;
    }
    for (const job of ready) order.add(job);
    waiting = waiting.filter((job) => !order.has(job));
  }
  return { order: [...order], tangled };
}
