import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { hostUniform, type Key } from "../tensor/random.ts";

/** Images [B, C, H, W] to images; whatever is random in it comes from the key. */
export type Transform = (images: NdArray<"float32">, key: Key) => NdArray<"float32">;

/** Apply transforms one after another, each with its own key. */
export const compose =
  (...transforms: readonly Transform[]): Transform =>
  (images, key) =>
    transforms.reduce((x, transform, i) => transform(x, key.split(i)), images);

/** Mirror each image left to right with a probability. */
export const horizontalFlip =
  (probability = 0.5): Transform =>
  (images, key) => {
    const [b, c, h, w] = sizes(images);
    const draw = hostUniform(key, b);
    const data = images.data.slice();
    for (let i = 0; i < b; i++)
      if (draw[i]! < probability)
        for (let row = i * c * h; row < (i + 1) * c * h; row++)
          data.subarray(row * w, (row + 1) * w).reverse();
    return ndarray(data, images.shape);
  };

/** Add a border of `pixels` on every side: `pad(2)` makes 28 × 28 digits 32 × 32. */
export const pad =
  (pixels: number, value = 0): Transform =>
  (images) => {
    const [b, c, h, w] = sizes(images);
    const [height, width] = [h + 2 * pixels, w + 2 * pixels];
    const data = new Float32Array(b * c * height * width).fill(value);
    for (let plane = 0; plane < b * c; plane++)
      for (let y = 0; y < h; y++) {
        const from = (plane * h + y) * w;
        data.set(images.data.subarray(from, from + w), (plane * height + y + pixels) * width + pixels);
      }
    return ndarray(data, [b, c, height, width]);
  };

/** [0, 1] to [-1, 1]. */
export const normalize: Transform = (images) =>
  ndarray(
    images.data.map((v) => 2 * v - 1),
    images.shape,
  );

/** [-1, 1] back to [0, 1]. */
export const denormalize = (images: NdArray<"float32">): NdArray<"float32"> =>
  ndarray(
    images.data.map((v) => (v + 1) / 2),
    images.shape,
  );

const sizes = (images: NdArray): [number, number, number, number] =>
  images.shape as unknown as [number, number, number, number];
