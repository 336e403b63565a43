import { UserError } from "../errors.ts";
import { ByteReader, joined, type NamedBytes } from "./bytes.ts";
import { type Dataset, dataset, type ImageShape, type Split, split } from "./dataset.ts";
import type { Limit } from "./idx.ts";
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
 * CIFAR-10 from the files of its binary version, each found by its name; with a limit, only as much of them is read
 * as its images take.
 * @throws UserError naming the file that does not hold whole records, or a label outside 0 to 9.
 */
export async function cifarDataset(
  name: string,
  find: (file: string) => Promise<NamedBytes>,
  limit: Limit = {},
): Promise<Dataset> {
  const train = await cifarSplit(CIFAR10_FILES.train, find, limit.train);
  return dataset(name, CIFAR10, train, await cifarSplit([CIFAR10_FILES.test], find, limit.test));
}

async function cifarSplit(
  files: readonly string[],
  find: (file: string) => Promise<NamedBytes>,
  limit = Number.POSITIVE_INFINITY,
): Promise<Split> {
  const parts: Split[] = [];
  let length = 0;
  for (const file of files) {
    if (length >= limit) break;
    const part = await records(await find(file), limit - length);
    parts.push(part);
    length += part.length;
  }
  if (length < limit && limit !== Number.POSITIVE_INFINITY)
    throw new UserError(`CIFAR-10 holds ${length} images here, and the first ${limit} were asked for.`);
  const labels = new Int32Array(length);
  let at = 0;
  for (const part of parts) {
    labels.set(part.labels!, at);
    at += part.length;
  }
  return split(SHAPE, joined(parts.map(({ images }) => images)), labels);
}

/** The first records of a file, at most `most`. */
async function records(source: NamedBytes, most: number): Promise<Split> {
  const reader = await ByteReader.open(source);
  const bytes = await reader.take(most * RECORD);
  await reader.cancel();
  const { file } = reader;
  if (bytes.length === 0 || bytes.length % RECORD !== 0)
    throw new UserError(
      `${file}: ${bytes.length} bytes are not a whole number of CIFAR-10 records of ${RECORD} bytes. ` +
        'Take the "binary version" of CIFAR-10, unpacked, and not the one for Python or Matlab.',
    );
  const length = bytes.length / RECORD;
  const [images, labels] = [new Uint8Array(length * PIXELS), new Int32Array(length)];
  for (let i = 0; i < length; i++) {
    const at = i * RECORD;
    labels[i] = bytes[at]!;
    if (labels[i]! >= CIFAR10.length)
      throw new UserError(`${file}: record ${i} has the label ${labels[i]}; CIFAR-10 has labels 0 to 9.`);
    images.set(bytes.subarray(at + 1, at + RECORD), i * PIXELS);
  }
  return split(SHAPE, images, labels);
}
