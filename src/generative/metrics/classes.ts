import type { NdArray } from "../../tensor/ndarray.ts";
import { ShapeError } from "../../tensor/shape.ts";

/** A classifier's class probabilities for images, [N, K]. */
export type Probabilities = NdArray<"float32">;

function sizes(op: string, { shape }: Probabilities): [n: number, k: number] {
  const [n, k] = shape;
  if (shape.length !== 2 || !n || !k)
    throw new ShapeError(op, [shape], "probabilities [N, K] of one image or more are expected");
  return [n, k];
}

/**
 * exp E[KL(p(y|x) ‖ p(y))] (Salimans et al. 2016), in one split: from 1 to the number of classes K, which is
 * reached where every image is classified with certainty and all classes are equally frequent. (The paper averages ten
 * splits, which only adds bias; Barratt and Sharma 2018.)
 */
export function inceptionScore(probabilities: Probabilities): number {
  const [n, k] = sizes("inceptionScore", probabilities);
  const marginal = new Float64Array(k);
  probabilities.data.forEach((p, i) => {
    marginal[i % k]! += p / n;
  });
  let divergence = 0;
  probabilities.data.forEach((p, i) => {
    if (p > 0) divergence += (p * Math.log(p / marginal[i % k]!)) / n;
  });
  return Math.exp(divergence);
}

/** The likeliest class of each image. */
export function predictions(probabilities: Probabilities): Int32Array {
  const [n, k] = sizes("predictions", probabilities);
  return Int32Array.from({ length: n }, (_, i) => {
    let best = 0;
    for (let c = 1; c < k; c++)
      if (probabilities.data[i * k + c]! > probabilities.data[i * k + best]!) best = c;
    return best;
  });
}

/** The share of images of each class [K]; an image counts for its likeliest class. */
export function classHistogram(probabilities: Probabilities): Float64Array {
  const [n, k] = sizes("classHistogram", probabilities);
  const shares = new Float64Array(k);
  for (const c of predictions(probabilities)) shares[c]! += 1 / n;
  return shares;
}

/** KL(histogram ‖ uniform) in nats: 0 where all K classes are equally frequent, log K where there is only one. */
export function klFromUniform(histogram: ArrayLike<number>): number {
  const k = histogram.length;
  return Array.from(histogram).reduce((sum, p) => (p > 0 ? sum + p * Math.log(p * k) : sum), 0);
}

/** The share of images whose likeliest class is the one they were conditioned on; labels [N]. */
export function recognised(probabilities: Probabilities, labels: NdArray<"int32">): number {
  const [n] = sizes("recognised", probabilities);
  if (labels.data.length !== n)
    throw new ShapeError("recognised", [probabilities.shape, labels.shape], "a label per image is expected");
  const right = predictions(probabilities).reduce((sum, c, i) => sum + (c === labels.data[i] ? 1 : 0), 0);
  return right / n;
}
