import { UserError } from "../errors.ts";
import { type Dataset, dataset, type ImageShape, type Split, split } from "./dataset.ts";
import type { NamedBytes } from "./idx.ts";
import { CIFAR10 } from "./names.ts";

const SHAPE: ImageShape = [3, 32, 32];
const PIXELS = 3 * 32 * 32;
/** A record: the label, then the red, green and blue planes, each row by row. */
const RECORD = 1 + PIXELS;

/** The files of CIFAR-10's binary version (Krizhevsky 2009). */
export const CIFAR10_FILES = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: "test_batch.bin",
} as const;

/**
 * Read batches of the binary version, one after the other.
 * @throws UserError naming the file that does not hold whole records, or a label that is none of the ten.
 */
export function cifarSplit(files: readonly NamedBytes[]): Split {
  for (const { file, bytes } of files) {
    if (bytes.length === 0 || bytes.length % RECORD !== 0)
      throw new UserError(
        `${file}: ${bytes.length} bytes are no whole number of CIFAR-10 records of ${RECORD} bytes. ` +
          'Take the "binary version" of CIFAR-10, unpacked, and not the one for Python or Matlab.',
      );
  }
  const length = files.reduce((n, { bytes }) => n + bytes.length / RECORD, 0);
  const [images, labels] = [new Uint8Array(length * PIXELS), new Int32Array(length)];
  let i = 0;
  for (const { file, bytes } of files)
    for (let at = 0; at < bytes.length; at += RECORD, i++) {
      labels[i] = bytes[at]!;
      if (labels[i]! >= CIFAR10.length)
        throw new UserError(
          `${file}: record ${at / RECORD} has the label ${labels[i]}; CIFAR-10 has labels 0 to 9.`,
        );
      images.set(bytes.subarray(at + 1, at + RECORD), i * PIXELS);
    }
  return split(SHAPE, images, labels);
}

export const cifarDataset = (name: string, train: readonly NamedBytes[], test: NamedBytes): Dataset =>
  dataset(name, CIFAR10, cifarSplit(train), cifarSplit([test]));
