import { expect, test } from "vitest";
import { planeChart } from "../../src/plot/plane.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";

const points = (...xy: number[]) => ndarray(Float32Array.from(xy), [xy.length / 2, 2]);
const square = { x: [-1, 1], y: [-1, 1] } as const;

test("what cannot be seen in the square is left out: drawn far outside, it would end the process", () => {
  const chart = planeChart({ title: "Samples" }, square, [
    { kind: "points", points: points(0, 0, 300, 0, 0.5, -1, 0, -4e4) },
    { kind: "curves", curves: [points(2, 2, 3, 2), points(-5, 0, 5, 0)] },
    { kind: "arrows", from: points(0, 0, 2, 0), to: points(9, 9, 3, 0) },
  ]);
  const layers = (chart as unknown as { layer: { data: { values: object[] } }[] }).layer;
  const [dots, curves, rules, heads] = layers.map(({ data }) => data.values);
  expect(dots).toEqual([{ x: 0, y: 0 }, { x: 0.5, y: -1 }]); // biome-ignore format: short
  expect(curves).toHaveLength(2);
  expect(rules).toHaveLength(1);
  expect(heads).toEqual([]);
});
