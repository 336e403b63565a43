import { encode } from "jpeg-js";
import { expect, test } from "vitest";
import { decodeImage } from "../../src/data/image-files.ts";

const data = Uint8Array.from({ length: 4 * 16 * 16 }, (_, i) => (i * i) % 251);
const jpeg = new Uint8Array(encode({ width: 16, height: 16, data }, 90).data);
/** Where the frame header (SOF₀) begins. */
const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);

function changed(at: number, ...bytes: number[]): Uint8Array {
  const out = jpeg.slice();
  out.set(bytes, frame + at);
  return out;
}
const read = (bytes: Uint8Array) => () => decodeImage(bytes, "cat.jpg");

test("the size is read, and refused where it is too large, before memory is taken for it", () => {
  expect(decodeImage(jpeg, "cat.jpg").data).toHaveLength(3 * 256);
  expect(read(changed(5, 0xff, 0xff, 0xff, 0xff))).toThrow(
    "cat.jpg: this JPEG file unpacks to 65535 × 65535 pixels; at most 33,554,432 are read.",
  );
  expect(read(changed(5, 0, 0))).toThrow("cat.jpg: this JPEG file is damaged (its size is 16 × 0 pixels).");
  expect(read(changed(4, 12))).toThrow("cat.jpg: this JPEG file has 12 bits per sample; only 8 can be read.");
  expect(read(changed(9, 200))).toThrow(
    "cat.jpg: this JPEG file has 200 components; only 1, 3 or 4 can be read.",
  );
});

test("every cut is refused by name", () => {
  for (let end = 0; end < jpeg.length - 2; end++)
    expect(read(jpeg.subarray(0, end)), `${end} bytes`).toThrow(/^cat\.jpg: /);
});
