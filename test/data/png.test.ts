import { crc32, deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { raster } from "../../src/data/image.ts";
import { decodeImage, encodePng } from "../../src/data/image-files.ts";

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

interface Png {
  width?: number;
  height?: number;
  depth?: number;
  colour?: number;
  interlace?: number;
  /** Filtered rows. */
  raw?: ArrayLike<number>;
  /** Compressed rows, where they are not `raw` compressed. */
  idat?: Uint8Array;
  before?: Uint8Array[];
}

/** A PNG file, whatever is wrong with it. */
function png({ width = 2, height = 1, depth = 8, colour = 0, interlace = 0, ...rest }: Png = {}): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colour, 0, 0, interlace], 8);
  const { raw = [0, 10, 20], idat = deflateSync(Uint8Array.from(raw)), before = [] } = rest;
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    ...before,
    chunk("IDAT", idat),
    chunk("IEND", new Uint8Array()),
  ]);
}
const read = (file: Png): number[] => [...decodeImage(png(file), "a.png").data];
const palette = chunk("PLTE", Uint8Array.of(1, 2, 3, 4, 5, 6));

describe("what is right is read", () => {
  test("grey, colour, and a palette", () => {
    expect(read({})).toEqual([10, 20]);
    expect(read({ width: 1, colour: 2, raw: [0, 1, 2, 3] })).toEqual([1, 2, 3]);
    expect(read({ colour: 3, raw: [0, 1, 0], before: [palette] })).toEqual([4, 5, 6, 1, 2, 3]);
  });
  test("a palette that is only a suggestion for colours of their own", () => {
    expect(read({ width: 1, colour: 2, raw: [0, 7, 8, 9], before: [palette] })).toEqual([7, 8, 9]);
  });
  test("one colour that is transparent becomes white", () => {
    const key = (...bytes: number[]) => [chunk("tRNS", Uint8Array.from(bytes))];
    expect(read({ before: key(0, 10) })).toEqual([255, 20]);
    const three = [0, 1, 2, 3, 1, 2, 4, 3, 2, 1];
    expect(read({ width: 3, colour: 2, raw: three, before: key(0, 1, 0, 2, 0, 3) })).toEqual([
      255, 255, 255, 1, 2, 4, 3, 2, 1,
    ]);
    const indexed = [palette, ...key(0, 255)];
    expect(read({ colour: 3, raw: [0, 1, 0], before: indexed })).toEqual([4, 5, 6, 255, 255, 255]);
  });
  test("interlaced rows", () => {
    // 2 × 2: pass 1 holds the first pixel, pass 6 the second, pass 7 the second row.
    const rows = { width: 2, height: 2, interlace: 1, raw: [0, 10, 0, 20, 0, 30, 40] };
    expect(read(rows)).toEqual([10, 20, 30, 40]);
    const wide = { ...rows, depth: 16, raw: [0, 10, 0, 0, 20, 0, 0, 30, 0, 40, 0] };
    expect(read(wide)).toEqual([10, 20, 30, 40]);
  });
  test("a colour profile and chunks that need not be known are passed over", () => {
    const before = [chunk("iCCP", Uint8Array.of(65, 0, 0, 1, 2, 3)), chunk("zzZz", Uint8Array.of(1))];
    expect(read({ before })).toEqual([10, 20]);
  });
});

describe("what is wrong is refused, and what it is said", () => {
  const good = deflateSync(Uint8Array.of(0, 10, 20));
  const sum = Uint8Array.from(good);
  sum[sum.length - 1]! ^= 1;
  const bomb = deflateSync(new Uint8Array(2 ** 26));
  test.each<[string, Png, string]>([
    [
      "a wrong Adler sum",
      { idat: sum },
      "this PNG file is damaged (the checksum (Adler-32) of its pixels is wrong).",
    ],
    [
      "an unknown critical chunk",
      { before: [chunk("CgBI", new Uint8Array(4))] },
      "its chunk CgBI is critical, but not known",
    ],
    ["no palette", { colour: 3 }, "there is no palette (PLTE) before them"],
    [
      "a colour outside the palette",
      { colour: 3, raw: [0, 2, 0], before: [palette] },
      "is damaged (Incorrect index of palette color)",
    ],
    ["64 MiB for two pixels", { idat: bomb }, "its pixels unpack to more than the 3 bytes of its size"],
    ["too few pixels", { width: 3 }, "its pixels unpack to 3 bytes; its size needs 4"],
    ["compressed data that end early", { idat: good.subarray(0, 6) }, "is damaged ("],
    [
      "a picture too large",
      { width: 65536, height: 65536 },
      "this PNG file unpacks to 65536 × 65536 pixels; at most 33,554,432 are read. Make the picture smaller.",
    ],
    ["no pixels", { width: 0 }, "this PNG file is damaged (its size is 0 × 1 pixels)."],
    ["colours of 4 bits", { colour: 2, depth: 4 }, "there is no colour type 2 of 4 bits"],
    ["colour type 5", { colour: 5 }, "there is no colour type 5 of 8 bits"],
    [
      "packed and interlaced",
      { depth: 1, interlace: 1 },
      "an interlaced PNG file of 1 bits per sample cannot be read. Save it without interlacing.",
    ],
  ])("%s", (_, file, sentence) => {
    const bytes = png(file);
    expect(bytes.length).toBeLessThan(1e5);
    const read = () => decodeImage(bytes, "cat.png");
    expect(read).toThrow(/^cat\.png: /);
    expect(read).toThrow(sentence);
  });

  test("every cut, and every flipped bit, of a small file: refused, or the same pixels", () => {
    const image = raster(
      5,
      4,
      3,
      Uint8Array.from({ length: 60 }, (_, i) => (i * i) % 251),
    );
    const bytes = encodePng(image);
    for (let end = 0; end < bytes.length; end++)
      expect(() => decodeImage(bytes.subarray(0, end), "a.png")).toThrow(/^a\.png: /);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeImage(flipped, "a.png"), `bit ${bit}`).toThrow(/^a\.png: /);
    }
  });
});
