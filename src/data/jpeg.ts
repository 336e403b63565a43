import { decode } from "jpeg-js";
import { UserError } from "../errors.ts";
import { type Raster, raster, requirePixels } from "./image.ts";

/** Enough for four components of 2²⁵ pixels, the largest picture that is read: 32-bit coefficients, and their bytes. */
const MEGABYTES = 1024;

/** The picture in a JPEG file, always RGB. Its errors are wrapped by `decodeImage`, which names the file. */
export function decodeJpeg(bytes: Uint8Array, file: string): Raster {
  checkFrame(bytes, file);
  const { width, height, data } = decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxMemoryUsageInMB: MEGABYTES,
  });
  return raster(width, height, 3, data);
}

/**
 * Check the frame header before memory is allocated by it. Segments are a marker FF xx and a length
 * (ITU-T T.81, B.1.1); the frame's (SOF₀ … SOF₂) holds precision, height, width and the number of components.
 */
function checkFrame(bytes: Uint8Array, file: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 10 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return; // Damaged: the decoder says where.
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // A fill byte.
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xc2) {
      const precision = bytes[at + 4];
      if (precision !== 8)
        throw new UserError(
          `${file}: this JPEG file has ${precision} bits per sample; only 8 can be read. Save it as an ordinary JPEG.`,
        );
      requirePixels(file, "JPEG", view.getUint16(at + 7), view.getUint16(at + 5));
      const components = bytes[at + 9]!;
      if (![1, 3, 4].includes(components))
        throw new UserError(
          `${file}: this JPEG file has ${components} components; only 1, 3 or 4 can be read. Save it as an ordinary JPEG.`,
        );
      return;
    }
    at += 2 + view.getUint16(at + 2);
  }
}
