import { allocate } from "./dtype.ts";
import { type Graph, nodesOf, rootsOf } from "./graph.ts";
import { simplifiedLoop } from "./loop/simplify.ts";
import type { NdArray } from "./ndarray.ts";
import { add, concat, constant, mul, pad, reshape, slice, sqrt, sub } from "./ops.ts";
import { broadcastShapes, type Shape, sameShape } from "./shape.ts";
import { type Attributes, type OpName, Tensor } from "./tensor.ts";

/**
 * The same computation with less work: common subexpressions once, dead code gone, and the local rewrites
 * below. Engines get the simplified graph; gradients are taken before.
 */
export function simplify(graph: Graph): Graph {
  const roots = rootsOf(graph);
  const nodes = nodesOf(roots);
  const uses = new Map<Tensor, number>();
  for (const node of nodes) for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  for (const root of roots) uses.set(root, (uses.get(root) ?? 0) + 1);

  const known = new Map<string, Tensor>();
  const becomes = new Map<Tensor, Tensor>();
  const canonical = (t: Tensor): Tensor => {
    const key = keyOf(t);
    const first = known.get(key);
    if (first) return first;
    known.set(key, t);
    return t;
  };
  // A rewrite may build several nodes: bring each of them to its canonical form, inputs first.
  const settle = (t: Tensor): Tensor => {
    if (known.get(keyOf(t)) === t) return t;
    const inputs = t.inputs.map(settle);
    const same = inputs.every((x, i) => x === t.inputs[i]);
    return canonical(same ? t : new Tensor(t.op, inputs, t.attrs, t.shape, t.dtype));
  };
  const loops = new Map<Tensor, (part: Tensor) => Tensor>();
  for (const node of nodes) {
    const loop = node.inputs[0] && loops.get(node.inputs[0]);
    if (loop) {
      becomes.set(node, settle(loop(node)));
      continue;
    }
    const inputs = node.inputs.map((t) => becomes.get(t)!);
    if (node.is("scan")) {
      const parts = nodes.filter((t) => t.inputs[0] === node);
      loops.set(
        node,
        simplifiedLoop(
          node,
          inputs,
          parts,
          (values) => simplify({ feeds: [], outputs: values, updates: [], reads: [] }).outputs,
        ),
      );
      continue;
    }
    const moved = inputs.every((t, i) => t === node.inputs[i])
      ? node
      : new Tensor(node.op, inputs, node.attrs, node.shape, node.dtype);
    const single = node.inputs.map((t) => uses.get(t) === 1);
    becomes.set(node, settle(rewrite(moved, single) ?? moved));
  }
  const now = (t: Tensor): Tensor => becomes.get(t) ?? t;
  const outputs = graph.outputs.map(now);
  const updates = graph.updates.map(({ variable, value }) => ({ variable, value: now(value) }));
  const alive = new Set(nodesOf([...outputs, ...updates.map((u) => u.value)]));
  // Feeds that became one (a random leaf used twice) are fed once; feeds that nothing needs are not fed.
  const feeds = [...new Set(graph.feeds.map(now))].filter((t) => alive.has(t));
  return { feeds, outputs, updates, reads: graph.reads.filter((t) => alive.has(t)) };
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;
function identity(object: object): number {
  const have = identities.get(object);
  if (have !== undefined) return have;
  identities.set(object, nextIdentity);
  return nextIdentity++;
}

/** Every number its own text: JSON has no infinities, and neither it nor String tells -0 from 0. */
const exact = (v: number): string => (Object.is(v, -0) ? "-0" : String(v));

function keyOf(t: Tensor): string {
  if (t.is("constant")) {
    const { value } = t.attrs;
    const content =
      value.data.length <= 64
        ? `=${Array.from(value.data as Float32Array, exact).join()}`
        : `#${identity(value.data)}`;
    return `constant ${t.dtype} ${t.shape.join()} ${content}`;
  }
  // A loop's body is simplified by itself, and is never the same as another's.
  if (t.is("input") || t.is("state") || t.is("argument") || t.is("scan")) return `own ${t.id}`;
  if (t.is("stacked")) return `stacked ${t.inputs[0]!.id} ${t.attrs.value.id}`;
  if (t.is("random"))
    return `random ${JSON.stringify(t.attrs.key.root)} ${JSON.stringify(t.attrs.key.path)} ${JSON.stringify(t.attrs.distribution)} ${t.shape.join()}`;
  return `${t.op} ${JSON.stringify(t.attrs, (_, v: unknown) => (typeof v === "number" ? exact(v) : v))} ${t.inputs.map((i) => i.id).join()}`;
}

/** The value of a constant with one element, if it is one. */
export function scalarOf(t: Tensor): number | undefined {
  return t.is("constant") && t.size === 1 ? Number(t.attrs.value.data[0]) : undefined;
}

const BROADCASTING = new Set<OpName>([
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "maximum",
  "minimum",
  "equal",
  "less",
  "lessEqual",
  "where",
]);

/** A cheaper node that computes the same, or undefined. `single[i]`: input i has no other user. */
function rewrite(t: Tensor, single: readonly boolean[]): Tensor | undefined {
  const [a, b] = t.inputs;
  const loose = BROADCASTING.has(t.op) ? withoutBroadcasts(t) : undefined;
  if (loose) return rewrite(loose, single) ?? loose;
  const ca = a && scalarOf(a);
  const cb = b && scalarOf(b);
  switch (t.op) {
    case "stopGradient":
      return a;
    case "add":
      if (ca !== undefined && cb !== undefined) return folded(t, ca + cb);
      if (cb === 0 && sameShape(a!.shape, t.shape)) return a;
      if (ca === 0 && sameShape(b!.shape, t.shape)) return b;
      if (b!.is("neg")) return sub(a!, b!.inputs[0]!);
      if (a!.is("neg")) return sub(b!, a!.inputs[0]!);
      return joinedPads(t) ?? biasBeforeReshape(t, single);
    case "sub":
      if (ca !== undefined && cb !== undefined) return folded(t, ca - cb);
      if (cb === 0 && sameShape(a!.shape, t.shape)) return a;
      if (b!.is("neg")) return add(a!, b!.inputs[0]!);
      return undefined;
    case "mul": {
      if (ca !== undefined && cb !== undefined) return folded(t, ca * cb);
      if (cb === 1 && sameShape(a!.shape, t.shape)) return a;
      if (ca === 1 && sameShape(b!.shape, t.shape)) return b;
      const [x, scale, alone] = cb !== undefined ? [a!, cb, single[0]] : [b!, ca, single[1]];
      if (scale === undefined || t.dtype !== "float32" || !sameShape(x.shape, t.shape)) return undefined;
      if (x.is("matmul") && alone)
        return new Tensor("matmul", x.inputs, { ...x.attrs, alpha: x.attrs.alpha * scale }, x.shape, x.dtype);
      // The product in question may lie behind a reshape.
      if (x.is("reshape") && alone && x.inputs[0]!.is("matmul"))
        return reshape(mul(x.inputs[0]!, scale), t.shape);
      if (x.is("mul") && alone) {
        const inner = x.inputs.findIndex((i) => scalarOf(i) !== undefined);
        const rest = x.inputs[1 - inner];
        if (inner >= 0 && sameShape(rest!.shape, x.shape))
          return mul(rest!, scale * scalarOf(x.inputs[inner]!)!);
      }
      return undefined;
    }
    case "pow":
      if (!sameShape(a!.shape, t.shape)) return undefined;
      if (cb === 1) return a;
      if (cb === 2) return mul(a!, a!);
      if (cb === 0.5) return sqrt(a!);
      return undefined;
    case "reshape":
      if (a!.is("reshape")) return reshape(a!.inputs[0]!, t.shape);
      if (a!.is("constant")) return constant({ ...a!.attrs.value, shape: t.shape });
      return sameShape(a!.shape, t.shape) ? a : undefined;
    case "sum":
      return (t.attrs as Attributes["sum"]).axes.every((axis) => a!.shape[axis] === 1) ? a : undefined;
    case "broadcastTo":
      return a!.is("broadcastTo")
        ? new Tensor("broadcastTo", a!.inputs, { shape: t.shape }, t.shape, t.dtype)
        : undefined;
    case "transpose": {
      if (!a!.is("transpose")) return undefined;
      const inner = a!.attrs.perm;
      const perm = (t.attrs as Attributes["transpose"]).perm.map((p) => inner[p]!);
      return perm.every((p, i) => p === i)
        ? a!.inputs[0]
        : new Tensor("transpose", a!.inputs, { perm }, t.shape, t.dtype);
    }
    case "concat":
      return rejoined(t as Tensor<"concat">);
    case "matmul":
      return withoutTransposes(t as Tensor<"matmul">);
    default:
      return undefined;
  }
}

function folded(t: Tensor, value: number): Tensor | undefined {
  if (t.dtype !== "float32" && !Number.isSafeInteger(value)) return undefined;
  if (t.dtype === "int64") return undefined;
  const data = allocate(t.dtype, 1) as Float32Array;
  data[0] = value;
  return constant({ data, shape: t.shape, dtype: t.dtype } as NdArray);
}

/** Elementwise ops broadcast by themselves: an operand need not be spread out first. */
function withoutBroadcasts(t: Tensor): Tensor | undefined {
  let inputs = [...t.inputs];
  let changed = false;
  inputs.forEach((x, i) => {
    if (!x.is("broadcastTo")) return;
    const trial = inputs.map((y, j) => (i === j ? x.inputs[0]! : y));
    if (sameShape(shapeTogether(trial), t.shape)) {
      inputs = trial;
      changed = true;
    }
  });
  return changed ? new Tensor(t.op, inputs, t.attrs, t.shape, t.dtype) : undefined;
}

const shapeTogether = (tensors: readonly Tensor[]): Shape =>
  broadcastShapes("simplify", ...tensors.map((t) => t.shape));

/**
 * The gradient of cutting a tensor into pieces is a sum of padded pieces: pieces that lie side by side are one
 * concatenation.
 */
function joinedPads(t: Tensor): Tensor | undefined {
  const pieces: Tensor<"pad">[] = [];
  for (const pending = [...t.inputs]; pending.length > 0; ) {
    const x = pending.pop()!;
    if (!sameShape(x.shape, t.shape)) return undefined;
    if (x.is("pad") && x.attrs.value === 0) pieces.push(x);
    else if (x.is("add")) pending.push(...x.inputs);
    else return undefined;
  }
  const padded = (p: Tensor<"pad">): number[] =>
    t.shape.flatMap((_, i) => (p.attrs.low[i] === 0 && p.attrs.high[i] === 0 ? [] : [i]));
  const [axis, ...others] = padded(pieces[0]!);
  if (axis === undefined || others.length > 0 || pieces.some((p) => padded(p).join() !== String(axis)))
    return undefined;
  pieces.sort((p, q) => p.attrs.low[axis]! - q.attrs.low[axis]!);
  const beside = pieces.every(
    (p, i) =>
      i === 0 ||
      pieces[i - 1]!.attrs.low[axis]! + pieces[i - 1]!.inputs[0]!.shape[axis]! === p.attrs.low[axis],
  );
  if (!beside) return undefined;
  // Pieces that were joined before are pieces still: one concatenation, not one in another.
  const parts = pieces.flatMap(({ inputs: [x] }) =>
    x!.is("concat") && x!.attrs.axis === axis ? x!.inputs : [x!],
  );
  const joined = concat(parts, axis);
  return pad(joined, { low: pieces[0]!.attrs.low, high: pieces.at(-1)!.attrs.high });
}

/** Pieces cut from one tensor side by side and put together again are that part of it. */
function rejoined(t: Tensor<"concat">): Tensor | undefined {
  const { axis } = t.attrs;
  const base = t.inputs[0]!.inputs[0];
  let end = -1;
  for (const piece of t.inputs) {
    if (!piece.is("slice") || piece.inputs[0] !== base || piece.attrs.steps.some((s) => s !== 1))
      return undefined;
    const { starts, lengths } = piece.attrs;
    const whole = base!.shape.every((d, i) => i === axis || lengths[i] === d);
    if (!whole || (end >= 0 && starts[axis] !== end)) return undefined;
    end = starts[axis]! + lengths[axis]!;
  }
  const starts = base!.shape.map((_, i) => (i === axis ? end - t.shape[axis]! : 0));
  return slice(base!, { starts, lengths: t.shape });
}

/** reshape(rows) + bias → reshape(rows + bias), so that engines can add the bias inside the product. */
function biasBeforeReshape(t: Tensor, single: readonly boolean[]): Tensor | undefined {
  const [a, b] = t.inputs as [Tensor, Tensor];
  const rows = a.inputs[0];
  const fits = a.is("reshape") && single[0] && rows!.is("matmul") && rows!.rank === 2 && b.rank === 1;
  if (!fits || rows!.shape[1] !== b.shape[0] || a.shape.at(-1) !== b.shape[0]) return undefined;
  return reshape(add(rows!, b), t.shape);
}

const swapsLastTwo = (perm: readonly number[]): boolean =>
  perm.length >= 2 &&
  perm.every((p, i) => p === (i === perm.length - 1 ? i - 1 : i === perm.length - 2 ? i + 1 : i));

function withoutTransposes(t: Tensor<"matmul">): Tensor | undefined {
  const [a, b] = t.inputs as [Tensor, Tensor];
  const left = a.is("transpose") && swapsLastTwo(a.attrs.perm);
  const right = b.is("transpose") && swapsLastTwo(b.attrs.perm);
  if (!left && !right) return undefined;
  const { transA, transB, alpha } = t.attrs;
  const attrs = { transA: left !== transA, transB: right !== transB, alpha };
  return new Tensor("matmul", [left ? a.inputs[0]! : a, right ? b.inputs[0]! : b], attrs, t.shape, t.dtype);
}
