/** What is learned in the plane: the library's sets of points, or what a visitor drew. */
import type { Examples, PointBatch, PointData } from "galatea/data/data.ts";
import { POINTS } from "galatea/data/points.ts";
import { fieldsOf, type PointSpec } from "galatea/data/spec.ts";
import { UserError } from "galatea/errors.ts";
import { ndarray } from "galatea/tensor/ndarray.ts";
import { hostNormal, hostUniform, Key } from "galatea/tensor/random.ts";
import type { Setting, View } from "./models.ts";

const DRAWN = 20_000;
/** Standard deviation of what lies around a drawn point. */
const JITTER = 0.03;

/** Many points around the few that were drawn, so that an epoch is long. */
function drawnData(drawn: readonly number[]): PointData {
  const count = Math.floor(drawn.length / 2);
  if (count < 10) throw new UserError("a set of fewer than 10 drawn points is too small to learn: draw more");
  const spec: PointSpec = { kind: "points", name: "drawn", dimensions: 2, classes: [] };
  const key = Key.seed(0).split("drawn");
  const which = hostUniform(key.split("which"), DRAWN);
  const points = hostNormal(key.split("noise"), 2 * DRAWN);
  for (let i = 0; i < DRAWN; i++) {
    const at = 2 * Math.floor(which[i]! * count);
    for (const axis of [0, 1]) points[2 * i + axis] = drawn[at + axis]! + JITTER * points[2 * i + axis]!;
  }
  const examples: Examples<PointBatch> = {
    length: DRAWN,
    fields: fieldsOf(spec),
    batch: (indices) => ({
      points: ndarray(
        Float32Array.from({ length: 2 * indices.length }, (_, i) => points[2 * indices[i >> 1]! + (i & 1)]!),
        [indices.length, 2],
      ),
    }),
  };
  return { kind: "points", name: "drawn", spec, train: examples, test: examples, classes: [] };
}

export const dataOf = ({ data, drawn = [] }: Setting): PointData =>
  data === "drawn" ? drawnData(drawn) : POINTS[data]();

/** The first points of a set, x, y, x, y …: to be drawn, and to measure by. */
export async function firstPoints({ test }: PointData, count: number): Promise<Float32Array> {
  const { points } = await test.batch(Int32Array.from({ length: count }, (_, i) => i));
  return points.data as Float32Array;
}

/** The square around points, with room on all sides. */
export function viewOf(points: Float32Array): View {
  const ends = [0, 1].map((axis) => {
    const values = points.filter((_, i) => i % 2 === axis).toSorted();
    return [values[0]!, values.at(-1)!] as const;
  });
  const [[x0, x1], [y0, y1]] = ends as [readonly [number, number], readonly [number, number]];
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, reach: 0.66 * Math.max(x1 - x0, y1 - y0) };
}
