import { UserError } from "../errors.ts";
import { ByteReader, type NamedBytes } from "./bytes.ts";
import { type Dataset, dataset, holdOut, type ImageShape, type Split, split } from "./dataset.ts";

export interface IdxArray {
  /** From the file's header. */
  readonly shape: readonly number[];
  /** All items, or as many as were asked for. */
  readonly data: Uint8Array;
}

/**
 * Read an IDX file (LeCun's format for MNIST: 00 00, type, rank, big-endian sizes, data), gzipped or not; with
 * `limit`, only its first items, and only as much of the file as they take.
 * @throws UserError naming the file that is not an IDX file of bytes, damaged, cut short, or too long.
 */
export async function readIdx(source: NamedBytes, limit?: number): Promise<IdxArray> {
  const reader = await ByteReader.open(source);
  try {
    return await readFrom(reader, limit);
  } finally {
    await reader.cancel();
  }
}

async function readFrom(reader: ByteReader, limit: number | undefined): Promise<IdxArray> {
  const { file } = reader;
  const start = await reader.take(4);
  const hex = [...start].map((b) => b.toString(16).padStart(2, "0")).join(" ");
  if (start.length < 4 || start[0] !== 0 || start[1] !== 0)
    throw new UserError(
      `${file}: this is not an IDX file. It begins with ${hex || "nothing"}; an IDX file of bytes begins with 00 00 08.`,
    );
  if (start[2] !== 8)
    throw new UserError(
      `${file}: its elements are of IDX type 0x${hex.slice(6, 8)}; only bytes (0x08) are images or labels.`,
    );
  const rank = start[3]!;
  const sizes = await reader.take(4 * rank);
  if (rank === 0 || sizes.length < 4 * rank)
    throw new UserError(`${file}: this IDX file ends within its header of ${rank} sizes. Fetch it again.`);
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 * i));
  const [items, ...rest] = shape as [number, ...number[]];
  const each = rest.reduce((n, d) => n * d, 1);
  if (limit !== undefined && limit > items)
    throw new UserError(`${file} holds ${items} items, and the first ${limit} were asked for.`);
  const wanted = (limit ?? items) * each;
  const data = await reader.take(wanted);
  const found = data.length < wanted || limit === undefined ? data.length + (await reader.finish()) : wanted;
  if (found !== wanted)
    throw new UserError(
      `${file}: the header promises ${shape.join(" × ")} = ${items * each} bytes, and ${found} follow it. ` +
        (found < wanted
          ? "The file was cut short: fetch it again."
          : "This is not the file that its header says."),
    );
  return { shape, data };
}

/** A pair of IDX files: images [N, H, W] (or [N, C, H, W] with C = 1 or 3) and, if given, labels [N]. */
export async function idxSplit(images: NamedBytes, labels?: NamedBytes, limit?: number): Promise<Split> {
  const pixels = await readIdx(images, limit);
  const shape = imageShapeOf(pixels.shape, images.file);
  if (!labels) return split(shape, pixels.data);
  const classes = await readIdx(labels, limit);
  if (classes.shape.length !== 1)
    throw new UserError(
      `${labels.file}: labels are expected here, and this file holds ${classes.shape.join(" × ")} values, as images do. ` +
        "Are the two files in the wrong order?",
    );
  if (classes.shape[0] !== pixels.shape[0])
    throw new UserError(
      `${images.file} holds ${pixels.shape[0]} images, and ${labels.file} ${classes.shape[0]} labels: they do not belong together.`,
    );
  return split(shape, pixels.data, Int32Array.from(classes.data));
}

function imageShapeOf(shape: readonly number[], file: string): ImageShape {
  if (shape.length === 1)
    throw new UserError(
      `${file}: images are expected here, and this file holds ${shape[0]} labels. Are the two files in the wrong order?`,
    );
  const [c, h, w] =
    shape.length === 3 ? [1, shape[1]!, shape[2]!] : [shape[1]!, shape[2] ?? 0, shape[3] ?? 0];
  if (shape.length > 4 || (c !== 1 && c !== 3) || h === 0 || w === 0)
    throw new UserError(
      `${file}: ${shape.join(" × ")} values are not images; expected count × height × width, or count × 3 × height × width.`,
    );
  return [c, h, w];
}

/** The four files of MNIST, Fashion-MNIST and the like. */
export const IDX_FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

/** How many images of each part to read, from the first; all when left out. */
export interface Limit {
  readonly train?: number | undefined;
  readonly test?: number | undefined;
}

/** A dataset of the four files, each found by its name. */
export async function idxDataset(
  name: string,
  classes: readonly string[],
  find: (file: string) => Promise<NamedBytes>,
  limit: Limit = {},
): Promise<Dataset> {
  const { trainImages, trainLabels, testImages, testLabels } = IDX_FILES;
  // All four at once; where several are missing, the first in this order is the one that is named.
  const found = await Promise.allSettled([trainImages, trainLabels, testImages, testLabels].map(find));
  const file = (i: number): NamedBytes => {
    const one = found[i]!;
    if (one.status === "rejected") throw one.reason;
    return one.value;
  };
  const train = await idxSplit(file(0), file(1), limit.train);
  const test = await idxSplit(file(2), file(3), limit.test);
  return dataset(name, classes, train, test);
}

/**
 * A data set in one pair of files, `IMAGES` or `IMAGES,LABELS`: every tenth image is for testing, and the classes are
 * the numbers up to the highest label.
 */
export async function idxPair(
  name: string,
  files: string,
  find: (file: string) => Promise<NamedBytes>,
): Promise<Dataset> {
  const [images, labels, ...more] = files.split(",");
  if (!images || labels === "" || more.length > 0)
    throw new UserError(
      `"${name}" is not understood; write idx:IMAGES or idx:IMAGES,LABELS, two paths and one comma.`,
    );
  const all = await idxSplit(await find(images), labels === undefined ? undefined : await find(labels));
  const { train, test } = holdOut(all);
  const highest = all.labels?.reduce((a, b) => Math.max(a, b), -1) ?? -1;
  const classes = Array.from({ length: highest + 1 }, (_, i) => String(i));
  return dataset(name, classes, train, test);
}
