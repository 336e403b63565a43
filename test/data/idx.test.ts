import fc from "fast-check";
import { gzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { idxSplit, readIdx } from "../../src/data/idx.ts";
import { UserError } from "../../src/errors.ts";
import { hostUniform, Key } from "../../src/tensor/random.ts";
import { counting, idxBytes } from "./helpers.ts";

const parse = (bytes: Uint8Array) => readIdx({ file: "digits.idx", bytes });
const images = { file: "images.idx", bytes: idxBytes([4, 2, 3], counting(24)) };
const labels = { file: "labels.idx", bytes: idxBytes([4], [3, 1, 0, 9]) };

test("what was written is read, gzipped or not", async () => {
  const shape = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(shape, fc.boolean(), async (dims, zip) => {
      const data = counting(dims.reduce((n, d) => n * d, 1));
      const bytes = idxBytes(dims, data);
      const read = await parse(zip ? gzipSync(bytes) : bytes);
      expect(read.shape).toEqual(dims);
      expect([...read.data]).toEqual([...data]);
    }),
  );
});

test("images with labels, without, and in colour", async () => {
  const both = await idxSplit(images, labels);
  expect([both.length, both.imageShape, [...both.labels!]]).toEqual([4, [1, 2, 3], [3, 1, 0, 9]]);
  expect((await idxSplit(images)).labels).toBeUndefined();
  const colour = await idxSplit({ file: "c", bytes: idxBytes([2, 3, 2, 2], counting(24)) });
  expect(colour.imageShape).toEqual([3, 2, 2]);
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
  ])("%s", async (_, bytes, sentence) => {
    await expect(parse(bytes)).rejects.toThrow(sentence);
  });

  test("any cut of a good file", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: images.bytes.length - 1 }), async (end) => {
        await expect(parse(images.bytes.subarray(0, end))).rejects.toThrow(/^digits\.idx: /);
      }),
    );
  });

  test("mislabelled pairs", async () => {
    await expect(idxSplit(labels, images)).rejects.toThrow(
      "labels.idx: images are expected here, and this file holds 4 labels. Are the two files in the wrong order?",
    );
    await expect(idxSplit(images, images)).rejects.toThrow("images.idx: labels are expected here");
    const three = { file: "three.idx", bytes: idxBytes([3], [0, 1, 2]) };
    await expect(idxSplit(images, three)).rejects.toThrow(
      "images.idx holds 4 images, and three.idx 3 labels: they do not belong together.",
    );
    const odd = { file: "odd.idx", bytes: idxBytes([2, 2, 2, 2], counting(16)) };
    await expect(idxSplit(odd)).rejects.toThrow("odd.idx: 2 × 2 × 2 × 2 values are not images");
  });
});

test("every flipped bit of a gzipped file: refused, or the same values", async () => {
  const good = Uint8Array.from(gzipSync(idxBytes([3, 2, 2], counting(12)), { filename: "x" }));
  let refused = 0;
  for (let bit = 0; bit < 8 * good.length; bit++) {
    const flipped = good.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const read = await parse(flipped).catch((error: Error) => error);
    if (read instanceof Error) {
      refused++;
      expect(read, `bit ${bit}`).toBeInstanceOf(UserError);
      expect(read.message).toMatch(/^digits\.idx: /);
    } else expect([...read.data], `bit ${bit}`).toEqual([...counting(12)]);
  }
  // What is left are the time, the operating system and the name in the header, which mean nothing here.
  expect(8 * good.length - refused).toBeLessThan(80);
});

test("what follows a gzip's end, or unpacks to more than the header says, is refused", async () => {
  const good = gzipSync(idxBytes([3, 2, 2], counting(12)));
  await expect(parse(Uint8Array.of(...good, 1, 2, 3))).rejects.toThrow(
    "digits.idx: this gzip file is damaged",
  );
  const bomb = gzipSync(idxBytes([2], new Uint8Array(2 ** 20)));
  await expect(parse(bomb)).rejects.toThrow("the header promises 2 = 2 bytes, and 1048576 follow it.");
});

describe("the first items alone", () => {
  const file = idxBytes([1000, 10, 10], counting(100_000));
  /** The bytes in pieces, and how many were asked for. */
  const slowly = (bytes: Uint8Array, size: number) => {
    let at = 0;
    const stream = new ReadableStream<Uint8Array>(
      { pull: (c) => (at < bytes.length ? c.enqueue(bytes.subarray(at, (at += size))) : c.close()) },
      { highWaterMark: 0 },
    );
    return { stream, given: () => at };
  };
  test.each([1, 7, 1000])("are read from pieces of %i bytes, and no more than they take", async (size) => {
    const { stream, given } = slowly(file, size);
    const { shape, data } = await readIdx({ file: "a", bytes: stream }, 20);
    expect([shape, data.length]).toEqual([[1000, 10, 10], 2000]);
    expect([...data]).toEqual([...counting(2000)]);
    expect(given()).toBeLessThanOrEqual(16 + 2000 + 2 * size);
  });
  test("of a gzipped file too, and what is damaged behind them does not matter", async () => {
    const noise = Uint8Array.from(hostUniform(Key.seed(0), 200_000), (u) => 256 * u);
    const zipped = gzipSync(idxBytes([2000, 100], noise));
    zipped[zipped.length - 1]! ^= 1;
    const { stream, given } = slowly(zipped, 1000);
    const { data } = await readIdx({ file: "a", bytes: stream }, 10);
    expect([...data]).toEqual([...noise.subarray(0, 1000)]);
    expect(given()).toBeLessThan(zipped.length / 2);
    await expect(readIdx({ file: "a", bytes: zipped })).rejects.toThrow("a: this gzip file is damaged");
  });
  test("more than there are is refused, and a file cut within them", async () => {
    await expect(readIdx({ file: "a", bytes: file }, 1001)).rejects.toThrow(
      "a holds 1000 items, and the first 1001 were asked for.",
    );
    await expect(readIdx({ file: "a", bytes: file.subarray(0, 500) }, 20)).rejects.toThrow(
      "promises 1000 × 10 × 10 = 100000 bytes, and 484 follow it. The file was cut short",
    );
  });
});
