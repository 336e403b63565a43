import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from "ml-matrix";
import { UserError } from "../../errors.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { ShapeError } from "../../tensor/shape.ts";

/** The normal distribution that fits n rows of D features. */
export interface Gaussian {
  /** The number of rows it was fitted to. */
  readonly n: number;
  /** [D] */
  readonly mean: Float64Array;
  /** [D, D] row-major, unbiased (divided by n − 1). */
  readonly covariance: Float64Array;
}

/** Mean and covariance of features [N, D], in float64. */
export function gaussianOf({ data, shape }: NdArray<"float32">): Gaussian {
  const [n, d] = shape;
  if (shape.length !== 2 || d === undefined || n === undefined)
    throw new ShapeError("gaussianOf", [shape], "features [N, D] are expected");
  if (n < 2) throw new RangeError(`gaussianOf: ${n} rows; at least two are needed`);
  const mean = new Float64Array(d);
  for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j]! += data[at++]!;
  for (let j = 0; j < d; j++) mean[j]! /= n;
  const covariance = new Float64Array(d * d);
  const row = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) row[j] = data[i * d + j]! - mean[j]!;
    for (let a = 0; a < d; a++) {
      const value = row[a]!;
      if (value !== 0) for (let b = a; b < d; b++) covariance[a * d + b]! += value * row[b]!;
    }
  }
  for (let a = 0; a < d; a++)
    for (let b = a; b < d; b++)
      covariance[b * d + a] = covariance[a * d + b] = covariance[a * d + b]! / (n - 1);
  if (!mean.every(Number.isFinite) || !covariance.every(Number.isFinite))
    throw new RangeError("gaussianOf: the features are not all finite");
  return { n, mean, covariance };
}

/**
 * The squared Fréchet distance of two Gaussians (Dowson and Landau 1982; "FID" where the features are Inception's,
 * Heusel et al. 2017): |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(√Σ₁·Σ₂·√Σ₁)^½). The last trace is the sum of the singular
 * values of √Σ₁·√Σ₂, which takes no roots of rounding errors where a covariance is singular.
 *
 * @throws UserError where there are no more rows than features: the covariance then says nothing.
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const d = a.mean.length;
  if (b.mean.length !== d)
    throw new ShapeError("frechetDistance", [[d], [b.mean.length]], "features of one size are expected");
  for (const { n } of [a, b])
    if (n <= d)
      throw new UserError(
        `a Fréchet distance on ${d} features needs more than ${d} images, but there are ${n}; 1,000 is a good start`,
      );
  let distance = 0;
  for (let i = 0; i < d; i++) {
    const gap = a.mean[i]! - b.mean[i]!;
    distance += gap * gap + a.covariance[i * d + i]! + b.covariance[i * d + i]!;
  }
  const product = squareRoot(a).mmul(squareRoot(b));
  const options = { computeLeftSingularVectors: false, computeRightSingularVectors: false };
  const trace = new SingularValueDecomposition(product, options).diagonal.reduce((s, v) => s + v, 0);
  return Math.max(0, distance - 2 * trace);
}

/**
 * Standard error of the Fréchet distance of rows [N, D] from `reference`, by leaving out each of `groups` blocks of
 * consecutive rows in turn (the delete-a-group jackknife, Shao and Wu 1989). Consecutive, so that samples drawn class by
 * class in turn stay balanced. It covers only the randomness of the rows; the reference is taken as exact.
 */
export function frechetError(
  features: NdArray<"float32">,
  reference: Gaussian,
  { groups = 10 }: { groups?: number } = {},
): number {
  const [n, d] = features.shape as readonly [number, number];
  const distances = Array.from({ length: groups }, (_, g) => {
    const [from, to] = [g, g + 1].map((i) => Math.floor((i * n) / groups)) as [number, number];
    const rest = new Float32Array((n - (to - from)) * d);
    rest.set(features.data.subarray(0, from * d));
    rest.set(features.data.subarray(to * d), from * d);
    return frechetDistance(gaussianOf(ndarray(rest, [n - (to - from), d])), reference);
  });
  const mean = distances.reduce((sum, value) => sum + value, 0) / groups;
  const squares = distances.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(((groups - 1) / groups) * squares);
}

/** The symmetric root of the covariance; eigenvalues that rounding made negative count as zero. */
function squareRoot({ mean, covariance }: Gaussian): Matrix {
  const d = mean.length;
  const { realEigenvalues, eigenvectorMatrix: v } = new EigenvalueDecomposition(
    Matrix.from1DArray(d, d, covariance),
    { assumeSymmetric: true },
  );
  const least = Math.max(0, ...realEigenvalues) * d * Number.EPSILON;
  const roots = realEigenvalues.map((value) => (value > least ? Math.sqrt(value) : 0));
  return v.clone().mulRowVector(roots).mmul(v.transpose());
}
