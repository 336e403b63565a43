import { expect, test } from "vitest";
import {
  codesOf,
  fitted,
  lerp,
  paths,
  row,
  sampleFitted,
  slerp,
  span,
  standardNormal,
  statistics,
  traversal,
} from "../../src/generative/latent.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";

const norm = (v: Float32Array): number => Math.hypot(...v);

test("lerp is the straight line, slerp the arc", () => {
  const [a, b] = [Float32Array.of(2, 0), Float32Array.of(0, 2)];
  expect([...lerp(a, b, 0.25)]).toEqual([1.5, 0.5]);
  const middle = slerp(a, b, 0.5);
  expect(middle[0]).toBeCloseTo(Math.SQRT2, 6);
  expect(middle[1]).toBeCloseTo(Math.SQRT2, 6);
  for (const t of [0, 0.2, 0.7, 1]) expect(norm(slerp(a, b, t))).toBeCloseTo(2, 6);
  expect([...slerp(a, b, 0)]).toEqual([2, 0]);
});

test("slerp: ends, the middle of a right angle, and the length kept; parallel arrays go straight", () => {
  const [a, b] = [Float32Array.of(2, 0), Float32Array.of(0, 2)];
  const out = [0, 0.5, 1, 1 / 3].flatMap((t) => [...slerp(a, b, t)]);
  const expected = [2, 0, Math.SQRT2, Math.SQRT2, 0, 2, 2 * Math.cos(Math.PI / 6), 1];
  expect(out).toHaveLength(expected.length);
  for (const [i, v] of expected.entries()) expect(out[i]).toBeCloseTo(v, 5);
  const c = Float32Array.of(1, 2);
  expect([...slerp(c, c, 0.3)]).toEqual([...c]);
  expect(() => slerp(c, new Float32Array(3), 0)).toThrow(
    "slerp needs arrays of the same length, not of 2 and 3",
  );
});

test("slerp between codes on one line through the origin, or at it, is finite", () => {
  const a = Float32Array.of(1, 1);
  for (const b of [a, Float32Array.of(2, 2), Float32Array.of(-1, -1), Float32Array.of(0, 0)])
    for (const t of [0, 0.5, 1]) expect([...slerp(a, b, t)].every(Number.isFinite)).toBe(true);
});

test("paths hold both ends of each pair", () => {
  const pair = [Float32Array.of(0, 1), Float32Array.of(4, 5)] as const;
  const codes = paths([pair, pair], 5, lerp);
  expect(codes.shape).toEqual([10, 2]);
  expect([...row(codes, 5)]).toEqual([0, 1]);
  expect([...row(codes, 6)]).toEqual([1, 2]);
  expect([...row(codes, 9)]).toEqual([4, 5]);
});

test("statistics order dimensions by their variance", () => {
  const { mean, variance, order } = statistics(codesOf([[1, 0, 5], [1, 4, 3], [1, 2, 4]])); // biome-ignore format: a matrix
  expect([...mean]).toEqual([1, 2, 4]);
  expect(variance[0]).toBe(0);
  expect(variance[1]).toBeCloseTo(8 / 3, 10);
  expect(order).toEqual([1, 2, 0]);
});

test("a traversal moves one dimension and holds the rest", () => {
  const codes = traversal(Float32Array.of(7, 8, 9), [2, 0], (j) => span(3).map((t) => t + 10 * j));
  expect(codes.shape).toEqual([6, 3]);
  expect([...codes.data]).toEqual([7, 8, 19, 7, 8, 20, 7, 8, 21, -1, 8, 9, 0, 8, 9, 1, 8, 9]);
});

test("samples of fitted codes have the codes' mean and covariance", () => {
  const e = hostNormal(Key.seed(0), 400);
  const codes = codesOf(
    Array.from({ length: 200 }, (_, i) => [3 + e[2 * i]!, 2 * e[2 * i]! + 0.1 * e[2 * i + 1]!]),
  );
  const drawn = sampleFitted(codes, 4000, Key.seed(1));
  const [seen, made] = [statistics(codes), statistics(drawn)];
  for (const j of [0, 1]) {
    const deviation = Math.sqrt(seen.variance[j]!);
    expect(Math.abs(made.mean[j]! - seen.mean[j]!)).toBeLessThan((4 * deviation) / Math.sqrt(4000));
    expect(made.variance[j]! / seen.variance[j]!).toBeGreaterThan(1 - 4 * Math.sqrt(2 / 4000));
    expect(made.variance[j]! / seen.variance[j]!).toBeLessThan(1 + 4 * Math.sqrt(2 / 4000));
  }
  // The second dimension follows the first almost exactly, and must still do so.
  const rest = Array.from({ length: 4000 }, (_, i) => row(drawn, i)).map(([a, b]) => b! - 2 * (a! - 3));
  expect(Math.sqrt(rest.reduce((s, v) => s + v * v, 0) / 4000)).toBeLessThan(0.3);
});

test("priors know the scale of a dimension", async () => {
  const seen = statistics(codesOf([[0, 0], [2, 6]])); // biome-ignore format: a matrix
  expect((await standardNormal.scale(async () => seen))(1)).toEqual([0, 1]);
  expect((await fitted.scale(async () => seen))(1)).toEqual([3, 3]);
  const never = () => Promise.reject(new Error("the standard normal needs no codes"));
  expect((await standardNormal.sample(5, 3, Key.seed(0), never)).shape).toEqual([5, 3]);
});
