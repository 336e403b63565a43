import { UserError } from "../../errors.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { statistics } from "../latent.ts";

type Features = NdArray<"float32">;

export interface PrecisionRecall {
  /** The share of generated images within the manifold of real ones: fidelity. */
  readonly precision: number;
  /** The share of real images within the manifold of generated ones: coverage. */
  readonly recall: number;
}

export interface PrecisionRecallOptions {
  /** The neighbour whose distance is a ball's radius; 3 in the paper. */
  readonly k?: number;
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

/** Points handled between turns of the event loop (so that a page does not freeze and Ctrl-C is handled). */
const BLOCK = 200;

/**
 * Improved precision and recall (Kynkäänniemi et al. 2019, equation 1). The manifold of a set is the union of balls
 * around its points, each reaching to the point's k-th nearest neighbour in the set. Both sets should be of one size:
 * more points make smaller balls. Features [N, D], exact distances in float64; takes O(N²·D) time (5000 × 5000 points:
 * about two seconds).
 */
export async function precisionRecall(
  real: Features,
  fake: Features,
  { k = 3, progress }: PrecisionRecallOptions = {},
): Promise<PrecisionRecall> {
  if (real.shape.length !== 2 || fake.shape.length !== 2 || real.shape[1] !== fake.shape[1])
    throw new ShapeError("precisionRecall", [real.shape, fake.shape], "features [N, D] twice are expected");
  const counts = [real, fake].map(({ shape }) => shape[0]!);
  const fewest = Math.min(...counts);
  if (!(Number.isInteger(k) && k >= 1)) throw new RangeError(`precisionRecall: k = ${k}`);
  if (fewest <= k)
    throw new UserError(
      `precision and recall with ${k} neighbours need more than ${k} images, but there are ${fewest}`,
    );
  // The most varied dimensions come first, so that a distance beyond the limit is found early.
  const { order } = statistics(real);
  const [a, b] = [arrange(real, order), arrange(fake, order)];
  const total = 2 * (counts[0]! + counts[1]!);
  let done = 0;
  const count = async (points: Points, test: (i: number) => boolean): Promise<number> => {
    let hits = 0;
    for (let i = 0; i < points.n; i++) {
      if (test(i)) hits++;
      if (++done % BLOCK === 0) {
        progress?.(done, total);
        await new Promise((next) => setTimeout(next));
      }
    }
    return hits / points.n;
  };
  const reach = async (points: Points): Promise<Float64Array> => {
    const radii = new Float64Array(points.n);
    await count(points, (i) => (radii[i] = kthDistance(points, i, k)) >= 0);
    return radii;
  };
  const among = (points: Points, others: Points, radii: Float64Array): Promise<number> =>
    count(points, (i) => isAmong(points, i, others, radii));
  const precision = await among(b, a, await reach(a));
  const recall = await among(a, b, await reach(b));
  progress?.(total, total);
  return { precision, recall };
}

interface Points {
  readonly n: number;
  readonly d: number;
  readonly data: Float64Array;
}

function arrange({ data, shape }: Features, order: readonly number[]): Points {
  const [n, d] = shape as readonly [number, number];
  const out = new Float64Array(n * d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) out[i * d + j] = data[i * d + order[j]!]!;
  return { n, d, data: out };
}

/** The squared distance; where it exceeds `limit`, some value above `limit`. */
function distance(a: Points, i: number, b: Points, j: number, limit: number): number {
  const { d } = a;
  let sum = 0;
  for (let at = 0; at < d; ) {
    for (const stop = Math.min(d, at + 8); at < stop; at++) {
      const gap = a.data[i * d + at]! - b.data[j * d + at]!;
      sum += gap * gap;
    }
    if (sum > limit) return sum;
  }
  return sum;
}

/** The squared distance of point i to its k-th nearest neighbour. */
function kthDistance(points: Points, i: number, k: number): number {
  const nearest = new Float64Array(k).fill(Number.POSITIVE_INFINITY);
  for (let j = 0; j < points.n; j++) {
    if (j === i) continue;
    const far = distance(points, i, points, j, nearest[k - 1]!);
    if (far >= nearest[k - 1]!) continue;
    let at = k - 1;
    for (; at > 0 && nearest[at - 1]! > far; at--) nearest[at] = nearest[at - 1]!;
    nearest[at] = far;
  }
  return nearest[k - 1]!;
}

function isAmong(points: Points, i: number, others: Points, radii: Float64Array): boolean {
  for (let j = 0; j < others.n; j++) if (distance(points, i, others, j, radii[j]!) <= radii[j]!) return true;
  return false;
}
