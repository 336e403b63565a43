import { join } from "node:path";
import { imageGrid, type Raster } from "../data/image.ts";
import { decodeImage, encodePng } from "../data/image-files.ts";
import { writeFileAtomic } from "../files/node.ts";
import type { Picture } from "./task.ts";

/** Small images are enlarged by a whole number to about this many pixels. */
const SIDE = 64;

/** A picture as pixels: its images in a grid, or its chart drawn. */
export async function pictureRaster(picture: Picture): Promise<Raster> {
  if ("svg" in picture) {
    // Loaded when a chart is drawn: the renderer is large.
    const { svgToPng } = await import("../plot/node.ts");
    return decodeImage(svgToPng(picture.svg), picture.name);
  }
  const { images, columns } = picture;
  const scale = Math.max(1, Math.round(SIDE / images.shape[3]!));
  return imageGrid(images, { scale, ...(columns && { columns }) });
}

/** Write a picture as `folder/prefix + name.png`; the path comes back. */
export async function savePicture(folder: string, name: string, raster: Raster): Promise<string> {
  const path = join(folder, `${name}.png`);
  await writeFileAtomic(path, encodePng(raster));
  return path;
}
