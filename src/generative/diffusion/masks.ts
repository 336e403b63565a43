/** Which part of an image is kept, and which is inpainted. */
import { ndarray } from "../../tensor/ndarray.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Images } from "./sampling.ts";

/** Inpainting masks [N, 1, H, W] by the images' shape: 1 keeps a pixel, 0 inpaints it. */
const masked =
  (keeps: (y: number, x: number, h: number, w: number) => boolean) =>
  ([n, , h, w]: Shape): Images => {
    const data = new Float32Array(n! * h! * w!);
    for (let i = 0; i < data.length; i++) {
      const [y, x] = [Math.floor(i / w!) % h!, i % w!];
      data[i] = keeps(y, x, h!, w!) ? 1 : 0;
    }
    return ndarray(data, [n!, 1, h!, w!]);
  };

const middle = (i: number, n: number): boolean => i >= n / 4 && i < (3 * n) / 4;

export const MASKS = {
  left: masked((_y, x, _h, w) => x >= w / 2),
  right: masked((_y, x, _h, w) => x < w / 2),
  top: masked((y, _x, h) => y >= h / 2),
  bottom: masked((y, _x, h) => y < h / 2),
  centre: masked((y, x, h, w) => !(middle(y, h) && middle(x, w))),
} as const;
export type Mask = keyof typeof MASKS;
