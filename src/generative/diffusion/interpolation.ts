import { UserError } from "../../errors.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";

/** Two directions closer than this (sin θ) are joined by a straight line. */
const PARALLEL = 1e-6;

/**
 * Spherical interpolation (Shoemake 1985; Song et al. 2021, eq. 67): between two noises along the arc, which keeps
 * their length and so keeps them noise: sin((1−α)θ)/sin θ·a + sin(αθ)/sin θ·b, θ the angle between a and b.
 * @returns one array for each α, stacked: [alphas, ...shape].
 */
export function slerp(
  a: NdArray<"float32">,
  b: NdArray<"float32">,
  alphas: readonly number[],
): NdArray<"float32"> {
  if (!sameShape(a.shape, b.shape))
    throw new UserError(
      `slerp joins arrays of one shape, not ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.data.entries()) {
    const y = b.data[i]!;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  const cos = Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb || 1)));
  const theta = Math.acos(cos);
  const sin = Math.sin(theta);
  const out = new Float32Array(alphas.length * a.data.length);
  for (const [k, alpha] of alphas.entries()) {
    const [u, v] =
      sin < PARALLEL
        ? [1 - alpha, alpha]
        : [Math.sin((1 - alpha) * theta) / sin, Math.sin(alpha * theta) / sin];
    for (const [i, x] of a.data.entries()) out[k * a.data.length + i] = u * x + v * b.data[i]!;
  }
  return ndarray(out, [alphas.length, ...a.shape]);
}
