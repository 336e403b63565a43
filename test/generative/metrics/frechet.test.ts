import { Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import {
  frechetDistance,
  frechetError,
  type Gaussian,
  gaussianOf,
} from "../../../src/generative/metrics/frechet.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";

const gaussian = (mean: number[], rows: number[][], n = 1000): Gaussian => ({
  n,
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(rows.flat()),
});

test("mean and unbiased covariance, by hand", () => {
  const { n, mean, covariance } = gaussianOf(ndarray(Float32Array.of(1, 2, 3, 4, 5, 9), [3, 2]));
  expect([n, [...mean], [...covariance]]).toEqual([3, [3, 5], [4, 7, 7, 13]]);
});

test("features that are not finite, or no matrix, are refused", () => {
  expect(() => gaussianOf(ndarray(Float32Array.of(1, Number.NaN, 3, 4), [2, 2]))).toThrow(/not all finite/);
  expect(() => gaussianOf(ndarray(new Float32Array(4), [4]))).toThrow(/features \[N, D\] are expected/);
});

describe("in closed form", () => {
  test("one dimension: (μ₁ − μ₂)² + (σ₁ − σ₂)²", () => {
    expect(frechetDistance(gaussian([1], [[4]]), gaussian([4], [[25]]))).toBeCloseTo(9 + 9, 12);
  });

  test("diagonal covariances: one dimension after another", () => {
    const a = gaussian([0, 1, 0], [[1, 0, 0], [0, 9, 0], [0, 0, 0]]); // biome-ignore format: a matrix
    const b = gaussian([2, 1, 0], [[4, 0, 0], [0, 1, 0], [0, 0, 0.25]]); // biome-ignore format: a matrix
    expect(frechetDistance(a, b)).toBeCloseTo(4 + 1 + 4 + 0.25, 12);
  });

  // tr √(AB) of 2 × 2 matrices without any decomposition: the eigenvalues λ, μ of AB are not negative, so
  // (√λ + √μ)² = tr(AB) + 2·√det(AB).
  test.each([
    [
      [
        [2, 1],
        [1, 3],
      ],
      [
        [5, -2],
        [-2, 1],
      ],
    ],
    [
      [
        [1, 0.99],
        [0.99, 1],
      ],
      [
        [1, -0.99],
        [-0.99, 1],
      ],
    ],
    [
      [
        [1, 1],
        [1, 1],
      ],
      [
        [3, 1],
        [1, 7],
      ],
    ],
    [
      [
        [1e-6, 0],
        [0, 1e3],
      ],
      [
        [7, 2],
        [2, 4],
      ],
    ],
  ])("%j and %j do not commute", (p, q) => {
    const [A, B] = [new Matrix(p), new Matrix(q)];
    const AB = A.mmul(B);
    const determinant = (M: Matrix): number => M.get(0, 0) * M.get(1, 1) - M.get(0, 1) * M.get(1, 0);
    const root = Math.sqrt(AB.trace() + 2 * Math.sqrt(determinant(A) * determinant(B)));
    const expected = 1 + 4 + A.trace() + B.trace() - 2 * root;
    const found = frechetDistance(gaussian([0, 0], p), gaussian([1, -2], q));
    expect(Math.abs(found / expected - 1)).toBeLessThan(1e-12);
    expect(frechetDistance(gaussian([1, -2], q), gaussian([0, 0], p))).toBeCloseTo(found, 10);
  });
});

/** Random features of this rank among `d` dimensions. */
function features(n: number, d: number, rank: number, seed: number): Gaussian {
  const key = Key.seed(seed);
  const mix = hostNormal(key.split("mix"), rank * d);
  const z = hostNormal(key.split("z"), n * rank);
  const out = Float32Array.from({ length: n * d }, (_, at) => {
    const [i, j] = [Math.floor(at / d), at % d];
    let sum = 0.1 * j;
    for (let r = 0; r < rank; r++) sum += z[i * rank + r]! * mix[r * d + j]!;
    return sum;
  });
  return gaussianOf(ndarray(out, [n, d]));
}

test("against Newton's iteration for the root of Σ₁·Σ₂ (Denman and Beavers 1976), in 12 dimensions", () => {
  const [a, b] = [features(400, 12, 12, 1), features(300, 12, 12, 2)];
  const [A, B] = [a, b].map((g) => Matrix.from1DArray(12, 12, g.covariance)) as [Matrix, Matrix];
  let [Y, Z] = [A.mmul(B), Matrix.eye(12)];
  const inverse = (M: Matrix): Matrix => solveIdentity(M);
  for (let i = 0; i < 40; i++) {
    const [invY, invZ] = [inverse(Y), inverse(Z)];
    [Y, Z] = [Matrix.add(Y, invZ).mul(0.5), Matrix.add(Z, invY).mul(0.5)];
  }
  expect(Matrix.sub(Y.mmul(Y), A.mmul(B)).norm() / A.mmul(B).norm()).toBeLessThan(1e-9);
  const gap = a.mean.reduce((sum, m, i) => sum + (m - b.mean[i]!) ** 2, 0);
  const expected = gap + A.trace() + B.trace() - 2 * Y.trace();
  expect(Math.abs(frechetDistance(a, b) / expected - 1)).toBeLessThan(1e-8);
});

/** Gauss and Jordan, so that nothing is shared with what is tested. */
function solveIdentity(M: Matrix): Matrix {
  const n = M.rows;
  const rows = M.to2DArray().map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  for (let c = 0; c < n; c++) {
    const pivot = rows
      .slice(c)
      .reduce((best, row, i) => (Math.abs(row[c]!) > Math.abs(rows[best]![c]!) ? c + i : best), c);
    [rows[c], rows[pivot]] = [rows[pivot]!, rows[c]!];
    const head = rows[c]!.map((v) => v / rows[c]![c]!);
    rows[c] = head;
    rows.forEach((row, i) => {
      const factor = row[c]!;
      if (i !== c) rows[i] = row.map((v, j) => v - factor * head[j]!);
    });
  }
  return new Matrix(rows.map((row) => row.slice(n)));
}

test("from itself it is nothing, also where the covariance is singular", () => {
  for (const g of [features(200, 16, 16, 3), features(200, 16, 4, 3)]) {
    const size = g.covariance.reduce((sum, v, at) => sum + (at % 17 === 0 ? v : 0), 0);
    expect(frechetDistance(g, g) / size).toBeLessThan(1e-12);
  }
});

test("with no more images than features there is no distance, and sizes must agree", () => {
  const few = gaussian([0, 0], [[1, 0], [0, 1]], 2); // biome-ignore format: a matrix
  const enough = gaussian([0, 0], [[1, 0], [0, 1]], 3); // biome-ignore format: a matrix
  expect(() => frechetDistance(enough, few)).toThrow(
    "on 2 features needs more than 2 images, but there are 2",
  );
  expect(frechetDistance(enough, enough)).toBe(0);
  expect(() => frechetDistance(enough, gaussian([0], [[1]]))).toThrow(/features of one size/);
});

describe("its standard error", () => {
  const cloud = (n: number, shift: number, seed: number) =>
    ndarray(
      hostNormal(Key.seed(seed), 3 * n).map((v) => v + shift),
      [n, 3],
    );
  const reference = gaussianOf(cloud(20_000, 0, 0));

  test("is how far the distances of many draws lie apart", () => {
    const draws = Array.from({ length: 60 }, (_, i) => cloud(500, 0.5, 1 + i));
    const distances = draws.map((x) => frechetDistance(gaussianOf(x), reference));
    const mean = distances.reduce((a, b) => a + b) / 60;
    const spread = Math.sqrt(distances.reduce((a, b) => a + (b - mean) ** 2, 0) / 59);
    const told = draws.map((x) => frechetError(x, reference)).reduce((a, b) => a + b) / 60;
    expect(told / spread).toBeGreaterThan(0.8);
    expect(told / spread).toBeLessThan(1.2);
  });

  test("does not count what is drawn in turn as chance", () => {
    // Two classes far apart, in turn: only what lies within a class is chance.
    const n = 1000;
    const inTurn = hostNormal(Key.seed(5), n).map((v, i) => (i % 2 ? 10 : -10) + 0.1 * v);
    const coins = hostNormal(Key.seed(6), n);
    const byChance = hostNormal(Key.seed(5), n).map((v, i) => (coins[i]! > 0 ? 10 : -10) + 0.1 * v);
    const [turn, chance] = [inTurn, byChance].map((data) =>
      frechetError(ndarray(data, [n, 1]), gaussian([3], [[4]])),
    ) as [number, number];
    expect(turn).toBeLessThan(0.1 * chance);
  });
});
