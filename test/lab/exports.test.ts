import { expect, test } from "vitest";
import { csvOf, curvesOf, fileName } from "../../lab/src/plane/exports.ts";

const setting = { model: "vae", data: "ring-8", seed: 3, options: { beta: 4 } } as const;

test("a file is named by model, data and step", () => {
  expect(fileName(setting, 120, "csv")).toBe("vae-ring-8-step-120.csv");
});

test("points are lines of two numbers, to seven digits", () => {
  const points = Float32Array.of(0.1, -2, 1e-7, Math.PI);
  const text = csvOf(points);
  expect(text).toBe("x,y\n0.1,-2\n1e-7,3.141593\n");
});

test("a curve has the setting, and a null where nothing was measured", () => {
  const sparse: number[] = [];
  sparse[1] = 0.5;
  const read = JSON.parse(
    curvesOf(setting, { steps: [1, 2, 3], values: { loss: [3, 2, 1], covered: sparse } }),
  );
  expect(read).toEqual({
    ...setting,
    steps: [1, 2, 3],
    values: { loss: [3, 2, 1], covered: [null, 0.5, null] },
  });
});
