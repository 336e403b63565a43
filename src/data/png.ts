import { convertIndexedToRgb, type DecodedPng, decode, encode } from "fast-png";
import { Unzlib } from "fflate";
import { UserError } from "../errors.ts";
import { type Raster, raster, requirePixels } from "./image.ts";

/** PNG bytes, 8 bits per channel. */
export const encodePng = ({ width, height, channels, data }: Raster): Uint8Array =>
  encode({ width, height, channels, data, depth: 8 });

/**
 * The picture in a PNG file, grey or RGB; transparency is laid on white. Its errors are wrapped by `decodeImage`, which
 * names the file.
 */
export function decodePng(bytes: Uint8Array, file: string): Raster {
  const chunks = chunksOf(bytes);
  const header = headerOf(chunks, file);
  checkChunks(chunks, header);
  checkData(chunks, header);
  // Colour profiles are not used, and unpacking one could take any amount of memory.
  const used = chunks.filter(({ type }) => type !== "iCCP").map(({ whole }) => whole);
  return toRaster(decode(joined([bytes.subarray(0, 8), ...used]), { checkCrc: true }), header);
}

/** A chunk: length, type, data, CRC (PNG specification, third edition, section 5.3). */
interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  readonly whole: Uint8Array;
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; chunks.at(-1)?.type !== "IEND"; ) {
    const end = at + 12 <= bytes.length ? at + 12 + view.getUint32(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new Error("it ends before its IEND chunk");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    at = end;
  }
  return chunks;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/** For each colour type, the bits per sample it can have and its samples per pixel (section 11.2.1). */
const COLOURS: Readonly<Record<number, { readonly depths: readonly number[]; readonly samples: number }>> = {
  0: { depths: [1, 2, 4, 8, 16], samples: 1 },
  2: { depths: [8, 16], samples: 3 },
  3: { depths: [1, 2, 4, 8], samples: 1 },
  4: { depths: [8, 16], samples: 2 },
  6: { depths: [8, 16], samples: 4 },
};
const INDEXED = 3;

function headerOf([first]: readonly Chunk[], file: string): Header {
  if (first?.type !== "IHDR" || first.data.length !== 13)
    throw new Error("it does not begin with an IHDR chunk of 13 bytes");
  const { data } = first;
  const view = new DataView(data.buffer, data.byteOffset, 13);
  const [width, height, depth, colour] = [view.getUint32(0), view.getUint32(4), data[8]!, data[9]!];
  if (!COLOURS[colour]?.depths.includes(depth))
    throw new Error(`there is no colour type ${colour} of ${depth} bits`);
  requirePixels(file, "PNG", width, height);
  const interlaced = data[12] === 1;
  if (interlaced && depth < 8)
    throw new UserError(
      `${file}: an interlaced PNG file of ${depth} bits per sample cannot be read. Save it without interlacing.`,
    );
  return { width, height, depth, colour, interlaced };
}

const CRITICAL = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);

/** What a reader must refuse (sections 5.4 and 11.2.2): a critical chunk it does not know, indices without a palette. */
function checkChunks(chunks: readonly Chunk[], { colour }: Header): void {
  const types = chunks.map(({ type }) => type);
  // Critical chunks have a capital first letter.
  const unknown = types.find((type) => /^[A-Z]/.test(type) && !CRITICAL.has(type));
  if (unknown !== undefined) throw new Error(`its chunk ${unknown} is critical, but not known`);
  const palette = types.indexOf("PLTE");
  if (colour === INDEXED && (palette < 0 || palette > types.indexOf("IDAT")))
    throw new Error("its pixels are palette indices, but there is no palette (PLTE) before them");
}

/** Bytes of compressed data that are unpacked at a time, to at most a thousand times as many. */
const PIECE = 1 << 13;

/** Unpack the pixels to check their number against the header, and their checksum. */
function checkData(chunks: readonly Chunk[], header: Header): void {
  const packed = joined(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const expected = rawBytes(header);
  let found = 0;
  let [a, b] = [1, 0];
  const inflate = new Unzlib((piece) => {
    found += piece.length;
    if (found > expected) throw new Error(`its pixels unpack to more than the ${expected} bytes of its size`);
    // Adler-32 (RFC 1950); the sums of 3800 bytes stay below 2³².
    for (let start = 0; start < piece.length; start += 3800) {
      const end = Math.min(start + 3800, piece.length);
      for (let i = start; i < end; i++) b += a += piece[i]!;
      a %= 65521;
      b %= 65521;
    }
  });
  for (let at = 0; at < packed.length; at += PIECE)
    inflate.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
  if (found < expected) throw new Error(`its pixels unpack to ${found} bytes; its size needs ${expected}`);
  const trailer = new DataView(packed.buffer, packed.byteOffset + packed.length - 4).getUint32(0);
  if (trailer !== b * 65536 + a) throw new Error("the checksum (Adler-32) of its pixels is wrong");
}

/** Adam7: each pass's first column and row, and its steps across and down (section 8.1). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of all filtered rows, each preceded by the number of its filter. */
function rawBytes({ width, height, depth, colour, interlaced }: Header): number {
  const bits = depth * COLOURS[colour]!.samples;
  const rows = (w: number, h: number): number => (w > 0 ? h * (1 + Math.ceil((w * bits) / 8)) : 0);
  if (!interlaced) return rows(width, height);
  return PASSES.reduce(
    (sum, [x, y, dx, dy]) => sum + rows(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)),
    0,
  );
}

function toRaster(png: DecodedPng, { width, height, depth, colour }: Header): Raster {
  const indexed = colour === INDEXED;
  const channels = indexed ? png.palette![0]!.length : png.channels;
  const data = indexed
    ? convertIndexedToRgb(png)
    : depth < 8
      ? unpackBits(png.data, width, height, depth)
      : png.data;
  const top = indexed ? 255 : 2 ** depth - 1;
  const colours = channels < 3 ? 1 : 3;
  // One colour may be marked as transparent instead.
  const clear = indexed ? undefined : png.transparency;
  const out = raster(width, height, colours);
  for (let i = 0; i < width * height; i++) {
    const at = i * channels;
    const alpha = clear?.every((v, c) => data[at + c] === v)
      ? 0
      : channels > colours
        ? data[at + colours]! / top
        : 1;
    for (let c = 0; c < colours; c++) {
      const value = data[at + c]! / top;
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

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
