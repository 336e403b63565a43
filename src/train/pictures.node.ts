import { join } from "node:path";
import { imageGrid, type Raster } from "../data/image.ts";
import { decodeImage, encodeGif, encodePng } from "../data/image-files.ts";
import { writeFileAtomic } from "../files/node.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Picture } from "./task.ts";

/** Small images are enlarged by a whole number to about this many pixels. */
const SIDE = 64;

/** A picture as pixels: its images in a grid (of an animation the last), or its chart drawn. */
export async function pictureRaster(picture: Picture): Promise<Raster> {
  if ("svg" in picture) {
    // Loaded when a chart is drawn: the renderer is large.
    const { svgToPng } = await import("../plot/node.ts");
    return decodeImage(svgToPng(picture.svg), picture.name);
  }
  return grid("frames" in picture ? picture.frames.at(-1)! : picture.images, picture.columns);
}

function grid(images: NdArray<"float32">, columns: number | undefined): Raster {
  const scale = Math.max(1, Math.round(SIDE / images.shape[3]!));
  return imageGrid(images, { scale, ...(columns && { columns }) });
}

/** Milliseconds that a frame of an animation is seen. */
const FRAME = 80;

/** Write a picture as `folder/name.png`, an animation as `.gif`; the path and the pixels come back. */
export async function savePicture(
  folder: string,
  name: string,
  picture: Picture,
): Promise<{ readonly path: string; readonly raster: Raster }> {
  const raster = await pictureRaster(picture);
  const moving = "frames" in picture;
  const path = join(folder, `${name}.${pictureExtension(picture)}`);
  const bytes = moving
    ? encodeGif(
        picture.frames.map((frame) => grid(frame, picture.columns)),
        { delay: FRAME },
      )
    : encodePng(raster);
  await writeFileAtomic(path, bytes);
  return { path, raster };
}

export const pictureExtension = (picture: Picture): "gif" | "png" => ("frames" in picture ? "gif" : "png");
