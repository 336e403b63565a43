import { UserError } from "../errors.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { hostNormal, type Key } from "../tensor/random.ts";

/** Codes: one row per point of the latent space, [N, D]. Everything here is on the host. */
export type Codes = NdArray<"float32">;

export type Interpolation = (a: Float32Array, b: Float32Array, t: number) => Float32Array;

/** The straight line from a to b. */
export const lerp: Interpolation = (a, b, t) => a.map((v, i) => (1 - t) * v + t * b[i]!);

/**
 * The great arc from a to b (Shoemake 1985; Song et al. 2021, eq. 67): sin((1−t)θ)/sin θ·a + sin(tθ)/sin θ·b, θ the angle
 * between a and b. Codes drawn from N(0, I) lie near a sphere, and so do the points between them, where a straight line
 * would cut through its empty middle (White 2016).
 */
export const slerp: Interpolation = (a, b, t) => {
  if (a.length !== b.length)
    throw new UserError(`slerp needs arrays of the same length, not of ${a.length} and ${b.length}`);
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((s, v, i) => s + v * y[i]!, 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  // Codes on one line with the origin (or at it) have no arc between them.
  if (!(Math.sin(angle) > 1e-4)) return lerp(a, b, t);
  const [wa, wb] = [Math.sin((1 - t) * angle), Math.sin(t * angle)].map((s) => s / Math.sin(angle));
  return a.map((v, i) => wa! * v + wb! * b[i]!);
};

export const row = (codes: Codes, i: number): Float32Array =>
  codes.data.subarray(i * codes.shape[1]!, (i + 1) * codes.shape[1]!);

export function codesOf(rows: readonly ArrayLike<number>[]): Codes {
  const width = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * width);
  rows.forEach((values, i) => {
    data.set(values, i * width);
  });
  return ndarray(data, [rows.length, width]);
}

/** The path from each a_i to b_i in `steps` points, ends included: rows of pair 0, then of pair 1 … */
export function paths(
  pairs: readonly (readonly [Float32Array, Float32Array])[],
  steps: number,
  between: Interpolation,
): Codes {
  return codesOf(
    pairs.flatMap(([a, b]) => Array.from({ length: steps }, (_, s) => between(a, b, s / (steps - 1)))),
  );
}

/** Mean and variance of each dimension, and the dimensions from the most to the least varied. */
export interface CodeStatistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly order: readonly number[];
}

export function statistics(codes: Codes): CodeStatistics {
  const [n, d] = codes.shape as [number, number];
  const mean = new Float64Array(d);
  const variance = new Float64Array(d);
  codes.data.forEach((v, i) => {
    mean[i % d]! += v / n;
  });
  codes.data.forEach((v, i) => {
    variance[i % d]! += (v - mean[i % d]!) ** 2 / n;
  });
  const order = Array.from(mean.keys()).sort((a, b) => variance[b]! - variance[a]!);
  return { mean, variance, order };
}

/** The base code with one dimension at a time set to each of `values(dimension)`: one row of codes per dimension. */
export const traversal = (
  base: Float32Array,
  dimensions: readonly number[],
  values: (dimension: number) => readonly number[],
): Codes =>
  codesOf(
    dimensions.flatMap((dimension) =>
      values(dimension).map((value) => base.map((v, i) => (i === dimension ? value : v))),
    ),
  );

/** From -1 to 1 in `steps` points. */
export const span = (steps: number): number[] =>
  Array.from({ length: steps }, (_, i) => (2 * i) / (steps - 1) - 1);

/**
 * `count` points of the Gaussian that has the mean and covariance of these codes: the mean plus a random
 * combination of the centred codes, Σ ε_i (c_i − m) / √n, which needs no factorisation of the covariance. This is
 * how samples are drawn where a model has no prior (Ghosh et al. 2020, "ex-post density estimation").
 */
export function sampleFitted(codes: Codes, count: number, key: Key): Codes {
  const [n, d] = codes.shape as [number, number];
  const { mean } = statistics(codes);
  const noise = hostNormal(key, count * n);
  const rows = Array.from({ length: count }, (_, s) => {
    const sum = new Float64Array(d);
    for (let i = 0; i < n; i++) {
      const e = noise[s * n + i]! / Math.sqrt(n);
      for (let j = 0; j < d; j++) sum[j]! += e * (codes.data[i * d + j]! - mean[j]!);
    }
    return sum.map((v, j) => v + mean[j]!);
  });
  return codesOf(rows);
}

/** The distribution that codes are sampled from, and how to interpolate between codes. */
export interface Prior {
  /** For captions: "N(0, I)". */
  readonly name: string;
  /** `codes` gives codes of training images, computed when called. */
  sample(count: number, dimensions: number, key: Key, codes: () => Promise<Codes>): Promise<Codes>;
  readonly between: Interpolation;
  /** Mean and standard deviation of each dimension; `seen` gives statistics of codes of images, computed when called. */
  scale(
    seen: () => Promise<CodeStatistics>,
  ): Promise<(dimension: number) => readonly [mean: number, deviation: number]>;
}

export const standardNormal: Prior = {
  name: "N(0, I)",
  sample: async (count, d, key) => ndarray(hostNormal(key, count * d), [count, d]),
  between: slerp,
  scale: async () => () => [0, 1],
};

/** For models without a prior: the Gaussian that fits the codes. */
export const fitted: Prior = {
  name: "a Gaussian fitted to the codes",
  sample: async (count, _, key, codes) => sampleFitted(await codes(), count, key),
  between: lerp,
  scale: async (seen) => {
    const { mean, variance } = await seen();
    return (j) => [mean[j]!, Math.sqrt(variance[j]!)];
  },
};
