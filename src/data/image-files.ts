import { UserError } from "../errors.ts";
import type { Raster } from "./image.ts";
import { decodeJpeg } from "./jpeg.ts";
import { decodePng } from "./png.ts";

export { encodeGif } from "./gif.ts";
export { encodePng } from "./png.ts";

/**
 * The picture in the bytes of a PNG or JPEG file; transparency is laid on white.
 * @throws UserError naming the file that is neither, damaged, or has more than 2²⁵ pixels.
 */
export function decodeImage(bytes: Uint8Array, file: string): Raster {
  const kind = kindOf(bytes);
  if (!kind) throw new UserError(`${file}: this is neither a PNG nor a JPEG file.`);
  try {
    return kind === "PNG" ? decodePng(bytes, file) : decodeJpeg(bytes, file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file}: this ${kind} file is damaged (${(error as Error).message}).`);
  }
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function kindOf(bytes: Uint8Array): "PNG" | "JPEG" | undefined {
  if (PNG.every((byte, i) => bytes[i] === byte)) return "PNG";
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff ? "JPEG" : undefined;
}
