import fc from "fast-check";
import { gzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { idxSplit, parseIdx } from "../../src/data/idx.ts";
import { counting, idxBytes } from "./helpers.ts";

const parse = (bytes: Uint8Array) => parseIdx({ file: "digits.idx", bytes });
const images = { file: "images.idx", bytes: idxBytes([4, 2, 3], counting(24)) };
const labels = { file: "labels.idx", bytes: idxBytes([4], [3, 1, 0, 9]) };

test("what was written is read, gzipped or not", () => {
  const shape = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(shape, fc.boolean(), (dims, zip) => {
      const data = counting(dims.reduce((n, d) => n * d, 1));
      const bytes = idxBytes(dims, data);
      const read = parse(zip ? gzipSync(bytes) : bytes);
      expect(read.shape).toEqual(dims);
      expect([...read.data]).toEqual([...data]);
    }),
  );
});

test("images with labels, without, and in colour", () => {
  const both = idxSplit(images, labels);
  expect([both.length, both.imageShape, [...both.labels!]]).toEqual([4, [1, 2, 3], [3, 1, 0, 9]]);
  expect(idxSplit(images).labels).toBeUndefined();
  expect(idxSplit({ file: "c", bytes: idxBytes([2, 3, 2, 2], counting(24)) }).imageShape).toEqual([3, 2, 2]);
});

describe("a wrong file is refused by name", () => {
  const whole = idxBytes([2, 2], [1, 2, 3, 4]);
  const zipped = gzipSync(idxBytes([100, 10, 10], counting(10000)));
  test.each([
    [
      "a zip archive",
      Uint8Array.of(0x50, 0x4b, 3, 4, 0),
      "digits.idx: this is not an IDX file. It begins with 50 4b 03 04;",
    ],
    ["nothing", new Uint8Array(), "digits.idx: this is not an IDX file. It begins with nothing;"],
    ["floats", idxBytes([1], [0, 0, 0, 0], 0x0d), "digits.idx: its elements are of IDX type 0x0d"],
    ["half a header", whole.subarray(0, 9), "digits.idx: this IDX file ends within its header of 2 sizes."],
    ["cut data", whole.subarray(0, 15), "promises 2 × 2 = 4 bytes, and 3 follow it. The file was cut short"],
    ["more data", idxBytes([2], [1, 2, 3]), "promises 2 = 2 bytes, and 3 follow it. This is not the file"],
    [
      "cut gzip",
      zipped.subarray(0, zipped.length - 20),
      "digits.idx: this gzip file is damaged or cut short",
    ],
  ])("%s", (_, bytes, sentence) => {
    expect(() => parse(bytes)).toThrow(sentence);
  });

  test("any cut of a good file", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: images.bytes.length - 1 }), (end) => {
        expect(() => parse(images.bytes.subarray(0, end))).toThrow(/^digits\.idx: /);
      }),
    );
  });

  test("mislabelled pairs", () => {
    expect(() => idxSplit(labels, images)).toThrow(
      "labels.idx: images are expected here, and this file holds 4 labels. Are the two files in the wrong order?",
    );
    expect(() => idxSplit(images, images)).toThrow("images.idx: labels are expected here");
    const three = { file: "three.idx", bytes: idxBytes([3], [0, 1, 2]) };
    expect(() => idxSplit(images, three)).toThrow(
      "images.idx holds 4 images, and three.idx 3 labels: they do not belong together.",
    );
    const odd = { file: "odd.idx", bytes: idxBytes([2, 2, 2, 2], counting(16)) };
    expect(() => idxSplit(odd)).toThrow("odd.idx: 2 × 2 × 2 × 2 values are not images");
  });
});
