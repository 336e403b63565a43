import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSafeTensors, writeSafeTensors } from "../../src/nn/safetensors.ts";
import { BYTES, DTYPES, viewAs } from "../../src/tensor/dtype.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";

const anyTensor: fc.Arbitrary<NdArray> = fc
  .record({
    dtype: fc.constantFrom(...DTYPES),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((n, d) => n * d, 1) * BYTES[dtype];
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ndarray(viewAs(dtype, bytes), shape, dtype));
  });

const small = writeSafeTensors(
  { weight: ndarray(Float32Array.of(1, 2, 3, 4), [2, 2]), steps: ndarray(Int32Array.of(7), []) },
  { step: "100" },
);

/** A file with this header and this many bytes of data. */
function file(header: unknown, dataLength = 16): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
const entry = (start: number, end: number, shape = [(end - start) / 4], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

describe("round trip", () => {
  test("any tensors, names and metadata come back bit for bit, and are written to the same bytes again", () => {
    const name = fc.string({ minLength: 1 }).filter((s) => s !== "__metadata__");
    const entries = <T>(value: fc.Arbitrary<T>) =>
      fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 6 });
    fc.assert(
      fc.property(entries(anyTensor), entries(fc.string()), (tensors, metadata) => {
        const bytes = writeSafeTensors(Object.fromEntries(tensors), Object.fromEntries(metadata));
        const read = readSafeTensors(bytes, "a.safetensors");
        expect(Object.keys(read.tensors).toSorted()).toEqual(tensors.map(([key]) => key).toSorted());
        for (const [key, value] of tensors) {
          const got = read.tensors[key]!;
          expect([got.dtype, got.shape]).toEqual([value.dtype, value.shape]);
          expect(Buffer.from(got.data.buffer, got.data.byteOffset, got.data.byteLength)).toEqual(
            Buffer.from(value.data.buffer, value.data.byteOffset, value.data.byteLength),
          );
        }
        expect(read.metadata).toEqual(Object.fromEntries(metadata));
        expect(writeSafeTensors(read.tensors, read.metadata)).toEqual(bytes);
        const reversed = Object.fromEntries(tensors.toReversed());
        expect(writeSafeTensors(reversed, Object.fromEntries(metadata))).toEqual(bytes);
      }),
    );
  });

  test("data begin on a multiple of eight, so that reading copies nothing", () => {
    const { tensors } = readSafeTensors(small, "a");
    expect(tensors.weight!.data.buffer).toBe(small.buffer);
    expect((tensors.steps!.data.byteOffset - small.byteOffset) % 8).toBe(0);
    expect([...(tensors.steps!.data as Int32Array)]).toEqual([7]);
  });

  test("bytes at an odd offset of a larger buffer are read too", () => {
    const shifted = new Uint8Array(small.length + 3);
    shifted.set(small, 3);
    expect(readSafeTensors(shifted.subarray(3), "a").tensors.weight).toEqual(
      readSafeTensors(small, "a").tensors.weight,
    );
  });

  test("a file as the reference implementation lays it out", () => {
    const header =
      '{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}';
    const bytes = file(header, 11);
    bytes.set([0, 0, 128, 63, 0, 0, 0, 192, 1, 2, 3], bytes.length - 11);
    const { tensors, metadata } = readSafeTensors(bytes, "pt.safetensors");
    expect([...(tensors.b!.data as Float32Array)]).toEqual([1, -2]);
    expect([...(tensors.a!.data as Uint8Array)]).toEqual([1, 2, 3]);
    expect(metadata).toEqual({ format: "pt" });
  });
});

describe("what is no good file is refused by name", () => {
  test.each<[string, Uint8Array, string]>([
    [
      "too small",
      small.subarray(0, 5),
      "w.safetensors: this is not a safetensors file: it has only 5 bytes.",
    ],
    [
      "another kind",
      new TextEncoder().encode("PK\x03\x04 a zip archive"),
      "this is not a safetensors file: its first eight bytes declare",
    ],
    ["header cut", small.subarray(0, 30), "the file was cut short: its header has"],
    [
      "data cut",
      small.subarray(0, small.length - 6),
      'the file was cut short: "weight" ends at byte 20 of the data, and 14 are there.',
    ],
    ["no JSON", file("{ not json }"), "its header is not a JSON object."],
    ["an array", file("[1, 2]"), "its header is not a JSON object."],
    ["broken UTF-8", file("{}").fill(0xff, 8, 10), "its header is not a JSON object."],
    ["no offsets", file({ a: { dtype: "F32", shape: [4] } }), 'the header\'s entry of "a" is malformed.'],
    ["negative shape", file({ a: entry(0, 16, [-4]) }), 'the header\'s entry of "a" is malformed.'],
    ["offsets swapped", file({ a: entry(16, 0, [4]) }), 'the header\'s entry of "a" is malformed.'],
    [
      "a wrong size",
      file({ a: entry(0, 16, [5]) }),
      '"a" is F32 [5], 20 bytes, and its offsets 0 to 16 span 16.',
    ],
    [
      "float64",
      file({ a: entry(0, 16, [2], "F64") }),
      '"a" is of type F64, which is not supported. Convert it to F32;',
    ],
    ["overlap", file({ a: entry(0, 12), b: entry(8, 16) }), 'the data of "a" and "b" overlap.'],
    ["a hole", file({ a: entry(0, 4), b: entry(8, 16) }), '4 bytes before "b" belong to no tensor.'],
    ["a rest", file({ a: entry(0, 12) }), "4 bytes after the last tensor belong to none."],
    [
      "numbers as metadata",
      file({ __metadata__: { step: 3 } }, 0),
      "its __metadata__ must hold only strings.",
    ],
  ])("%s", (_, bytes, sentence) => {
    expect(() => readSafeTensors(bytes, "w.safetensors")).toThrow(sentence);
    expect(() => readSafeTensors(bytes, "w.safetensors")).toThrow(/^w\.safetensors: /);
  });

  test("every cut of a good file", () => {
    for (let end = 0; end < small.length; end++)
      expect(() => readSafeTensors(small.subarray(0, end), "w")).toThrow(/^w: /);
  });

  test("a tensor of the reserved name is not written", () => {
    expect(() => writeSafeTensors({ __metadata__: ndarray(Float32Array.of(1)) })).toThrow("cannot be named");
  });
});
