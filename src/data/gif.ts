import * as gifenc from "gifenc";
import type { Raster } from "./image.ts";

// Node sees gifenc's CommonJS form, bundlers its ES module.
const { GIFEncoder, applyPalette, quantize } =
  gifenc.default.quantize === undefined ? gifenc : gifenc.default;

/** An endless animated GIF. `delay` is in milliseconds per frame; the last frame stays for `hold`. */
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
