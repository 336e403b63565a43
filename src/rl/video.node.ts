import { type Raster, raster } from "../data/image.ts";
import { decodeImage, encodeGif } from "../data/image-files.ts";
import { UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/node.ts";
import { svgToPng } from "../plot/node.ts";

export interface SaveVideoOptions {
  /** Frames per second. */
  readonly fps?: number;
  /** Device pixels per SVG pixel. */
  readonly scale?: number;
}

/** Writes pictures (SVG texts, such as the frames of a Video) as an animated GIF. */
export async function saveVideo(
  path: string,
  frames: readonly string[],
  { fps = 15, scale = 1 }: SaveVideoOptions = {},
): Promise<void> {
  if (frames.length === 0) throw new UserError(`${path}: a video needs at least one frame`);
  if (!(fps > 0)) throw new UserError(`${path}: fps must be above 0, not ${fps}`);
  const rasters = frames.map((svg) => decodeImage(svgToPng(svg, { scale }), path));
  await writeFileAtomic(path, encodeGif(onOneCanvas(rasters), { delay: 1000 / fps, hold: 1000 }));
}

/** Pads all pictures with white to the size of the largest. */
function onOneCanvas(pictures: readonly Raster[]): Raster[] {
  const width = Math.max(...pictures.map((picture) => picture.width));
  const height = Math.max(...pictures.map((picture) => picture.height));
  return pictures.map((picture) => {
    if (picture.width === width && picture.height === height) return picture;
    const { channels } = picture;
    const canvas = raster(width, height, channels, new Uint8Array(width * height * channels).fill(255));
    for (let y = 0; y < picture.height; y++) {
      const row = picture.data.subarray(y * picture.width * channels, (y + 1) * picture.width * channels);
      canvas.data.set(row, y * width * channels);
    }
    return canvas;
  });
}
