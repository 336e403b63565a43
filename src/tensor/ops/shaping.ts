import { resolveAxes, resolveAxis, type Shape, ShapeError, sameShape, sizeOf } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { arange, asTensor, cast, equal, type Operand } from "./elementwise.ts";
import type { Axes } from "./reductions.ts";

/** One dimension may be -1: it is worked out from the others. */
export function reshape(x: Operand, shape: Shape): Tensor {
  const t = asTensor(x);
  const open = shape.indexOf(-1);
  let full: Shape = shape;
  if (open >= 0) {
    const rest = shape.reduce((n, d, i) => (i === open ? n : n * d), 1);
    if (t.size % rest !== 0)
      throw new ShapeError("reshape", [t.shape, shape], `${t.size} elements do not divide by ${rest}`);
    full = shape.map((d, i) => (i === open ? t.size / rest : d));
  }
  return sameShape(full, t.shape) ? t : apply("reshape", [t], { shape: full });
}

/** Reorder the axes; without an order, reverse them. */
export function transpose(x: Operand, perm?: readonly number[]): Tensor {
  const t = asTensor(x);
  const order =
    perm?.map((p) => resolveAxis("transpose", p, t.shape)) ?? t.shape.map((_, i) => t.rank - 1 - i);
  return order.every((p, i) => p === i) ? t : apply("transpose", [t], { perm: order });
}

export function broadcastTo(x: Operand, shape: Shape): Tensor {
  const t = asTensor(x);
  return sameShape(t.shape, shape) ? t : apply("broadcastTo", [t], { shape });
}

/** From `starts`, `lengths` elements along each axis, in `steps` (1 when left out). */
export function slice(
  x: Operand,
  {
    starts,
    lengths,
    steps,
  }: { starts: readonly number[]; lengths: readonly number[]; steps?: readonly number[] },
): Tensor {
  const t = asTensor(x);
  const by = steps ?? starts.map(() => 1);
  if (starts.length !== t.rank || lengths.length !== t.rank || by.length !== t.rank)
    throw new ShapeError("slice", [t.shape], `needs ${t.rank} starts, lengths and steps`);
  if (sameShape(lengths, t.shape) && by.every((s) => s === 1)) return t;
  return apply("slice", [t], { starts, lengths, steps: by });
}

/** Elements start ≤ i < end of one axis (Python's x[start:end] along that axis; negative counts from the end). */
export function narrow(x: Operand, axis: number, start: number, end: number): Tensor {
  const t = asTensor(x);
  const at = resolveAxis("narrow", axis, t.shape);
  const d = t.shape[at]!;
  const from = start < 0 ? start + d : start;
  const to = end < 0 ? end + d : end;
  return slice(t, {
    starts: t.shape.map((_, i) => (i === at ? from : 0)),
    lengths: t.shape.map((n, i) => (i === at ? to - from : n)),
  });
}

export function flip(x: Operand, axes: Axes): Tensor {
  const t = asTensor(x);
  const which = resolveAxes("flip", axes, t.shape);
  return slice(t, {
    starts: t.shape.map((d, i) => (which.includes(i) ? d - 1 : 0)),
    lengths: t.shape,
    steps: t.shape.map((_, i) => (which.includes(i) ? -1 : 1)),
  });
}

export function concat(pieces: readonly Operand[], axis: number): Tensor {
  if (pieces.length === 0) throw new ShapeError("concat", [], "needs at least one piece");
  const inputs = pieces.map((p) => asTensor(p));
  const at = resolveAxis("concat", axis, inputs[0]!.shape);
  return inputs.length === 1 ? inputs[0]! : apply("concat", inputs, { axis: at });
}

/** Join along a new axis. */
export function stack(pieces: readonly Operand[], axis = 0): Tensor {
  const inputs = pieces.map((p) => asTensor(p));
  const rank = inputs[0]?.rank ?? 0;
  const at = axis < 0 ? axis + rank + 1 : axis;
  return concat(
    inputs.map((t) => reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)])),
    at,
  );
}

/** Cut an axis into `count` equal pieces. */
export function chunk(x: Operand, count: number, axis: number): Tensor[] {
  const t = asTensor(x);
  const at = resolveAxis("chunk", axis, t.shape);
  const width = t.shape[at]! / count;
  if (!Number.isInteger(width))
    throw new ShapeError("chunk", [t.shape], `axis ${at} does not divide into ${count}`);
  return Array.from({ length: count }, (_, i) => narrow(t, at, i * width, (i + 1) * width));
}

/** Constant padding: `low` before and `high` after, one amount an axis. */
export function pad(
  x: Operand,
  { low, high, value = 0 }: { low: readonly number[]; high: readonly number[]; value?: number },
): Tensor {
  const t = asTensor(x);
  return low.every((p) => p === 0) && high.every((p) => p === 0)
    ? t
    : apply("pad", [t], { low, high, value });
}

export function squeeze(x: Operand, axis: number): Tensor {
  const t = asTensor(x);
  const at = resolveAxis("squeeze", axis, t.shape);
  return reshape(
    t,
    t.shape.filter((_, i) => i !== at),
  );
}

export function unsqueeze(x: Operand, axis: number): Tensor {
  const t = asTensor(x);
  const at = axis < 0 ? axis + t.rank + 1 : axis;
  return reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)]);
}

/** Axes `start` to `end` (both included) as one (torch.flatten). */
export function flatten(x: Operand, start = 0, end = -1): Tensor {
  const t = asTensor(x);
  if (t.rank === 0) return reshape(t, [1]);
  const [from, to] = [resolveAxis("flatten", start, t.shape), resolveAxis("flatten", end, t.shape)];
  if (from > to) throw new ShapeError("flatten", [t.shape], `axis ${start} lies behind axis ${end}`);
  return reshape(t, [
    ...t.shape.slice(0, from),
    sizeOf(t.shape.slice(from, to + 1)),
    ...t.shape.slice(to + 1),
  ]);
}

/** Rows of `x` along `axis` at `index` (any shape), as torch.index_select and an embedding do. */
export function gather(x: Operand, index: Operand, axis = 0): Tensor {
  const t = asTensor(x);
  return apply("gather", [t, asTensor(index, "int32")], { axis: resolveAxis("gather", axis, t.shape) });
}

/** x[..., index[..., j, ...], ...] along `axis` (torch.gather). */
export function gatherElements(x: Operand, index: Operand, axis: number): Tensor {
  const t = asTensor(x);
  return apply("gatherElements", [t, asTensor(index)], {
    axis: resolveAxis("gatherElements", axis, t.shape),
  });
}

/** `base` with `updates` added at `index` along `axis` (torch.scatter_add). */
export function scatterAdd(base: Operand, index: Operand, updates: Operand, axis: number): Tensor {
  const t = asTensor(base);
  return apply("scatterAdd", [t, asTensor(index), asTensor(updates)], {
    axis: resolveAxis("scatterAdd", axis, t.shape),
  });
}

/**
 * `x` with `value` in the place of its row at position `at` (one whole number) along `axis`; value has size 1 there. Nothing is
 * written where there is no such position. Assigned to the variable that it was read from, it is written in place.
 */
export function writeAt(x: Operand, at: Operand, value: Operand, axis: number): Tensor {
  const t = asTensor(x);
  return apply("writeAt", [t, asTensor(at, "int32"), asTensor(value)], {
    axis: resolveAxis("writeAt", axis, t.shape),
  });
}

/** 1 at each index along a new last axis of size `depth`, as float32. */
export function oneHot(index: Operand, depth: number): Tensor {
  const t = asTensor(index);
  return cast(equal(reshape(t, [...t.shape, 1]), cast(arange(depth), t.dtype)), "float32");
}
