import {
  convertIndexedToRgb,
  decode as decodePngFile,
  encode as encodePngFile,
  hasPngSignature,
} from "fast-png";
import * as gifenc from "gifenc";
import { decode as decodeJpegFile } from "jpeg-js";
import { UserError } from "../errors.ts";
import { type Raster, raster } from "./image.ts";

// Node sees gifenc's CommonJS form, bundlers its ES module.
const { GIFEncoder, applyPalette, quantize } =
  gifenc.default.quantize === undefined ? gifenc : gifenc.default;

/** PNG bytes, 8 bits a channel. */
export const encodePng = (image: Raster): Uint8Array =>
  encodePngFile({
    width: image.width,
    height: image.height,
    channels: image.channels,
    data: image.data,
    depth: 8,
  });

/**
 * The picture in the bytes of a PNG or JPEG file; transparency is laid on white.
 * @throws UserError naming the file where it is neither, or damaged.
 */
export function decodeImage(bytes: Uint8Array, file: string): Raster {
  const kind = imageKind(bytes);
  if (!kind) throw new UserError(`${file}: this is neither a PNG nor a JPEG file.`);
  try {
    return kind === "PNG" ? decodePng(bytes) : decodeJpeg(bytes);
  } catch (error) {
    throw new UserError(`${file}: this ${kind} file is damaged (${(error as Error).message}).`);
  }
}

export function imageKind(bytes: Uint8Array): "PNG" | "JPEG" | undefined {
  if (bytes.length > 8 && hasPngSignature(bytes.subarray(0, 8))) return "PNG";
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff ? "JPEG" : undefined;
}

function decodeJpeg(bytes: Uint8Array): Raster {
  const { width, height, data } = decodeJpegFile(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
  });
  return raster(width, height, 3, data);
}

function decodePng(bytes: Uint8Array): Raster {
  const png = decodePngFile(bytes, { checkCrc: true });
  const { width, height, depth } = png;
  const [data, channels] = png.palette
    ? [convertIndexedToRgb(png), png.palette[0]!.length]
    : [depth < 8 ? unpackBits(png.data, width, height, depth) : png.data, png.channels];
  const top = png.palette ? 255 : 2 ** depth - 1;
  const colours = channels < 3 ? 1 : 3;
  const out = raster(width, height, colours);
  for (let i = 0; i < width * height; i++) {
    const alpha = channels > colours ? data[i * channels + colours]! / top : 1;
    for (let c = 0; c < colours; c++) {
      const value = data[i * channels + c]! / top;
      out.data[i * colours + c] = Math.round(255 * (alpha * value + 1 - alpha));
    }
  }
  return out;
}

/** Grey pixels of 1, 2 or 4 bits; each row begins on a byte. */
function unpackBits(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const out = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = packed[y * rowBytes + (bit >> 3)]!;
      out[y * width + x] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  return out;
}

/** An animated GIF, endless. `delay` in milliseconds a frame; the last frame stays for `hold`. */
export function encodeGif(
  frames: readonly Raster[],
  options: { delay?: number; hold?: number } = {},
): Uint8Array {
  const { delay = 100, hold = 10 * (options.delay ?? 100) } = options;
  const gif = GIFEncoder();
  frames.forEach((frame, i) => {
    const { palette, index } = exactPalette(frame) ?? nearestPalette(frame);
    const last = i === frames.length - 1;
    gif.writeFrame(index, frame.width, frame.height, { palette, delay: last ? hold : delay });
  });
  gif.finish();
  return gif.bytes();
}

interface Indexed {
  palette: number[][];
  index: Uint8Array;
}

/** Up to 256 colours, as any grey picture has, are kept exactly. */
function exactPalette({ data, channels }: Raster): Indexed | undefined {
  const known = new Map<number, number>();
  const index = new Uint8Array(data.length / channels);
  for (let i = 0; i < index.length; i++) {
    const at = i * channels;
    const colour =
      channels === 1 ? data[at]! * 0x010101 : (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
    let k = known.get(colour);
    if (k === undefined) {
      if (known.size === 256) return undefined;
      known.set(colour, (k = known.size));
    }
    index[i] = k;
  }
  return { palette: [...known.keys()].map((c) => [c >> 16, (c >> 8) & 255, c & 255]), index };
}

function nearestPalette({ data, width, height }: Raster): Indexed {
  const rgba = new Uint8Array(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
  const palette = quantize(rgba, 256);
  return { palette, index: applyPalette(rgba, palette) };
}
