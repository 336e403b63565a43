import { BinaryReader } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { raster } from "../../src/data/image.ts";
import { decodeImage, encodePng } from "../../src/data/image-files.ts";
import { crc32c, encodeEvent, eventFileName, eventFileStart } from "../../src/train/tensorboard.ts";

/** CRC-32C by long division of bits: written apart from the one under test. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const out = (crc ^ (byte >> bit)) & 1;
      crc >>>= 1;
      if (out) crc ^= 0x82f63b78;
    }
  return ~crc >>> 0;
}

const unmask = (value: number): number => {
  const rotated = (value - 0xa282ead8) >>> 0;
  return ((rotated << 15) | (rotated >>> 17)) >>> 0;
};

/** The payloads of a file of records, every checksum checked. */
function readRecords(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(unmask(view.getUint32(at + 8, true))).toBe(slowCrc(file.subarray(at, at + 8)));
    const payload = file.subarray(at + 12, at + 12 + length);
    expect(unmask(view.getUint32(at + 12 + length, true))).toBe(slowCrc(payload));
    payloads.push(payload);
    at += 16 + length;
  }
  return payloads;
}

type Fields = Record<number, (number | bigint | Uint8Array)[]>;

/** A message's fields by number; nested messages stay bytes. Doubles and floats are told by their wire type. */
function fields(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const out: Fields = {};
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const value =
      wire === 1
        ? reader.double()
        : wire === 5
          ? reader.float()
          : wire === 2
            ? reader.bytes()
            : Number(reader.int64());
    (out[number] ??= []).push(value);
  }
  return out;
}
const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);
const nested = (bytes: unknown) => fields(bytes as Uint8Array);

describe("records", () => {
  test("CRC-32C has its published check value", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720, B.4
  });
  test("CRC-32C agrees with division bit by bit", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(crc32c(bytes)).toBe(slowCrc(bytes));
      }),
    );
  });
  test("a file begins with its version", () => {
    const [payload] = readRecords(eventFileStart(1234.5));
    const event = fields(payload!);
    expect([event[1], text(event[3]![0])]).toEqual([[1234.5], "brain.Event:2"]);
  });
  test("files are named as TensorBoard looks for them", () => {
    expect(eventFileName(1700000000.9, "host")).toBe("events.out.tfevents.1700000000.host");
  });
});

describe("events", () => {
  test("any scalars come back, with step and time", () => {
    const values = fc.dictionary(fc.string(), fc.float({ noNaN: true, noDefaultInfinity: true }), {
      maxKeys: 5,
    });
    fc.assert(
      fc.property(
        values,
        fc.nat(),
        fc.double({ min: 0, max: 2e9, noNaN: true }),
        (scalars, step, wallTime) => {
          const event = fields(readRecords(encodeEvent({ wallTime, step, scalars }))[0]!);
          expect([event[1], event[2]]).toEqual([[wallTime], [step]]);
          const read = (nested(event[5]![0])[1] ?? []).map((value) => {
            const { 1: tag, 2: simple } = nested(value);
            return [text(tag![0]), simple![0]];
          });
          expect(read).toEqual(Object.entries(scalars));
        },
      ),
    );
  });
  test("an image is a PNG with its size", () => {
    const image = raster(3, 2, 1, Uint8Array.of(1, 2, 3, 4, 5, 6));
    const event = fields(
      readRecords(
        encodeEvent({ wallTime: 1, step: 2, images: { samples: { ...image, png: encodePng(image) } } }),
      )[0]!,
    );
    const value = nested(nested(event[5]![0])[1]![0]);
    const { 1: height, 2: width, 3: channels, 4: png } = nested(value[4]![0]);
    expect([text(value[1]![0]), height, width, channels]).toEqual(["samples", [2], [3], [1]]);
    expect(decodeImage(png![0] as Uint8Array, "summary")).toEqual(image);
  });
  test("a restart is a session log with status START", () => {
    const event = fields(readRecords(encodeEvent({ wallTime: 1, step: 900, restart: true }))[0]!);
    expect([event[2], nested(event[7]![0])]).toEqual([[900], { 1: [1] }]);
  });
  test("records can be appended one after the other", () => {
    const parts = [
      eventFileStart(1),
      ...[1, 2].map((step) => encodeEvent({ wallTime: 1, step, scalars: { loss: 0.5 } })),
    ];
    expect(readRecords(Uint8Array.from(parts.flatMap((part) => [...part])))).toHaveLength(3);
  });
  test("a scalar that is not finite is refused", () => {
    expect(() => encodeEvent({ wallTime: 1, step: 7, scalars: { loss: Number.NaN } })).toThrow(
      'TensorBoard: "loss" is NaN at step 7',
    );
  });
});
