import type { ConvGeometry } from "./tensor.ts";

/** A static shape: every dimension is known when the graph is traced. */
export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);
export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** A shape that cannot be: names the op and the shapes it was given. */
export class ShapeError extends Error {
  override name = "ShapeError";
  constructor(op: string, shapes: readonly Shape[], why: string) {
    super(`${op}(${shapes.map(showShape).join(", ")}): ${why}`);
  }
}

/** NumPy broadcasting of two or more shapes. */
export function broadcastShapes(op: string, ...shapes: Shape[]): Shape {
  const rank = Math.max(...shapes.map((s) => s.length));
  const out: number[] = Array.from({ length: rank }, () => 1);
  for (const shape of shapes) {
    const lead = rank - shape.length;
    shape.forEach((d, i) => {
      const have = out[lead + i]!;
      if (have === 1) out[lead + i] = d;
      else if (d !== 1 && d !== have)
        throw new ShapeError(
          op,
          shapes,
          `these shapes do not broadcast: dimension ${lead + i} is ${have} and ${d}`,
        );
    });
  }
  return out;
}

/** A negative axis counts from the end. */
export function resolveAxis(op: string, axis: number, shape: Shape): number {
  const resolved = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= shape.length)
    throw new ShapeError(op, [shape], `axis ${axis} is outside a tensor of ${shape.length} dimensions`);
  return resolved;
}

/** Axes resolved, ascending, without repeats; undefined means all of them. */
export function resolveAxes(
  op: string,
  axes: number | readonly number[] | undefined,
  shape: Shape,
): number[] {
  if (axes === undefined) return shape.map((_, i) => i);
  const list = (typeof axes === "number" ? [axes] : axes).map((a) => resolveAxis(op, a, shape));
  const unique = [...new Set(list)].sort((a, b) => a - b);
  if (unique.length !== list.length)
    throw new ShapeError(op, [shape], `an axis is named twice in ${showShape(list)}`);
  return unique;
}

/** Output length of a convolution along one axis (0: rows, 1: columns). */
export function convLength(size: number, kernel: number, axis: 0 | 1, c: ConvGeometry): number {
  const reach = c.dilation[axis] * (kernel - 1) + 1;
  return Math.floor((size + c.padding[axis][0] + c.padding[axis][1] - reach) / c.stride[axis]) + 1;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}
