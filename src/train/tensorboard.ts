import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** A picture as a PNG file, and its size. */
export interface PngImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly png: Uint8Array;
}

/** An event for a TensorBoard event file. */
export type TensorBoardEvent = {
  /** Seconds since 1970. */
  wallTime: number;
  step: number;
} & (
  | { scalars: Readonly<Record<string, number>> }
  | { images: Readonly<Record<string, PngImage>> }
  /** A run resumes at `step`: TensorBoard drops what an earlier file has at that step and later. */
  | { restart: true }
);

/** A file name that TensorBoard recognises. Each process writes its own file. */
export const eventFileName = (wallTime: number, host = "galatea"): string =>
  `events.out.tfevents.${String(Math.floor(wallTime)).padStart(10, "0")}.${host}`;

/** The first record of an event file. */
export const eventFileStart = (wallTime: number): Uint8Array<ArrayBuffer> =>
  record(new BinaryWriter().tag(1, I64).double(wallTime).tag(3, LEN).string("brain.Event:2"));

/**
 * One event as a record to append. Field numbers are those of TensorFlow's event.proto and summary.proto.
 * @throws RangeError where a scalar is not finite: TensorBoard would silently leave it out.
 */
export function encodeEvent(event: TensorBoardEvent): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter().tag(1, I64).double(event.wallTime).tag(2, VARINT).int64(event.step);
  if ("restart" in event) {
    writer.tag(7, LEN).fork().tag(1, VARINT).int32(1).join(); // SessionLog.status = START
    return record(writer);
  }
  writer.tag(5, LEN).fork();
  if ("scalars" in event)
    for (const [tag, value] of Object.entries(event.scalars)) {
      if (!Number.isFinite(value))
        throw new RangeError(`TensorBoard: "${tag}" is ${value} at step ${event.step}`);
      writer.tag(1, LEN).fork().tag(1, LEN).string(tag).tag(2, I32).float(value).join();
    }
  else
    for (const [tag, image] of Object.entries(event.images)) {
      writer.tag(1, LEN).fork().tag(1, LEN).string(tag).tag(4, LEN).fork();
      writer.tag(1, VARINT).int32(image.height).tag(2, VARINT).int32(image.width);
      writer.tag(3, VARINT).int32(image.channels).tag(4, LEN).bytes(image.png).join().join();
    }
  return record(writer.join());
}

/** Protocol buffers' wire types. */
const [VARINT, I64, LEN, I32] = [0, 1, 2, 5];

/** TFRecord framing: length (u64), its masked CRC-32C, the data, their masked CRC-32C; little-endian. */
function record(writer: BinaryWriter): Uint8Array<ArrayBuffer> {
  const data = writer.finish();
  const out = new Uint8Array(data.length + 16);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, masked(crc32c(out.subarray(0, 8))), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return out;
}

const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

/** CRC-32C (Castagnoli), bit-reflected, with a byte table. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});
