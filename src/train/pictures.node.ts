import { join } from "node:path";
import { imageGrid, type Raster } from "../data/image.ts";
import { writeFileAtomic } from "../files/node.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Picture } from "./task.ts";
import type { PngImage } from "./tensorboard.ts";

/** Small images are enlarged by a whole number to about this many pixels. */
const SIDE = 64;

/** A picture as pixels: its images in a grid (the last frame of an animation), or its chart drawn. */
export async function pictureRaster(picture: Picture): Promise<Raster> {
  if ("svg" in picture) {
    // Loaded when a chart is drawn: the renderer is large.
    const [{ svgToPng }, { decodePng }] = await Promise.all([
      import("../plot/node.ts"),
      import("../data/png.ts"),
    ]);
    return decodePng(svgToPng(picture.svg), picture.name);
  }
  return grid("frames" in picture ? picture.frames.at(-1)! : picture.images, picture.columns);
}

function grid(images: NdArray<"float32">, columns: number | undefined): Raster {
  const scale = Math.max(1, Math.round(SIDE / images.shape[3]!));
  return imageGrid(images, { scale, ...(columns && { columns }) });
}

/** Milliseconds per frame of an animation. */
const FRAME = 80;

/** Write a picture as `folder/name.png`, an animation as `.gif`; returns the path and the picture (an animation's last frame). */
export async function savePicture(
  folder: string,
  name: string,
  picture: Picture,
): Promise<{ readonly path: string; readonly image: PngImage }> {
  const { encodePng } = await import("../data/png.ts");
  const raster = await pictureRaster(picture);
  const { width, height, channels } = raster;
  const png = encodePng(raster);
  const path = join(folder, `${name}.${pictureExtension(picture)}`);
  await writeFileAtomic(path, "frames" in picture ? await gif(picture.frames, picture.columns) : png);
  return { path, image: { width, height, channels, png } };
}

async function gif(frames: readonly NdArray<"float32">[], columns: number | undefined): Promise<Uint8Array> {
  const { encodeGif } = await import("../data/gif.ts");
  return encodeGif(
    frames.map((frame) => grid(frame, columns)),
    { delay: FRAME },
  );
}

export const pictureExtension = (picture: Picture): "gif" | "png" => ("frames" in picture ? "gif" : "png");
