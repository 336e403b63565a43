import type { NdArray } from "../../tensor/ndarray.ts";
import { ShapeError } from "../../tensor/shape.ts";

/**
 * The variance of the discrete Laplacian (0 1 0 / 1 −4 1 / 0 1 0) over the inner pixels of a channel, averaged over
 * all channels and images [N, C, H, W] (Pech-Pacheco et al. 2000). Blur lowers it and noise raises it, so it is
 * meaningful only beside that of real images.
 */
export function sharpness({ data, shape }: NdArray<"float32">): number {
  const [n, c, h, w] = shape as readonly [number, number, number, number];
  if (shape.length !== 4 || n * c === 0 || h < 3 || w < 3)
    throw new ShapeError("sharpness", [shape], "images [N, C, H, W] of 3 × 3 pixels or more are expected");
  const pixels = (h - 2) * (w - 2);
  let total = 0;
  for (let plane = 0; plane < n * c; plane++) {
    let [sum, squares] = [0, 0];
    for (let y = 1; y < h - 1; y++)
      for (let x = 1, at = (plane * h + y) * w + 1; x < w - 1; x++, at++) {
        const value = data[at - 1]! + data[at + 1]! + data[at - w]! + data[at + w]! - 4 * data[at]!;
        sum += value;
        squares += value * value;
      }
    total += squares / pixels - (sum / pixels) ** 2;
  }
  return total / (n * c);
}
