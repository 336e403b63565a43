/** Numbers as grey values, 0 to 255. */
import { PIXELS } from "./chain.ts";

export type Greys = Uint8ClampedArray;

/** From the network's [−1, 1]. */
export const ofImage = (x: Float32Array): Greys => Uint8ClampedArray.from(x, (v) => 127.5 * (v + 1));
/** Noise, three standard deviations to each side. */
export const ofNoise = (x: Float32Array): Greys => Uint8ClampedArray.from(x, (v) => 127.5 + 42.5 * v);
/** From [0, 1]. */
export const ofShare = (x: Float32Array): Greys => Uint8ClampedArray.from(x, (v) => 255 * v);

/** Image i of several. */
export const nth = <A extends Float32Array | Greys>(images: A, i: number): A =>
  images.slice(i * PIXELS, (i + 1) * PIXELS) as A;

/** Draw `side` × `side` greys with their upper left corner here. */
export function put(context: CanvasRenderingContext2D, greys: Greys, side: number, x = 0, y = 0): void {
  const image = context.createImageData(side, side);
  for (const [i, grey] of greys.entries()) image.data.set([grey, grey, grey, 255], 4 * i);
  context.putImageData(image, x, y);
}

/** A picture that was recorded as one PNG of images side by side in rows: row by row, image by image. */
export async function unpack(png: string): Promise<readonly (readonly Greys[])[]> {
  const picture = new Image();
  picture.src = png;
  await picture.decode();
  const side = Math.sqrt(PIXELS);
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0);
  const at = (row: number, column: number): Greys => {
    const { data } = context.getImageData(column * side, row * side, side, side);
    return Uint8ClampedArray.from({ length: PIXELS }, (_, i) => data[4 * i]!);
  };
  return Array.from({ length: height / side }, (_, row) =>
    Array.from({ length: width / side }, (_, column) => at(row, column)),
  );
}
