import fc from "fast-check";
import { encode as encodePngFile } from "fast-png";
import { encode as encodeJpegFile } from "jpeg-js";
import { describe, expect, test } from "vitest";
import { raster } from "../../src/data/image.ts";
import { decodeImage, encodeGif, encodePng } from "../../src/data/image-files.ts";

describe("PNG", () => {
  test("what is encoded comes back, for any grey or RGB picture", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1 as const, 3 as const),
        fc.uint8Array({ minLength: 15, maxLength: 15 }),
        (c, bytes) => {
          const image = raster(15 / c, 1, c, bytes);
          expect(decodeImage(encodePng(image), "a.png")).toEqual(image);
        },
      ),
    );
  });

  test("transparency is laid on white; 16 bits, palettes and packed greys become 8 bits", () => {
    const of = (options: Partial<Parameters<typeof encodePngFile>[0]>) => [
      ...decodeImage(encodePngFile({ width: 2, height: 1, ...options } as never), "a.png").data,
    ];
    expect(of({ channels: 4, data: Uint8Array.of(10, 20, 30, 255, 0, 0, 0, 51) })).toEqual([
      10, 20, 30, 204, 204, 204,
    ]);
    expect(of({ channels: 2, data: Uint8Array.of(7, 255, 9, 0) })).toEqual([7, 255]);
    expect(of({ channels: 1, depth: 16, data: Uint16Array.of(65535, 257 * 3) })).toEqual([255, 3]);
    const palette = [
      [1, 2, 3],
      [4, 5, 6],
    ] as never;
    expect(of({ channels: 1, palette, data: Uint8Array.of(1, 0) })).toEqual([4, 5, 6, 1, 2, 3]);
    expect(of({ channels: 1, depth: 1, data: Uint8Array.of(0b01000000) })).toEqual([0, 255]);
  });
});

test("JPEG: a flat picture keeps its colour", () => {
  const data = new Uint8Array(4 * 64).map((_, i) => [200, 100, 50, 255][i % 4]!);
  const bytes = encodeJpegFile({ width: 8, height: 8, data }, 95).data;
  const image = decodeImage(bytes, "a.jpg");
  expect([image.width, image.height, image.channels]).toEqual([8, 8, 3]);
  image.data.forEach((v, i) => {
    expect(Math.abs(v - [200, 100, 50][i % 3]!)).toBeLessThan(5);
  });
});

describe("damaged files are refused by name", () => {
  const picture = raster(
    40,
    40,
    3,
    Uint8Array.from({ length: 4800 }, (_, i) => (i * i) % 251),
  );
  const png = encodePng(picture);
  const data = Uint8Array.from({ length: 6400 }, (_, i) => (i * i) % 251);
  const jpeg = new Uint8Array(encodeJpegFile({ width: 40, height: 40, data }, 90).data);
  const flipped = png.slice();
  flipped[png.length >> 1]! ^= 0xff;
  test.each([
    ["text", new TextEncoder().encode("hello"), "cat.png: this is neither a PNG nor a JPEG file."],
    ["empty", new Uint8Array(), "cat.png: this is neither a PNG nor a JPEG file."],
    ["PNG cut short", png.subarray(0, png.length >> 1), "cat.png: this PNG file is damaged"],
    ["PNG with a wrong byte", flipped, "cat.png: this PNG file is damaged"],
    ["JPEG cut short", jpeg.subarray(0, jpeg.length >> 1), "cat.png: this JPEG file is damaged"],
  ])("%s", (_, bytes, sentence) => {
    expect(() => decodeImage(bytes, "cat.png")).toThrow(sentence);
  });
});

describe("GIF", () => {
  const grey = raster(
    16,
    16,
    1,
    Uint8Array.from({ length: 256 }, (_, i) => i),
  );
  test("frames, delays and an endless loop are in the bytes", () => {
    const bytes = encodeGif([grey, grey, grey], { delay: 50, hold: 700 });
    expect(new TextDecoder().decode(bytes.subarray(0, 6))).toBe("GIF89a");
    expect([bytes[6], bytes[8], bytes.at(-1)]).toEqual([16, 16, 0x3b]);
    expect(delays(bytes)).toEqual([50, 50, 700]);
    expect(Buffer.from(bytes).includes("NETSCAPE2.0")).toBe(true);
  });
  test("more than 256 colours are reduced", () => {
    const many = raster(
      32,
      32,
      3,
      Uint8Array.from({ length: 3072 }, (_, i) => (i * 37) % 256),
    );
    expect(delays(encodeGif([many, many]))).toEqual([100, 1000]);
  });
});

/** Milliseconds of each graphic control extension (21 F9 04). */
function delays(gif: Uint8Array): number[] {
  const found: number[] = [];
  for (let i = 0; i + 7 < gif.length; i++)
    if (gif[i] === 0x21 && gif[i + 1] === 0xf9 && gif[i + 2] === 4 && gif[i + 7] === 0)
      found.push(10 * (gif[i + 4]! + 256 * gif[i + 5]!));
  return found;
}
